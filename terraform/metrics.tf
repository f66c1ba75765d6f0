# What the functions' own log lines tell: crates/ec2-ops-aws/src/entry.rs writes them. AWS's metric of function errors
# tells nothing, because here an error is also how a function says "not yet" (InstanceNotReady, CleanupPending).

locals {
  alarmed  = length(var.monitoring.alarm_emails) + length(var.monitoring.alarm_topic_arns) > 0
  measured = local.alarmed || var.monitoring.dashboard

  metrics_namespace = "ec2-ops/${var.prefix}"

  metric_filters = merge(
    {
      # The last attempt's end: an execution without a success, whether it ends as FAILED or not.
      FailedOutcomes = {
        function = "EC2Stopper"
        pattern  = "{ ($.next = \"fail\") || ($.next = \"succeed\" && $.status != \"Succeeded\") }"
        value    = "1"
      }
      # One value a sweep: what it found.
      Swept = {
        function = "EC2Stopper"
        pattern  = "{ $.found >= 0 }"
        value    = "$.found"
      }
    },
    # What cannot be the document's fault: a call that AWS refused, a bug, a crash, a timeout.
    { for name in local.functions : "FunctionFailures-${name}" => {
      function = name
      pattern  = "{ $.error = \"Refused\" || $.error = \"InternalError\" }"
      value    = "1"
    } },
    { for name in local.functions : "FunctionFailures-${name}-crash" => {
      function = name
      pattern  = "?\"Runtime.ExitError\" ?\"Task timed out\" ?\"Status: timeout\""
      value    = "1"
    } },
  )
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.measured ? local.metric_filters : {}

  name           = "${var.prefix}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.function[each.value.function].name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.metrics_namespace
    name      = split("-", each.key)[0]
    value     = each.value.value
    unit      = "Count"
  }
}
