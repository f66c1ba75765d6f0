# Documents that run on a schedule.

locals {
  # The arguments of StartExecution. Scheduler replaces the keyword in angle brackets by its id of the start. jsonencode would
  # escape the brackets, so the name is written by hand.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
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

resource "aws_scheduler_schedule" "document" {
  #checkov:skip=CKV_AWS_297:AWS's own key encrypts it; kms_key_arn sets another key
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
    # The universal target calls StartExecution and lets us name the execution; the state machine target does not. When
    # Scheduler repeats a call whose answer was lost, the same name finds the same execution, if the id stays the same.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:sfn:startExecution"
    role_arn = aws_iam_role.this["Scheduler"].arn

    input = local.starts[each.key]

    # A day, Scheduler's own default: a late run is better than none.
    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 185
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}
