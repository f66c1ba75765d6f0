# An additional region of a deployment: rules that forward its events to the home region, a security group, and a log group.

locals {
  # Only EC2Poller's events: executions run in the home region, so the events of their abnormal ends occur there.
  wake_ups = jsondecode(templatefile("${path.module}/../../state_machine/event_patterns.json", {
    state_machine_arn = ""
  })).EC2Poller
}

resource "aws_cloudwatch_event_rule" "this" {
  count = length(local.wake_ups)

  name          = "${var.prefix}-EC2Poller-${count.index + 1}"
  description   = "${join(", ", local.wake_ups[count.index].detail-type)}: to the home region"
  event_pattern = jsonencode(local.wake_ups[count.index])
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  count = length(local.wake_ups)

  rule      = aws_cloudwatch_event_rule.this[count.index].name
  target_id = "home"
  arn       = var.home.event_bus_arn
  role_arn  = var.home.events_role_arn
}

resource "aws_cloudwatch_log_group" "commands" {
  #checkov:skip=CKV_AWS_158:AWS's own key encrypts it; kms_key_arn sets another key
  #checkov:skip=CKV_AWS_338:The user decides how long logs are kept: logs.retention_days
  count = var.home.command_log_group == null ? 0 : 1

  name              = var.home.command_log_group
  retention_in_days = var.home.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

module "network" {
  source = "../network"

  prefix  = var.prefix
  network = var.network
  tags    = var.tags
}
