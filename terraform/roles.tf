# One role for each function, and for each service that acts for the deployment. What they may do: policies.tf.

locals {
  roles = setsubtract(
    concat(tolist(local.functions), ["StateMachine", "Instance", "Scheduler", "Events"]),
    length(var.additional_regions) == 0 ? ["Events"] : [],
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

# The functions' settings, the table, the bucket and the schedules are encrypted with a key of the user's own, where there is
# one. Its own policy has the last word.
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
