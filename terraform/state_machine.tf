resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:Execution data contains the documents, which may hold secrets; the history keeps it for 90 days
  name       = var.prefix
  role_arn   = aws_iam_role.this["StateMachine"].arn
  definition = replace(templatefile("${path.module}/state_machine/run_commands.asl.json", local.function_versions), "arn:aws:states:::", local.integrations)
  tags       = var.tags

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
    include_execution_data = false
    level                  = "ERROR"
  }

  tracing_configuration {
    enabled = true
  }

  # Definition, inputs, outputs and history.
  dynamic "encryption_configuration" {
    for_each = var.kms_key_arn[*]

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = 300
    }
  }

  # Step Functions checks the permissions for the log when it creates the state machine.
  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy.key]
}

locals {
  function_versions = { for name, function in aws_lambda_function.this : name => function.qualified_arn }
}
