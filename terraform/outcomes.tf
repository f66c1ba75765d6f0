# A message for people about the end of every execution, to topics of SNS. A state machine of its own writes and sends it: a rule
# of EventBridge could only send the whole event, with the document.

locals {
  outcome_topic = toset(var.outcomes.topic ? ["outcomes"] : [])
  messages      = toset([for arn in local.outcome_messages : "outcomes"])
}

resource "aws_sns_topic" "outcomes" {
  for_each = local.outcome_topic

  name              = local.outcomes
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "outcomes" {
  for_each = toset(var.outcomes.emails)

  topic_arn = aws_sns_topic.outcomes["outcomes"].arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_sfn_state_machine" "outcomes" {
  #checkov:skip=CKV_AWS_285:Its input contains the documents, which may hold secrets; the history keeps it for 90 days
  #checkov:skip=CKV_AWS_284:It makes one call; the history shows how it went
  for_each = local.messages

  name     = local.outcomes
  role_arn = aws_iam_role.this["Outcomes"].arn
  tags     = var.tags
  definition = replace(templatefile("${path.module}/state_machine/outcome_message.asl.json", {
    deployment    = var.prefix
    partition     = local.partition
    region        = local.region
    log_groups    = join(", ", concat([for group in [local.log_group_name] : group if group != null], [local.function_log_groups["EC2Stopper"]]))
    own_topic_arn = local.outcome_topic_arn == null ? "" : local.outcome_topic_arn
    topic_arns    = join(",", local.topic_arns)
  }), "console.aws.amazon.com", local.console)

  dynamic "encryption_configuration" {
    for_each = var.kms_key_arn[*]

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = 300
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]

  lifecycle {
    precondition {
      condition     = alltrue([for arn in local.topic_arns : split(":", arn)[3] == local.region])
      error_message = "outcomes.topic_arns: expected topics of ${local.region}, where the messages are sent."
    }
  }
}

resource "aws_cloudwatch_event_rule" "outcomes" {
  for_each = local.messages

  name        = local.outcomes
  description = "The end of every execution: to the state machine ${local.outcomes}"
  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [local.state_machine_arn]
      status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    }
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "outcomes" {
  for_each = local.messages

  rule      = aws_cloudwatch_event_rule.outcomes[each.key].name
  target_id = "message"
  arn       = aws_sfn_state_machine.outcomes[each.key].arn
  role_arn  = aws_iam_role.this["Events"].arn
}
