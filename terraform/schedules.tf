# The sweeper, and documents that run on a schedule.

locals {
  sweep_minutes = tonumber(trimspace(file("${path.module}/../state_machine/sweep_minutes")))

  # The arguments of StartExecution. Scheduler puts its id in place of the keyword, which jsonencode would escape: so the
  # name stands outside. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
  starts = { for name, schedule in var.schedules : name => join(",", [
    "{\"Name\":\"${name}-<aws.scheduler.execution-id>\"",
    trimprefix(jsonencode({
      Input           = jsonencode(jsondecode(schedule.document))
      StateMachineArn = aws_sfn_state_machine.this.arn
    }), "{"),
  ]) }
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.prefix
  tags = var.tags
}

resource "aws_scheduler_schedule" "sweeper" {
  #checkov:skip=CKV_AWS_297:AWS's own key encrypts as well; kms_key_arn sets another
  name                = "${var.prefix}-sweeper"
  group_name          = aws_scheduler_schedule_group.this.name
  description         = "EC2Stopper ends what executions left that are over"
  schedule_expression = "rate(${local.sweep_minutes} minutes)"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live["EC2Stopper"].arn
    role_arn = aws_iam_role.this["Scheduler"].arn
    input    = jsonencode({ detail-type = "Scheduled Event" })

    # A missed sweep is made up for by the next.
    retry_policy {
      maximum_event_age_in_seconds = local.sweep_minutes * 60
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}

resource "aws_scheduler_schedule" "document" {
  #checkov:skip=CKV_AWS_297:AWS's own key encrypts as well; kms_key_arn sets another
  for_each = var.schedules

  name                         = each.key
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "Starts an execution of ${var.prefix}"
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone
  state                        = each.value.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode                      = each.value.window_minutes == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.window_minutes == 0 ? null : each.value.window_minutes
  }

  target {
    # StartExecution by its own name, and not as a target of type state machine: that lets us name the execution. When
    # Scheduler repeats a call whose answer was lost, the same name finds the same execution, if the id stays the same.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:sfn:startExecution"
    role_arn = aws_iam_role.this["Scheduler"].arn

    input = local.starts[each.key]

    # A day, Scheduler's own default: a run that comes late is better than one that never comes.
    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 185
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}
