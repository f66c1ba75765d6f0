# The state machine of fleets: one document, a row for each execution. docs/fleets.md says how to start one.

locals {
  fleet_definition = replace(templatefile("${path.module}/state_machine/fleet.asl.json", {
    RunChecker   = local.function_versions["RunChecker"]
    run_commands = local.state_machine_arn
    # Without a log bucket, the input of a fleet has to say where its results belong.
    log_bucket = local.log_bucket_name == null ? "" : local.log_bucket_name
  }), "arn:aws:states:::", local.integrations)
}

resource "aws_sfn_state_machine" "fleet" {
  #checkov:skip=CKV_AWS_285:Execution data contains the documents, which may hold secrets; the history keeps it for 90 days
  name       = "${var.prefix}-fleet"
  role_arn   = aws_iam_role.this["Fleet"].arn
  definition = local.fleet_definition
  tags       = var.tags

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
    include_execution_data = false
    level                  = "ERROR"
  }

  tracing_configuration {
    enabled = true
  }

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
