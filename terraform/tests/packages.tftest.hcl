# A plan works without the zips. An apply without them says how to build them.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { zip_directory = "./no-such-directory" }
}

run "a_plan_needs_no_zip" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.this) == 5
    error_message = "functions are missing from the plan"
  }
}

run "an_apply_without_zips_is_refused" {
  expect_failures = [aws_lambda_function.this]
}

run "another_zip_is_another_hash" {
  command = plan

  variables {
    functions = { zip_directory = "./tests/packages" }
  }

  assert {
    condition     = length(toset([for function in aws_lambda_function.this : function.source_code_hash])) == 5
    error_message = "the hash is not that of the zip"
  }
}
