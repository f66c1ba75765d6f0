# Metrics from the functions' log lines, which crates/ec2-ops-aws/src/entry.rs writes. Lambda's own metric of errors is of no
# use here, because functions also raise an error to be retried later (InstanceNotReady, CleanupPending).

locals {
  alarmed  = length(var.monitoring.alarm_emails) + length(var.monitoring.alarm_topic_arns) > 0
  measured = local.alarmed || var.monitoring.dashboard

  metrics_namespace = "ec2-ops/${var.prefix}"

  metric_filters = merge(
    {
      # Counts executions whose last attempt did not succeed, whether the execution ends as FAILED or not.
      FailedOutcomes = {
        function = "EC2Stopper"
        pattern  = "{ ($.next = \"fail\") || ($.next = \"succeed\" && $.status != \"Succeeded\") }"
        value    = "1"
      }
      # Each sweep logs one value: the number of executions that had left something.
      Swept = {
        function = "EC2Stopper"
        pattern  = "{ $.found >= 0 }"
        value    = "$.found"
      }
    },
    # Failures that no document causes: a call that AWS refused, a bug, a crash, a timeout.
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
