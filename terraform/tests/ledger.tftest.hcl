# The ledger: where its table looks, and what it costs.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix    = "my-runs"
  functions = { directory = "./tests/packages" }
}

run "the_table_looks_where_ec2stopper_writes" {
  assert {
    condition = (
      aws_glue_catalog_table.runs[0].parameters["storage.location.template"] ==
      "s3://${aws_s3_bucket.logs[0].bucket}/runs/date=$${date}/"
    )
    error_message = "crates/ec2-ops/src/ledger writes elsewhere"
  }
  assert {
    condition     = aws_glue_catalog_table.runs[0].parameters["projection.enabled"] == "true" && aws_glue_catalog_table.runs[0].partition_keys[0].name == "date"
    error_message = "a day would have to be added by hand"
  }
  assert {
    condition     = aws_glue_catalog_database.ledger[0].name == "my_runs"
    error_message = "Athena needs a name without hyphens"
  }
}

run "a_query_has_a_limit_and_its_results_expire" {
  assert {
    condition     = aws_athena_workgroup.ledger[0].configuration[0].bytes_scanned_cutoff_per_query > 0 && aws_athena_workgroup.ledger[0].configuration[0].enforce_workgroup_configuration
    error_message = "a query may scan everything"
  }
  assert {
    condition = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule :
      endswith(aws_athena_workgroup.ledger[0].configuration[0].result_configuration[0].output_location, "/${rule.filter[0].prefix}")
      if rule.id == "expire-queries"
    ])
    error_message = "results of queries are kept for ever"
  }
  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule :
      contains(["commands/", "fleets/", "queries/"], rule.filter[0].prefix) if try(rule.expiration[0].days > 0, false)
    ])
    error_message = "the ledger expires"
  }
}

run "the_questions_are_there_and_have_prices" {
  assert {
    condition = toset(keys(aws_athena_named_query.ledger)) == toset([
      "cost_by_project_and_week", "failures_by_reason", "outputs_missing_per_day", "slowest_boots", "spot_interruptions",
    ])
    error_message = "a named query is missing"
  }
  assert {
    condition     = strcontains(aws_athena_named_query.ledger["cost_by_project_and_week"].query, "('t4g', 'us-east-1', 0.0672)")
    error_message = "the query has no prices"
  }
  assert {
    condition     = alltrue([for query in aws_athena_named_query.ledger : strcontains(query.query, "\"date\" >=") && length(query.description) > 20])
    error_message = "a query reads the whole ledger, or does not say what it answers"
  }
}

run "without_a_log_bucket_there_is_no_ledger" {
  variables {
    logs = { command_bucket = false }
  }

  assert {
    condition     = length(aws_glue_catalog_table.runs) + length(aws_athena_workgroup.ledger) + length(aws_athena_named_query.ledger) == 0
    error_message = "a table without a bucket"
  }
}
