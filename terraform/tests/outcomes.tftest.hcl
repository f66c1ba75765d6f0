# Messages about outcomes. .ci/outcome_messages checks their text.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
  outcomes = {
    topic      = true
    emails     = ["ops@example.com"]
    topic_arns = ["arn:aws:sns:us-east-1:111122223333:team", "arn:aws:sns:us-east-1:444455556666:shared"]
  }
}

override_resource {
  target = aws_sfn_state_machine.outcomes
  values = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:messages" }
}

run "the_event_of_every_end_starts_a_message" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.outcomes["outcomes"].event_pattern).detail == {
      stateMachineArn = ["arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops"]
      status          = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    }
    error_message = "the rule leaves out an end, or matches other state machines: a message about a message would follow"
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.outcomes["outcomes"].arn == aws_sfn_state_machine.outcomes["outcomes"].arn &&
      aws_cloudwatch_event_target.outcomes["outcomes"].role_arn == aws_iam_role.this["Events"].arn
    )
    error_message = "the rule does not start the state machine of the messages"
  }
  assert {
    condition = [for statement in local.policies["Events"].Statement : statement.Resource] == [
      ["arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-outcomes"]
    ]
    error_message = "the rule may not start exactly the state machine of the messages"
  }
}

run "messages_go_to_the_topics_and_nowhere_else" {
  assert {
    condition = one([for statement in local.policies["Outcomes"].Statement : statement.Resource if statement.Sid == "SendMessages"]) == [
      "arn:aws:sns:us-east-1:111122223333:ec2-ops-outcomes",
      "arn:aws:sns:us-east-1:111122223333:team",
      "arn:aws:sns:us-east-1:444455556666:shared",
    ]
    error_message = "the state machine may not send to exactly the topics"
  }
  assert {
    condition     = strcontains(aws_sfn_state_machine.outcomes["outcomes"].definition, join(",", local.topic_arns)) && !strcontains(aws_sfn_state_machine.outcomes["outcomes"].definition, "$${")
    error_message = "the state machine does not know the topics, or has an open placeholder"
  }
  assert {
    condition     = aws_sns_topic.outcomes["outcomes"].name == "ec2-ops-outcomes" && aws_sns_topic_subscription.outcomes["ops@example.com"].topic_arn == aws_sns_topic.outcomes["outcomes"].arn
    error_message = "the topic has another name than the policies, or no subscription"
  }
}

run "topics_of_documents_alone_create_no_topic" {
  variables {
    outcomes = { topic_arns = ["arn:aws:sns:us-east-1:111122223333:team"] }
  }

  assert {
    condition     = length(aws_sns_topic.outcomes) == 0 && output.outcome_topic_arn == null
    error_message = "there is a topic that the deployment was not asked for"
  }
  assert {
    condition     = length(aws_sfn_state_machine.outcomes) == 1 && local.settings.EC2_OPS_TOPICS == "team"
    error_message = "documents cannot name their topic"
  }
}

run "without_a_topic_there_is_nothing" {
  variables {
    outcomes = {}
  }

  assert {
    condition = 0 == sum([
      length(aws_sfn_state_machine.outcomes), length(aws_cloudwatch_event_rule.outcomes), length(aws_sns_topic.outcomes),
      length(setintersection(local.roles, ["Events", "Outcomes"])),
    ])
    error_message = "there is something for messages without a topic"
  }
}

run "a_topic_of_another_region_is_refused" {
  command = plan

  variables {
    outcomes = { topic_arns = ["arn:aws:sns:us-west-2:111122223333:team"] }
  }

  expect_failures = [aws_sfn_state_machine.outcomes]
}

run "two_topics_of_one_name_are_refused" {
  command = plan

  variables {
    outcomes = { topic_arns = ["arn:aws:sns:us-east-1:111122223333:team", "arn:aws:sns:us-east-1:444455556666:team"] }
  }

  expect_failures = [var.outcomes]
}

run "a_fifo_topic_is_refused" {
  command = plan

  variables {
    outcomes = { topic_arns = ["arn:aws:sns:us-east-1:111122223333:team.fifo"] }
  }

  expect_failures = [var.outcomes]
}
