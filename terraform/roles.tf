# One role for each function, and one for each service that acts for the deployment. policies.tf says what they may do.

locals {
  roles = setsubtract(
    concat(tolist(local.functions), ["StateMachine", "Fleet", "Instance", "Scheduler", "Events", "Outcomes", "Trigger", "TriggerRule"]),
    concat(
      length(local.regions) == 1 && length(local.topic_arns) == 0 ? ["Events"] : [],
      length(local.topic_arns) == 0 ? ["Outcomes"] : [],
      length(var.triggers) == 0 ? ["Trigger", "TriggerRule"] : [],
    ),
  )
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.prefix}-${each.key}"
  description        = "${each.key} of the deployment ${var.prefix} of ec2-ops"
  assume_role_policy = jsonencode(local.trust[each.key])
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = jsonencode(local.policies[each.key])

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(jsonencode(local.policies[each.key])) <= 10240
      error_message = "The policy of ${each.key} is longer than IAM's 10,240 characters: name fewer regions, buckets, secrets or allowed resources."
    }
    precondition {
      # EC2 chooses one that no list of ids can name.
      condition     = var.allowed.subnet_ids == null || var.network != null
      error_message = "allowed.subnet_ids: expected network as well. Without it, documents that name no subnet run in the default VPC."
    }
  }
}

# If the user has set kms_key_arn, that key encrypts the functions' settings, the table, the bucket, the schedules and the
# executions. The key's own policy has to allow it too. Each role may use it only through the services that need it from this role,
# or for what is its own: with a copy of something else that the key encrypts, a role can do nothing.
resource "aws_iam_role_policy" "key" {
  for_each = toset(var.kms_key_arn == null ? [] : setintersection(local.roles, setunion(keys(local.key_services), keys(local.key_contexts))))

  name = "Key"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for services in [try(local.key_services[each.key], [])] : {
        Sid      = "ThroughServices"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [var.kms_key_arn]
        Condition = { StringEquals = {
          "kms:ViaService" = [for service in services : "${service}.${local.region}.${data.aws_partition.current.dns_suffix}"]
        } }
      } if length(services) > 0],
      [for context in try(local.key_contexts[each.key], []) : {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.kms_key_arn]
        Condition = { StringLike = context }
      }],
    )
  })
}

# EC2 encrypts volumes with the permissions of the role that launches. The role creates a grant, which only EC2 may use:
# https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
resource "aws_iam_role_policy" "volume_keys" {
  for_each = toset(length(var.instances.kms_key_arns) == 0 ? [] : ["EC2StarterFromAMI"])

  name = "VolumeKeys"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "EncryptVolumes"
        Effect = "Allow"
        Action = [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource  = var.instances.kms_key_arns
        Condition = { StringEquals = local.through_ec2 }
      },
      {
        Sid      = "LetEC2UseThem"
        Effect   = "Allow"
        Action   = ["kms:CreateGrant"]
        Resource = var.instances.kms_key_arns
        Condition = {
          StringEquals = local.through_ec2
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
        }
      },
    ]
  })
}

locals {
  # The services that use the key for each role:
  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
  key_services = {
    # The settings: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
    EC2StarterFromAMI = ["lambda"]
    Commander         = ["lambda"]
    # The tokens.
    EC2Poller = ["lambda", "dynamodb"]
    # The summaries of fleets, and what commands have printed: both are in the log bucket.
    RunChecker = ["lambda", "s3"]
    # The ledger, and the histories of executions that were cut off.
    EC2Stopper = ["lambda", "s3", "states"]
    Instance   = ["s3"]
    Fleet      = ["s3"]
    Outcomes   = ["sns"]
  }

  # Step Functions and Scheduler use the key as the role itself, for what these contexts name. kms:ViaService would prevent
  # executions from starting: https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html,
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
  key_contexts = {
    StateMachine = [local.of_executions, local.of_their_logs]
    Fleet        = [local.of_executions, local.of_their_logs]
    Outcomes     = [local.of_executions]
    Trigger      = [local.of_executions]
    Scheduler    = [{ "kms:EncryptionContext:aws:scheduler:schedule:arn" = ["arn:${local.partition}:scheduler:${local.of_account}:schedule/${var.prefix}/*"] }]
  }
  of_executions = { "kms:EncryptionContext:aws:states:stateMachineArn" = [local.state_machine_arn, "${local.state_machine_arn}-*"] }
  of_their_logs = { "kms:EncryptionContext:SourceArn" = ["arn:${local.partition}:logs:${local.of_account}:*"] }

  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
  through_ec2 = {
    "kms:ViaService" = [for region in local.regions : "ec2.${region}.${data.aws_partition.current.dns_suffix}"]
  }
}
