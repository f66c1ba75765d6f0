# For each instance whose commands run: the task token of the execution that waits for them.
# crates/ec2-ops-aws/src/dynamodb.rs reads and writes it.

resource "aws_dynamodb_table" "wake" {
  #checkov:skip=CKV_AWS_28:An entry exists only while commands run; a recovery would bring back stale task tokens
  #checkov:skip=CKV_AWS_119:AWS's own key encrypts it at no cost; kms_key_arn sets another key
  #checkov:skip=CKV2_AWS_16:The table is on demand, so there is no capacity to scale
  name         = local.wake_table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "instance_id"
  tags         = var.tags

  attribute {
    name = "instance_id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn[*]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}
