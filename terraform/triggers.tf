# Documents that new objects start.
#
# A rule can start an execution, but it cannot name it, and EventBridge delivers an event at least once. So the rule starts a
# state machine of one state, which starts the execution under a name that follows from the event.

locals {
  # The key of the object is data: state_machine/trigger.asl.json selects it from the event. The variables replace those of the
  # same name that the document may have.
  triggered_documents = { for name, trigger in var.triggers : name => merge(jsondecode(trigger.document), {
    variables = merge(
      { for variable, value in try(jsondecode(trigger.document).variables, {}) : variable => value if !contains(["INPUT_BUCKET", "INPUT_KEY"], variable) },
      { "INPUT_BUCKET.$" = "$.detail.bucket.name", "INPUT_KEY.$" = "$.detail.object.key" },
    )
  }) }

  # Where each document promises its output, with what an event brings filled in.
  trigger_outputs = { for name, trigger in var.triggers : name => [
    for place in [
      try("${jsondecode(trigger.document).bucket}/${jsondecode(trigger.document).obj_key}", ""),
      try("${jsondecode(trigger.document).run_options.ii_check_s3.bucket}/${jsondecode(trigger.document).run_options.ii_check_s3.key}", ""),
      try("${jsondecode(trigger.document).run_options.ii_check_s3.bucket}/${jsondecode(trigger.document).run_options.ii_check_s3.prefix}", ""),
    ] : replace(replace(place, "/\\$\\{?INPUT_BUCKET\\}?/", trigger.bucket), "/\\$\\{?INPUT_KEY\\}?/", "${trigger.prefix}key")
  ] }

  trigger_names = { for name, trigger in var.triggers : name => "${var.prefix}-trigger-${name}" }

  # The document comes last, because its text is not ours. It is not a string, so the quotes are replaced too.
  trigger_definitions = { for name, document in local.triggered_documents : name => replace(
    replace(templatefile("${path.module}/state_machine/trigger.asl.json", {
      trigger           = name
      state_machine_arn = local.state_machine_arn
      document          = "$${document}"
    }), "arn:aws:states:::", local.integrations),
    "\"$${document}\"",
    jsonencode(document),
  ) }
}

resource "aws_sfn_state_machine" "trigger" {
  #checkov:skip=CKV_AWS_284:It makes one call; the history shows how it went
  #checkov:skip=CKV_AWS_285:Execution data contains the document, which may hold secrets; the history keeps it for 90 days
  for_each = var.triggers

  name       = local.trigger_names[each.key]
  role_arn   = aws_iam_role.this["Trigger"].arn
  definition = local.trigger_definitions[each.key]
  tags       = var.tags

  # The definition has the document.
  dynamic "encryption_configuration" {
    for_each = var.kms_key_arn[*]

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = 300
    }
  }

  lifecycle {
    precondition {
      condition     = contains(concat(var.instances.input_buckets, var.instances.output_buckets), each.value.bucket)
      error_message = "triggers.${each.key}: add the bucket ${each.value.bucket} to instances.input_buckets, so that the commands can read the new object."
    }
    precondition {
      condition     = !anytrue([for place in local.trigger_outputs[each.key] : startswith(place, "${each.value.bucket}/${each.value.prefix}")])
      error_message = "triggers.${each.key}: the document's own output begins with the prefix, so each execution would start the next. Choose another prefix, or another key of the output."
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}

resource "aws_cloudwatch_event_rule" "trigger" {
  for_each = var.triggers

  name        = local.trigger_names[each.key]
  description = "New objects in s3://${each.value.bucket}/${each.value.prefix}: an execution of ${var.prefix}"
  state       = each.value.enabled ? "ENABLED" : "DISABLED"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = merge(
      { bucket = { name = [each.value.bucket] } },
      each.value.prefix == "" ? {} : { object = { key = [{ prefix = each.value.prefix }] } },
    )
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "trigger" {
  for_each = var.triggers

  rule      = aws_cloudwatch_event_rule.trigger[each.key].name
  target_id = "trigger"
  arn       = aws_sfn_state_machine.trigger[each.key].arn
  role_arn  = aws_iam_role.this["TriggerRule"].arn
}
