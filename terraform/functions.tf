# The five Lambda functions. Each apply with changed code or settings publishes a version. The state machine invokes versions,
# so a running execution keeps the code with which it started. Events and schedules invoke the alias, which names the newest
# version.

locals {
  # crates/ec2-ops-aws/src/settings.rs reads these.
  settings = {
    EC2_OPS_DEPLOYMENT         = var.prefix
    EC2_OPS_WAKE_TABLE         = local.wake_table
    EC2_OPS_LOG_BUCKET         = local.log_bucket_name == null ? "" : local.log_bucket_name
    EC2_OPS_LOG_GROUP          = local.log_group_name == null ? "" : local.log_group_name
    EC2_OPS_ADDITIONAL_REGIONS = join(",", keys(var.additional_regions))
    EC2_OPS_FAIL_EXECUTION     = tostring(var.executions.fail_execution)
    EC2_OPS_BACKOFF_S          = tostring(var.executions.backoff_s)
    EC2_OPS_TOPICS             = join(",", [for arn in local.topic_arns : split(":", arn)[5]])
    EC2_OPS_INSTANCE_DEFAULTS  = jsonencode(local.instance_defaults)
    EC2_OPS_ALLOWED = jsonencode({
      InstanceTypes    = local.allowed_types
      SubnetIds        = var.allowed.subnet_ids == null ? null : concat(local.own_subnets, var.allowed.subnet_ids)
      SecurityGroupIds = var.allowed.security_group_ids == null ? null : concat(local.own_security_groups, var.allowed.security_group_ids)
      SnapshotIds      = var.allowed.snapshot_ids
    })
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:They call AWS's public endpoints only; in a VPC they would need NAT gateways, which cost money while idle
  #checkov:skip=CKV_AWS_116:The state machine retries a failed call; after a lost event, the next poll or the sweeper does the work
  #checkov:skip=CKV_AWS_115:Reserved concurrency is also a limit, which could delay the end of instances, and it takes concurrency from the account
  #checkov:skip=CKV_AWS_272:Code signing needs a signing profile of the account; source_code_hash pins the zips
  #checkov:skip=CKV_AWS_173:The settings are not secret; AWS encrypts them, with your own key if kms_key_arn is set
  for_each = local.functions

  function_name    = local.function_names[each.key]
  description      = "${each.key} of the deployment ${var.prefix} of ec2-ops"
  role             = aws_iam_role.this[each.key].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.functions.architecture]
  memory_size      = var.functions.memory_mb
  timeout          = 60
  filename         = local.in_bucket ? null : "${local.directory}/${local.zips[each.key]}"
  s3_bucket        = var.functions.bucket
  s3_key           = local.in_bucket ? "${var.functions.prefix}${local.zips[each.key]}" : null
  source_code_hash = try(local.packages[each.key].code_sha256, null)
  publish          = true
  kms_key_arn      = var.kms_key_arn
  tags             = var.tags

  environment {
    variables = local.settings
  }

  tracing_config {
    mode = "Active"
  }

  # A log group that Lambda creates by itself has no retention. An invocation before the role has its policy fails.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.this, aws_iam_role_policy.key]
}

resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = "live"
  description      = "The version that events and schedules invoke"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version
}

# If an event arrives before its effect is visible, EC2Poller and EC2Stopper raise an error. Lambda then retries after one
# minute, and again after two more minutes: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
resource "aws_lambda_function_event_invoke_config" "live" {
  for_each = toset(keys(local.event_patterns))

  function_name                = aws_lambda_function.this[each.key].function_name
  qualifier                    = aws_lambda_alias.live[each.key].name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}
