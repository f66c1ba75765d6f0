# Wrong functions stop a plan, wherever they are.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "zips_in_a_directory_are_deployed_by_their_hash" {
  command = plan

  variables {
    functions = { directory = "./tests/packages", release = "v0.1.0" }
  }

  assert {
    condition = alltrue([for name, function in aws_lambda_function.this :
      function.filename == "./tests/packages/${name}-arm64.zip" && function.source_code_hash == filebase64sha256(function.filename)
    ])
    error_message = "a function is deployed from another file, or its hash is not the file's"
  }
}

run "a_module_without_functions_is_refused" {
  command = plan

  expect_failures = [terraform_data.functions]
}

run "functions_of_another_release_are_refused" {
  command = plan

  variables {
    functions = { directory = "./tests/packages", release = "v0.2.0" }
  }

  expect_failures = [terraform_data.functions]
}

run "functions_for_another_architecture_are_refused" {
  command = plan

  variables {
    functions = { directory = "./tests/packages", architecture = "x86_64" }
  }

  expect_failures = [terraform_data.functions]
}

run "a_zip_that_was_changed_is_refused" {
  command = plan

  variables {
    functions = { directory = "./tests/damaged" }
  }

  expect_failures = [terraform_data.functions]
}

run "zips_in_a_bucket_are_deployed_if_their_hashes_are_those_of_the_release" {
  command = plan

  variables {
    functions = { bucket = "mirror", prefix = "v0.1.0/" }
  }

  override_data {
    target = data.aws_s3_object.manifest[0]
    values = {
      body = "{\"release\": \"v0.1.0\", \"functions\": [{\"name\": \"Commander\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2Poller\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2StarterFromAMI\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2Stopper\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"RunChecker\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}]}"
    }
  }

  override_data {
    target = data.aws_s3_object.zip
    values = { checksum_sha256 = "same" }
  }

  assert {
    condition = alltrue([for name, function in aws_lambda_function.this :
      function.s3_bucket == "mirror" && function.s3_key == "v0.1.0/${name}-arm64.zip" && function.source_code_hash == "same"
    ])
    error_message = "a function is deployed from another object, or by another hash"
  }
}

run "a_zip_in_a_bucket_without_its_hash_is_refused" {
  command = plan

  variables {
    functions = { bucket = "mirror", prefix = "v0.1.0/" }
  }

  override_data {
    target = data.aws_s3_object.manifest[0]
    values = {
      body = "{\"release\": \"v0.1.0\", \"functions\": [{\"name\": \"Commander\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2Poller\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2StarterFromAMI\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"EC2Stopper\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}, {\"name\": \"RunChecker\", \"architecture\": \"arm64\", \"code_sha256\": \"same\"}]}"
    }
  }

  override_data {
    target = data.aws_s3_object.zip
    values = { checksum_sha256 = "" }
  }

  expect_failures = [terraform_data.functions]
}

run "a_bucket_and_a_directory_are_refused" {
  command = plan

  variables {
    functions = { bucket = "mirror", directory = "./tests/packages" }
  }

  expect_failures = [var.functions]
}

run "a_prefix_without_a_slash_is_refused" {
  command = plan

  variables {
    functions = { bucket = "mirror", prefix = "v0.1.0" }
  }

  expect_failures = [var.functions]
}
