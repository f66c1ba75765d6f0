# An additional region, and a deployment that knows of it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions          = { directory = "./tests/packages" }
  additional_regions = { us-west-2 = { security_group_ids = ["sg-west"], subnet_ids = ["subnet-west"] } }
}

run "the_deployment_may_forward_events" {
  assert {
    condition     = output.home.events_role_arn == aws_iam_role.this["Events"].arn
    error_message = "there is no role that forwards events"
  }
}

run "the_region_forwards_every_wake_up_and_nothing_else" {
  module {
    source = "./modules/region"
  }

  variables {
    prefix = "ec2-ops"
    home = {
      event_bus_arn     = "arn:aws:events:us-east-1:111122223333:event-bus/default"
      events_role_arn   = run.the_deployment_may_forward_events.home.events_role_arn
      command_log_group = "/ec2-ops/commands"
      retention_days    = 30
    }
  }

  assert {
    condition     = toset(flatten([for rule in aws_cloudwatch_event_rule.this : jsondecode(rule.event_pattern).source])) == toset(["aws.ssm", "aws.ec2"])
    error_message = "the region does not forward exactly the events of instances and commands"
  }
  assert {
    condition     = toset([for target in aws_cloudwatch_event_target.this : target.arn]) == toset(["arn:aws:events:us-east-1:111122223333:event-bus/default"])
    error_message = "events are not forwarded to the home region"
  }
  assert {
    condition     = aws_cloudwatch_log_group.commands[0].name == "/ec2-ops/commands"
    error_message = "the region has no log group for commands"
  }
}

run "a_deployment_of_one_region_forwards_nothing" {
  variables {
    additional_regions = {}
  }

  assert {
    condition     = output.home.events_role_arn == null && !contains(keys(aws_iam_role.this), "Events")
    error_message = "there is a role for forwarding without an additional region"
  }
}
