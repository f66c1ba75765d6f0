# Events that wake EC2Poller, and events of abnormal ends for EC2Stopper. state_machine/event_patterns.json says which event
# invokes which function.

locals {
  event_patterns = jsondecode(templatefile("${path.module}/state_machine/event_patterns.json", {
    state_machine_arn = local.state_machine_arn
  }))
  rules = merge([for function, patterns in local.event_patterns : {
    for index, pattern in patterns : "${function}-${index + 1}" => { function = function, pattern = pattern }
  }]...)
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.prefix}-${each.key}"
  description   = "${join(", ", each.value.pattern.detail-type)}: to ${each.value.function}"
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = each.value.function
  arn       = aws_lambda_alias.live[each.value.function].arn
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.value.function].function_name
  qualifier     = aws_lambda_alias.live[each.value.function].name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}
