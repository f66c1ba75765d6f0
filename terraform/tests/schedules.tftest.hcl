# Schedules: the call that Scheduler makes, and that no change of the clocks drops a run.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
}

override_resource {
  target = aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops" }
}

override_resource {
  target = aws_sfn_state_machine.fleet
  values = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-fleet" }
}

override_resource {
  target = aws_sfn_state_machine.schedule["alone"]
  values = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-schedule-alone" }
}

override_resource {
  target = aws_sfn_state_machine.schedule["replaced"]
  values = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-schedule-replaced" }
}

run "scheduler_starts_an_execution_that_has_its_own_name" {
  variables {
    schedules = {
      daily = {
        expression = "cron(30 2 * * ? *)"
        document   = jsonencode({ commands = ["sort < in > out && echo \"done\""] })
      }
    }
  }

  assert {
    condition     = aws_scheduler_schedule.document["daily"].schedule_expression_timezone == "UTC"
    error_message = "the default time zone has daylight-saving time"
  }
  assert {
    condition     = startswith(aws_scheduler_schedule.document["daily"].target[0].input, "{\"Name\":\"daily-<aws.scheduler.execution-id>\",")
    error_message = "the name does not contain Scheduler's keyword"
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.document["daily"].target[0].input).StateMachineArn == aws_sfn_state_machine.this.arn
    error_message = "another state machine is started"
  }
  assert {
    condition     = jsondecode(jsondecode(aws_scheduler_schedule.document["daily"].target[0].input).Input).commands == ["sort < in > out && echo \"done\""]
    error_message = "the input is not the document"
  }
  assert {
    condition     = aws_scheduler_schedule.document["daily"].flexible_time_window[0].mode == "OFF"
    error_message = "it does not start at the minute"
  }
}

run "a_fleet_is_started_as_a_document_is" {
  variables {
    schedules = {
      both = { expression = "rate(1 day)", fleet = jsonencode({ rows = { bucket = "b", key = "rows.jsonl" } }) }
    }
  }

  assert {
    condition     = endswith(jsondecode(aws_scheduler_schedule.document["both"].target[0].input).StateMachineArn, ":stateMachine:ec2-ops-fleet")
    error_message = "another state machine is started"
  }
  assert {
    condition     = jsondecode(jsondecode(aws_scheduler_schedule.document["both"].target[0].input).Input).rows.key == "rows.jsonl"
    error_message = "the input is not the fleet"
  }
  assert {
    condition     = length(aws_sfn_state_machine.schedule) == 0
    error_message = "nothing has to look for an earlier start"
  }
}

run "a_fleet_that_still_runs_is_left_alone_or_replaced" {
  variables {
    schedules = {
      alone    = { expression = "rate(1 hour)", fleet = jsonencode({ rows = { bucket = "b", key = "k" } }), while_running = "skip" }
      replaced = { expression = "rate(1 hour)", fleet = jsonencode({ rows = { bucket = "b", key = "k" } }), while_running = "replace" }
    }
  }

  assert {
    condition     = aws_sfn_state_machine.schedule["alone"].name == "ec2-ops-schedule-alone"
    error_message = "the state machine has another name than the policies"
  }
  assert {
    condition = alltrue([for name, mode in { alone = "skip", replaced = "replace" } :
      endswith(jsondecode(aws_scheduler_schedule.document[name].target[0].input).StateMachineArn, ":stateMachine:ec2-ops-schedule-${name}") &&
      jsondecode(jsondecode(aws_scheduler_schedule.document[name].target[0].input).Input) == { while_running = mode, fleet = { rows = { bucket = "b", key = "k" } } }
    ])
    error_message = "the schedule does not start its own state machine with what happens while one runs"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.schedule["alone"].definition).States.Start.Parameters.StateMachineArn == "arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-fleet"
    error_message = "another state machine than that of fleets is started"
  }
}

run "a_schedule_has_a_document_or_a_fleet" {
  command = plan

  variables {
    schedules = { none = { expression = "rate(1 day)" } }
  }

  expect_failures = [var.schedules]
}

run "only_a_fleet_can_be_left_alone_or_replaced" {
  command = plan

  variables {
    schedules = { daily = { expression = "rate(1 day)", document = "{}", while_running = "skip" } }
  }

  expect_failures = [var.schedules]
}

run "a_window_spreads_starts_and_a_schedule_can_pause" {
  command = plan

  variables {
    schedules = {
      daily = { expression = "rate(1 day)", document = "{}", window_minutes = 15, enabled = false }
    }
  }

  assert {
    condition = (
      aws_scheduler_schedule.document["daily"].flexible_time_window[0].mode == "FLEXIBLE" &&
      aws_scheduler_schedule.document["daily"].flexible_time_window[0].maximum_window_in_minutes == 15
    )
    error_message = "the window is not 15 minutes"
  }
  assert {
    condition     = aws_scheduler_schedule.document["daily"].state == "DISABLED"
    error_message = "it is not paused"
  }
}

run "local_times_that_always_exist_once_are_taken" {
  command = plan

  variables {
    schedules = {
      morning = { expression = "cron(30 5 * * ? *)", timezone = "America/New_York", document = "{}" }
      twice   = { expression = "cron(0 6,18 ? * MON-FRI *)", timezone = "Europe/Berlin", document = "{}" }
      range   = { expression = "cron(0 4-21 * * ? *)", timezone = "Pacific/Easter", document = "{}" }
      rate    = { expression = "rate(6 hours)", timezone = "America/New_York", document = "{}" }
      utc     = { expression = "cron(*/10 0-3 * * ? *)", timezone = "Etc/UTC", document = "{}" }
    }
  }

  assert {
    condition     = length(aws_scheduler_schedule.document) == 5
    error_message = "not all schedules are there"
  }
}

run "a_local_time_that_a_switch_skips_is_refused" {
  command = plan

  variables {
    schedules = { nightly = { expression = "cron(30 2 * * ? *)", timezone = "America/New_York", document = "{}" } }
  }

  expect_failures = [var.schedules]
}

run "a_local_time_that_a_switch_skips_is_refused_in_a_list" {
  command = plan

  variables {
    schedules = { nightly = { expression = "cron(30 6,2 * * ? *)", timezone = "America/New_York", document = "{}" } }
  }

  expect_failures = [var.schedules]
}

run "every_local_hour_is_refused" {
  command = plan

  variables {
    schedules = { hourly = { expression = "cron(5 * * * ? *)", timezone = "America/New_York", document = "{}" } }
  }

  expect_failures = [var.schedules]
}

run "a_range_over_midnight_is_refused" {
  command = plan

  variables {
    schedules = { nightly = { expression = "cron(5 21-5 * * ? *)", timezone = "Europe/Berlin", document = "{}" } }
  }

  expect_failures = [var.schedules]
}
