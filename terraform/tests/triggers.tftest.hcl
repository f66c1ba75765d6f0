# Triggers: what a new object starts, and with which variables.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
  instances = { input_buckets = ["uploads"], output_buckets = ["results"] }
}

run "a_new_object_starts_the_document_with_its_place_as_variables" {
  variables {
    triggers = {
      uploads = {
        bucket = "uploads"
        prefix = "new/"
        document = jsonencode({
          commands  = ["sort < in > out && echo \"$INPUT_KEY\" '$${document}'"]
          variables = { INPUT_KEY = "an example", MODE = "fast" }
        })
      }
    }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.trigger["uploads"].event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = ["uploads"] }, object = { key = [{ prefix = "new/" }] } }
    }
    error_message = "the rule matches other events"
  }
  assert {
    condition = jsondecode(aws_sfn_state_machine.trigger["uploads"].definition).States.StartExecution.Parameters.Input == {
      commands  = ["sort < in > out && echo \"$INPUT_KEY\" '$${document}'"]
      variables = { "INPUT_BUCKET.$" = "$.detail.bucket.name", "INPUT_KEY.$" = "$.detail.object.key", MODE = "fast" }
    }
    error_message = "the input is not the document with the two variables"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.trigger["uploads"].definition).States.StartExecution.Parameters["Name.$"] == "States.Format('uploads-{}', $.detail['request-id'])"
    error_message = "the name does not follow from the event"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.trigger["uploads"].definition).States.StartExecution.Parameters.StateMachineArn == "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops"
    error_message = "another state machine is started"
  }
  assert {
    condition     = length(setintersection(keys(aws_iam_role.this), ["Trigger", "TriggerRule"])) == 2
    error_message = "the roles are missing"
  }
}

run "without_a_trigger_there_are_no_roles_for_it" {
  command = plan

  assert {
    condition     = length(setintersection(keys(aws_iam_role.this), ["Trigger", "TriggerRule"])) == 0
    error_message = "a role that nothing uses"
  }
}

run "every_object_of_a_bucket_and_a_pause" {
  command = plan

  variables {
    triggers = { all = { bucket = "results", document = "{}", enabled = false } }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.trigger["all"].event_pattern).detail == { bucket = { name = ["results"] } }
    error_message = "the rule does not match every object"
  }
  assert {
    condition     = aws_cloudwatch_event_rule.trigger["all"].state == "DISABLED"
    error_message = "it is not paused"
  }
}

run "a_bucket_that_the_commands_cannot_read_is_refused" {
  command = plan

  variables {
    triggers = { uploads = { bucket = "other", document = "{}" } }
  }

  expect_failures = [aws_sfn_state_machine.trigger]
}

run "a_document_that_would_trigger_itself_is_refused" {
  command = plan

  variables {
    triggers = {
      loop = { bucket = "results", prefix = "runs/", document = jsonencode({ bucket = "results", obj_key = "runs/out" }) }
    }
  }

  expect_failures = [aws_sfn_state_machine.trigger]
}

run "a_document_that_would_trigger_itself_by_the_variables_is_refused" {
  command = plan

  variables {
    triggers = {
      loop = { bucket = "results", prefix = "runs/", document = jsonencode({ bucket = "$INPUT_BUCKET", obj_key = "$${INPUT_KEY}.out" }) }
    }
  }

  expect_failures = [aws_sfn_state_machine.trigger]
}

run "a_check_below_the_prefix_is_refused" {
  command = plan

  variables {
    triggers = {
      loop = { bucket = "results", prefix = "runs/", document = jsonencode({ run_options = { ii_check_s3 = { bucket = "results", prefix = "runs/out" } } }) }
    }
  }

  expect_failures = [aws_sfn_state_machine.trigger]
}

run "an_output_beside_the_prefix_may_have_the_key_of_the_object" {
  command = plan

  variables {
    triggers = {
      copy = { bucket = "results", prefix = "runs/", document = jsonencode({ bucket = "$INPUT_BUCKET", obj_key = "out/$INPUT_KEY" }) }
    }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.trigger["copy"].state == "ENABLED"
    error_message = "there is no rule"
  }
}

run "a_document_that_is_no_object_is_refused" {
  command = plan

  variables {
    triggers = { uploads = { bucket = "uploads", document = "run.json" } }
  }

  expect_failures = [var.triggers]
}
