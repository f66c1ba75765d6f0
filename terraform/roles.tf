# One role for each function, and one for each service that acts for the deployment. policies.tf says what they may do.

locals {
  roles = setsubtract(
    concat(tolist(local.functions), ["StateMachine", "Instance", "Scheduler", "Events", "Outcomes"]),
    concat(
      length(local.regions) == 1 && length(local.topic_arns) == 0 ? ["Events"] : [],
      length(local.topic_arns) == 0 ? ["Outcomes"] : [],
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
}

# If the user has set kms_key_arn, that key encrypts the functions' settings, the table, the bucket and the schedules. The key's
# own policy has to allow it too.
resource "aws_iam_role_policy" "key" {
  for_each = var.kms_key_arn == null ? [] : setsubtract(local.roles, ["Events", "StateMachine"])

  name = "Key"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "UseKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [var.kms_key_arn]
    }]
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
  # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
  through_ec2 = {
    "kms:ViaService" = [for region in local.regions : "ec2.${region}.${data.aws_partition.current.dns_suffix}"]
  }
}
