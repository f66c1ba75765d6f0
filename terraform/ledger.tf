# Questions to the ledger in SQL: a table over the objects that EC2Stopper writes below runs/ in the log bucket, and a workgroup of
# Athena with queries. The partitions follow from their dates, so nothing has to be run to add one, and nothing here costs money
# while no query runs. docs/ledger.md explains the columns.

locals {
  # Athena's names have underscores and no hyphens: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
  ledger_database = replace(var.prefix, "-", "_")

  # As in docs/ledger.md; a test compares them.
  ledger_columns = jsondecode(file("${path.module}/ledger/columns.json"))

  # Dollars for an hour of the size `large`, by family and region: the table of `ec2-ops cost`.
  ledger_prices = flatten([for row in csvdecode(file("${path.module}/ledger/prices.csv")) : [
    for region, price in row : "('${row.family}', '${region}', ${price})" if region != "family" && price != ""
  ]])

  ledger_queries = var.logs.command_bucket ? {
    for file in fileset("${path.module}/ledger", "*.sql") : trimsuffix(file, ".sql") => templatefile(
      "${path.module}/ledger/${file}",
      { prices = join(",\n    ", local.ledger_prices) },
    )
  } : {}
}

resource "aws_glue_catalog_database" "ledger" {
  count = var.logs.command_bucket ? 1 : 0

  name        = local.ledger_database
  description = "The ledger of the deployment ${var.prefix} of ec2-ops"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "runs" {
  count = var.logs.command_bucket ? 1 : 0

  name          = "runs"
  description   = "A row for each attempt"
  database_name = aws_glue_catalog_database.ledger[0].name
  table_type    = "EXTERNAL_TABLE"

  # https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
  parameters = {
    "EXTERNAL"                  = "TRUE"
    "projection.enabled"        = "true"
    "projection.date.type"      = "date"
    "projection.date.format"    = "yyyy-MM-dd"
    "projection.date.range"     = "2026-01-01,NOW"
    "storage.location.template" = "s3://${aws_s3_bucket.logs[0].bucket}/runs/date=$${date}/"
  }

  partition_keys {
    name = "date"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.logs[0].bucket}/runs/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }

    dynamic "columns" {
      for_each = local.ledger_columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

resource "aws_athena_workgroup" "ledger" {
  count = var.logs.command_bucket ? 1 : 0

  name          = var.prefix
  description   = "Questions to the ledger of the deployment ${var.prefix} of ec2-ops"
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = false
    # 10 GB: a query costs at most 5 cents. https://aws.amazon.com/athena/pricing/
    bytes_scanned_cutoff_per_query = 10737418240

    result_configuration {
      output_location = "s3://${aws_s3_bucket.logs[0].bucket}/queries/"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "ledger" {
  for_each = local.ledger_queries

  name        = each.key
  description = trimprefix(split("\n", each.value)[0], "-- ")
  database    = aws_glue_catalog_database.ledger[0].name
  workgroup   = aws_athena_workgroup.ledger[0].id
  query       = each.value
}
