# Who is to be told when an instance's commands have ended: crates/ec2-ops-aws/src/dynamodb.rs.

resource "aws_dynamodb_table" "wake" {
  #checkov:skip=CKV_AWS_28:An entry lives as long as one command runs; what a recovery brought back would be stale task tokens
  #checkov:skip=CKV_AWS_119:AWS's own key costs nothing and encrypts as well; kms_key_arn sets another
  #checkov:skip=CKV2_AWS_16:On demand there is no capacity to scale
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
