# Log groups and the log bucket: for the functions, the state machine and the commands. The bucket also has the ledger.

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:AWS's own key encrypts it; kms_key_arn sets another key
  #checkov:skip=CKV_AWS_338:The user decides how long logs are kept: logs.retention_days
  for_each = local.functions

  name              = local.function_log_groups[each.key]
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_group" "state_machine" {
  #checkov:skip=CKV_AWS_158:AWS's own key encrypts it; kms_key_arn sets another key
  #checkov:skip=CKV_AWS_338:The user decides how long logs are kept: logs.retention_days
  # Log groups with this prefix do not use up the quota of resource policies:
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  name              = "/aws/vendedlogs/states/${var.prefix}"
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_group" "commands" {
  #checkov:skip=CKV_AWS_158:AWS's own key encrypts it; kms_key_arn sets another key
  #checkov:skip=CKV_AWS_338:The user decides how long logs are kept: logs.retention_days
  count = var.logs.command_log_group ? 1 : 0

  name              = local.log_group_name
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:Whether to log accesses is a decision for the whole account, with CloudTrail
  #checkov:skip=CKV_AWS_144:Logs expire, so they are not copied to a second region
  #checkov:skip=CKV_AWS_145:AWS's own key encrypts it at no cost; kms_key_arn sets another key
  #checkov:skip=CKV2_AWS_62:Nothing reacts to a new log
  count = var.logs.command_bucket ? 1 : 0

  bucket        = local.log_bucket_name
  force_destroy = var.logs.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

# An instance may write to the keys of others, whose logs stay readable as earlier versions.
resource "aws_s3_bucket_versioning" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  # The ledger, below runs/, is kept: a line is about a kilobyte.
  dynamic "rule" {
    for_each = { commands = var.logs.retention_days, fleets = var.logs.retention_days, queries = 7 }

    content {
      id     = "expire-${rule.key}"
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      expiration {
        days = rule.value
      }
    }
  }

  # An object that was overwritten, or that has expired, is an earlier version. An upload that was broken off is neither.
  rule {
    id     = "expire-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = min(var.logs.retention_days, 30)
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # What is left of an expired object once its versions are gone. S3 takes no days beside this.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
  rule {
    id     = "expire-markers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  # Rules about versions need them.
  depends_on = [aws_s3_bucket_versioning.logs]
}

resource "aws_s3_bucket_policy" "logs" {
  count = var.logs.command_bucket ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.logs[0].arn, "${aws_s3_bucket.logs[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses two changes to one bucket at the same time.
  depends_on = [aws_s3_bucket_public_access_block.logs]
}
