# Alarms. They exist only if var.monitoring names a recipient.

locals {
  alarm_defaults = { statistic = "Sum", minutes = 5, dimensions = {}, below = null, missing = "notBreaching" }

  alarms = merge(
    {
      outcome-failed = {
        description = "An execution's outcome is not Succeeded"
        namespace   = local.metrics_namespace
        metric      = "FailedOutcomes"
      }
      execution-failed = {
        description = "An execution ended as FAILED"
        namespace   = "AWS/States"
        metric      = "ExecutionsFailed"
        dimensions  = { StateMachineArn = local.state_machine_arn }
      }
      execution-timed-out = {
        description = "An execution reached the state machine's own time limit"
        namespace   = "AWS/States"
        metric      = "ExecutionsTimedOut"
        dimensions  = { StateMachineArn = local.state_machine_arn }
      }
      sweeper-found = {
        description = "The sweeper ended something that an execution had left running: the cleanup of that execution failed"
        namespace   = local.metrics_namespace
        metric      = "Swept"
      }
      sweeper-silent = {
        description = "No sweep has finished for an hour"
        namespace   = local.metrics_namespace
        metric      = "Swept"
        statistic   = "SampleCount"
        minutes     = 60
        below       = 1
        missing     = "breaching"
      }
      function-failed = {
        description = "A function crashed or timed out, or AWS refused one of its calls, usually because of a missing permission"
        namespace   = local.metrics_namespace
        metric      = "FunctionFailures"
      }
      schedule-dropped = {
        description = "EventBridge Scheduler gave up the start of an execution or of a sweep"
        namespace   = "AWS/Scheduler"
        metric      = "InvocationDroppedCount"
        dimensions  = { ScheduleGroup = var.prefix }
      }
    },
    { for arn in local.outcome_messages : "message-failed" => {
      description = "A message about an outcome could not be sent"
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      dimensions  = { StateMachineArn = arn }
    } },
    { for name, full in local.function_names : "throttled-${name}" => {
      description = "Lambda throttled ${full}: the account's concurrency is used up"
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = full }
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarmed ? { for name, alarm in local.alarms : name => merge(local.alarm_defaults, alarm) } : {}

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.below == null ? 0 : each.value.below
  treat_missing_data  = each.value.missing
  alarm_actions       = concat(values(aws_sns_topic.alarms)[*].arn, var.monitoring.alarm_topic_arns)
  ok_actions          = concat(values(aws_sns_topic.alarms)[*].arn, var.monitoring.alarm_topic_arns)
  tags                = var.tags
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish to a topic that AWS's own SNS key encrypts; kms_key_arn sets a key that it can use
  for_each = toset(length(var.monitoring.alarm_emails) > 0 ? ["alarms"] : [])

  name              = "${var.prefix}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alarms" {
  for_each = aws_sns_topic.alarms

  arn = each.value.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = each.value.arn
      Condition = {
        ArnLike = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.of_account}:alarm:${var.prefix}-*" }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.monitoring.alarm_emails)

  topic_arn = aws_sns_topic.alarms["alarms"].arn
  protocol  = "email"
  endpoint  = each.key
}
