# Documents and fleets that run on a schedule.

locals {
  # A fleet whose schedule says what happens while an earlier start runs has a state machine between the two, which looks for
  # such a start.
  guarded_schedules = { for name, schedule in var.schedules : name => "${var.prefix}-schedule-${name}" if schedule.while_running != null }

  scheduled = { for name, schedule in var.schedules : name =>
    schedule.document != null ? {
      machine = aws_sfn_state_machine.this.arn
      input   = jsonencode(jsondecode(schedule.document))
      } : schedule.while_running == null ? {
      machine = aws_sfn_state_machine.fleet.arn
      input   = jsonencode(jsondecode(schedule.fleet))
      } : {
      machine = aws_sfn_state_machine.schedule[name].arn
      input   = jsonencode({ while_running = schedule.while_running, fleet = jsondecode(schedule.fleet) })
    }
  }

  # The arguments of StartExecution. Scheduler replaces the keyword in angle brackets by its id of the start. jsonencode would
  # escape the brackets, so the name is written by hand.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
  starts = { for name, schedule in local.scheduled : name => join(",", [
    "{\"Name\":\"${name}-<aws.scheduler.execution-id>\"",
    trimprefix(jsonencode({
      Input           = schedule.input
      StateMachineArn = schedule.machine
    }), "{"),
  ]) }
}

resource "aws_sfn_state_machine" "schedule" {
  #checkov:skip=CKV_AWS_284:It makes three calls; the history shows how they went
  #checkov:skip=CKV_AWS_285:Execution data contains the template, which may hold secrets; the history keeps it for 90 days
  for_each = local.guarded_schedules

  name     = each.value
  role_arn = aws_iam_role.this["Fleet"].arn
  definition = templatefile("${path.module}/state_machine/schedule.asl.json", {
    partition = local.partition
    fleet     = local.fleet_arn
  })
  tags = var.tags

  dynamic "encryption_configuration" {
    for_each = var.kms_key_arn[*]

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = 300
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
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
