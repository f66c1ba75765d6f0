mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
}

run "nothing_that_costs_money_while_idle_exists_by_default" {
  assert {
    condition = 0 == sum([
      length(aws_cloudwatch_metric_alarm.this), length(aws_cloudwatch_log_metric_filter.this),
      length(aws_cloudwatch_dashboard.this), length(aws_sns_topic.alarms), length(aws_sns_topic.outcomes),
    ])
    error_message = "there are alarms, metrics, topics or a dashboard by default"
  }
}

run "every_recipient_gets_every_alarm" {
  variables {
    monitoring = { alarm_emails = ["ops@example.com"], alarm_topic_arns = ["arn:aws:sns:us-east-1:111122223333:pager"] }
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([
      aws_sns_topic.alarms["alarms"].arn, "arn:aws:sns:us-east-1:111122223333:pager",
    ])])
    error_message = "an alarm does not reach a recipient"
  }
  assert {
    condition     = length(setsubtract(["outcome-failed", "execution-failed", "sweeper-found", "function-failed", "throttled-EC2Stopper"], keys(aws_cloudwatch_metric_alarm.this))) == 0
    error_message = "an alarm is missing"
  }
  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name if alarm.treat_missing_data == "breaching"]) == toset(["ec2-ops-sweeper-silent"])
    error_message = "missing data raises the wrong alarm, or does not raise sweeper-silent"
  }
}

run "a_retried_error_raises_no_alarm" {
  variables {
    monitoring = { dashboard = true }
  }

  assert {
    condition     = !anytrue([for alarm in local.alarms : alarm.namespace == "AWS/Lambda" && alarm.metric == "Errors"])
    error_message = "InstanceNotReady and CleanupPending would raise an alarm"
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.this : !strcontains(filter.pattern, "CleanupPending")])
    error_message = "CleanupPending is counted as a failure"
  }
  assert {
    condition = length(setsubtract(
      [for alarm in local.alarms : alarm.metric if alarm.namespace == local.metrics_namespace],
      [for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name],
    )) == 0
    error_message = "an alarm uses a metric that no filter writes"
  }
}
