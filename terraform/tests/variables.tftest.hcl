# Values that are refused before anything is created.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
}

run "a_prefix_that_a_bucket_could_not_have" {
  command = plan
  variables {
    prefix = "Forecasts"
  }
  expect_failures = [var.prefix]
}

run "a_prefix_that_is_too_long" {
  command = plan
  variables {
    prefix = "a23456789-123456789-12345"
  }
  expect_failures = [var.prefix]
}

run "an_architecture_that_lambda_does_not_have" {
  command = plan
  variables {
    functions = { architecture = "riscv64" }
  }
  expect_failures = [var.functions]
}

run "a_backoff_that_the_functions_would_refuse" {
  command = plan
  variables {
    executions = { backoff_s = 301 }
  }
  expect_failures = [var.executions]
}

run "a_bucket_that_is_a_url" {
  command = plan
  variables {
    instances = { output_buckets = ["s3://results"] }
  }
  expect_failures = [var.instances]
}

run "a_role_with_a_wildcard" {
  command = plan
  variables {
    instances = { additional_role_arns = ["arn:aws:iam::111122223333:role/*"] }
  }
  expect_failures = [var.instances]
}

run "a_volumes_key_that_is_an_alias" {
  command = plan
  variables {
    instances = { kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:alias/volumes"] }
  }
  expect_failures = [var.instances]
}

run "a_buckets_key_that_is_an_alias" {
  command = plan
  variables {
    instances = { bucket_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:alias/results"] }
  }
  expect_failures = [var.instances]
}

run "a_secret_with_a_wildcard" {
  command = plan
  variables {
    instances = { secrets = ["/my/*"] }
  }
  expect_failures = [var.instances]
}

run "a_network_without_subnets" {
  command = plan
  variables {
    network = { vpc_id = "vpc-own", subnet_ids = [] }
  }
  expect_failures = [var.network]
}

run "a_region_that_is_an_availability_zone" {
  command = plan
  variables {
    additional_regions = { us-west-2a = { security_group_ids = [], subnet_ids = [] } }
  }
  expect_failures = [var.additional_regions]
}

run "a_retention_that_cloudwatch_does_not_have" {
  command = plan
  variables {
    logs = { retention_days = 45 }
  }
  expect_failures = [var.logs]
}

run "a_schedule_with_the_five_fields_of_cron" {
  command = plan
  variables {
    schedules = { daily = { expression = "cron(30 5 * * *)", document = "{}" } }
  }
  expect_failures = [var.schedules]
}

run "a_document_that_is_a_file_name" {
  command = plan
  variables {
    schedules = { daily = { expression = "rate(1 day)", document = "daily.json" } }
  }
  expect_failures = [var.schedules]
}

run "addresses_for_outcomes_without_a_topic" {
  command = plan
  variables {
    outcomes = { emails = ["ops@example.com"] }
  }
  expect_failures = [var.outcomes]
}

run "an_alias_of_a_key" {
  command = plan
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:111122223333:alias/own"
  }
  expect_failures = [var.kms_key_arn]
}

run "a_type_that_is_no_type" {
  command = plan
  variables {
    allowed = { instance_types = ["*"] }
  }
  expect_failures = [var.allowed]
}

run "an_owner_that_is_no_account" {
  command = plan
  variables {
    allowed = { image_owners = ["self"] }
  }
  expect_failures = [var.allowed]
}

run "a_snapshot_that_is_none" {
  command = plan
  variables {
    allowed = { snapshot_ids = ["vol-0123456789abcdef0"] }
  }
  expect_failures = [var.allowed]
}

run "subnets_that_leave_out_the_default_vpc" {
  command = plan
  variables {
    allowed = { subnet_ids = ["subnet-0123456789abcdef0"] }
  }
  expect_failures = [aws_iam_role_policy.this]
}
