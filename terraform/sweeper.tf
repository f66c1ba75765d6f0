# The sweeper: EC2Stopper, invoked by a schedule, ends instances of this deployment whose executions are over.

locals {
  # One file for Terraform, the sandbox and the tests that depend on the interval.
  sweep_minutes = tonumber(trimspace(file("${path.module}/state_machine/sweep_minutes")))
}

resource "aws_scheduler_schedule" "sweeper" {
  #checkov:skip=CKV_AWS_297:AWS's own key encrypts it; kms_key_arn sets another key
  name                = "${var.prefix}-sweeper"
  group_name          = aws_scheduler_schedule_group.this.name
  description         = "Invokes EC2Stopper, which ends instances whose executions are over"
  schedule_expression = "rate(${local.sweep_minutes} minutes)"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live["EC2Stopper"].arn
    role_arn = aws_iam_role.this["Scheduler"].arn
    # The fields of EventBridge's own scheduled events that the function reads.
    input = jsonencode({ detail-type = "Scheduled Event", account = local.account_id })

    # After a missed sweep, the next one does its work.
    retry_policy {
      maximum_event_age_in_seconds = local.sweep_minutes * 60
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}
