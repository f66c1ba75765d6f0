# Two deployments in one account never have a name in common.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix             = "night-runs"
  functions          = { directory = "./tests/packages" }
  outcomes           = { topic = true }
  monitoring         = { alarm_emails = ["ops@example.com"], dashboard = true }
  additional_regions = { us-west-2 = { security_group_ids = ["sg-west"], subnet_ids = ["subnet-west"] } }
}

run "every_name_begins_with_the_prefix" {
  command = plan

  assert {
    condition = alltrue([for name in concat(
      [for function in aws_lambda_function.this : function.function_name],
      [for role in aws_iam_role.this : role.name],
      [for rule in aws_cloudwatch_event_rule.this : rule.name],
      [for rule in aws_cloudwatch_event_rule.outcomes : rule.name],
      [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name],
      [for topic in aws_sns_topic.outcomes : topic.name],
      [for topic in aws_sns_topic.alarms : topic.name],
      [aws_cloudwatch_dashboard.this[0].dashboard_name],
      [for machine in aws_sfn_state_machine.outcomes : machine.name],
      [aws_sfn_state_machine.this.name, aws_dynamodb_table.wake.name, aws_s3_bucket.logs[0].bucket],
      [aws_scheduler_schedule_group.this.name, aws_iam_instance_profile.this.name],
    ) : startswith(name, "night-runs")])
    error_message = "a name does not begin with the prefix"
  }
  assert {
    condition = alltrue([for group in concat(
      [for group in aws_cloudwatch_log_group.function : group.name],
      [aws_cloudwatch_log_group.state_machine.name, aws_cloudwatch_log_group.commands[0].name],
    ) : strcontains(group, "/night-runs")])
    error_message = "a log group does not have the prefix in its name"
  }
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].namespace == "ec2-ops/night-runs"])
    error_message = "two deployments would share one metric"
  }
}

run "names_fit_what_aws_allows_at_the_longest_prefix" {
  command = plan

  variables {
    prefix = "a23456789-123456789-1234"
  }

  assert {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, with the longest region name
    condition     = length(replace(aws_s3_bucket.logs[0].bucket, "us-east-1", "ap-southeast-1")) <= 63
    error_message = "the bucket's name is too long"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : length(role.name) <= 64])
    error_message = "a role's name is too long"
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : length(rule.name) <= 64])
    error_message = "a rule's name is too long"
  }
}
