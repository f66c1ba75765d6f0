# A topic with a message for the end of every execution. The message has the document and the outcome.

locals {
  outcome_topic = toset(var.outcomes.topic ? ["outcomes"] : [])
}

resource "aws_sns_topic" "outcomes" {
  #checkov:skip=CKV_AWS_26:EventBridge cannot publish to a topic that AWS's own SNS key encrypts; kms_key_arn sets a key that it can use
  for_each = local.outcome_topic

  name              = "${var.prefix}-outcomes"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_event_rule" "outcomes" {
  for_each = local.outcome_topic

  name        = "${var.prefix}-outcomes"
  description = "The end of every execution: to the topic ${var.prefix}-outcomes"
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
  for_each = local.outcome_topic

  rule       = aws_cloudwatch_event_rule.outcomes[each.key].name
  target_id  = "topic"
  arn        = aws_sns_topic.outcomes[each.key].arn
  input_path = "$.detail"
}

resource "aws_sns_topic_policy" "outcomes" {
  for_each = local.outcome_topic

  arn = aws_sns_topic.outcomes[each.key].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Rule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.outcomes[each.key].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.outcomes[each.key].arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "outcomes" {
  for_each = toset(var.outcomes.emails)

  topic_arn = aws_sns_topic.outcomes["outcomes"].arn
  protocol  = "email"
  endpoint  = each.key
}
