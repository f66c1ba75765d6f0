# How the resources refer to each other. Each function has a different version here, so a mix-up is noticed.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  functions = { directory = "./tests/packages" }
}

override_resource {
  target = aws_lambda_function.this["EC2StarterFromAMI"]
  values = { version = "1", qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2StarterFromAMI:1", arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2StarterFromAMI" }
}

override_resource {
  target = aws_lambda_function.this["Commander"]
  values = { version = "2", qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:Commander:2", arn = "arn:aws:lambda:us-east-1:111122223333:function:Commander" }
}

override_resource {
  target = aws_lambda_function.this["EC2Poller"]
  values = { version = "3", qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Poller:3", arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Poller" }
}

override_resource {
  target = aws_lambda_function.this["RunChecker"]
  values = { version = "4", qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:RunChecker:4", arn = "arn:aws:lambda:us-east-1:111122223333:function:RunChecker" }
}

override_resource {
  target = aws_lambda_function.this["EC2Stopper"]
  values = { version = "5", qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Stopper:5", arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Stopper" }
}

override_resource {
  target = aws_lambda_alias.live["EC2Poller"]
  values = { arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Poller:live" }
}

override_resource {
  target = aws_lambda_alias.live["EC2Stopper"]
  values = { arn = "arn:aws:lambda:us-east-1:111122223333:function:EC2Stopper:live" }
}

run "executions_run_versions_and_events_the_alias" {
  assert {
    # Boot is the second state of the function that launches.
    condition = alltrue([for name, state in jsondecode(aws_sfn_state_machine.this.definition).States :
      state.Parameters.FunctionName == aws_lambda_function.this[contains(["Boot", "Inputs"], name) ? "EC2StarterFromAMI" : name].qualified_arn
      if state.Type == "Task"
    ])
    error_message = "a state does not invoke the published version of its function"
  }
  assert {
    condition = toset([for name, state in jsondecode(aws_sfn_state_machine.this.definition).States :
      name if state.Type == "Task"
    ]) == setunion(local.functions, ["Boot", "Inputs"])
    error_message = "the tasks of the state machine are not the five functions, Inputs and Boot"
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.this : function.publish])
    error_message = "a function publishes no versions"
  }
  assert {
    condition     = alltrue([for name, alias in aws_lambda_alias.live : alias.function_version == aws_lambda_function.this[name].version])
    error_message = "an alias does not name the version that was published last"
  }
  assert {
    condition     = alltrue([for key, target in aws_cloudwatch_event_target.this : target.arn == aws_lambda_alias.live[local.rules[key].function].arn])
    error_message = "a rule does not invoke the alias of its function"
  }
}

run "no_placeholder_is_left" {
  assert {
    condition     = !strcontains(aws_sfn_state_machine.this.definition, "$${")
    error_message = "the state machine still has a placeholder"
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : !strcontains(rule.event_pattern, "$${")])
    error_message = "an event pattern still has a placeholder"
  }
}

run "every_pattern_has_a_rule_that_may_invoke_its_function" {
  assert {
    condition     = length(aws_cloudwatch_event_rule.this) == sum([for patterns in values(local.event_patterns) : length(patterns)])
    error_message = "not every pattern has exactly one rule"
  }
  assert {
    condition = alltrue([for key, permission in aws_lambda_permission.rule :
      permission.source_arn == aws_cloudwatch_event_rule.this[key].arn && permission.qualifier == "live" &&
      permission.function_name == aws_lambda_function.this[local.rules[key].function].function_name
    ])
    error_message = "a rule may not invoke its target"
  }
  assert {
    condition = (
      jsondecode(aws_cloudwatch_event_rule.this["EC2Stopper-1"].event_pattern).detail.stateMachineArn ==
      ["arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops"]
    )
    error_message = "the rule matches other state machines, or does not match ours"
  }
  assert {
    condition     = toset(keys(aws_lambda_function_event_invoke_config.live)) == toset(["EC2Poller", "EC2Stopper"])
    error_message = "a function that receives events has no retries"
  }
}

run "the_sweeper_gets_the_event_that_it_knows" {
  assert {
    condition     = jsondecode(aws_scheduler_schedule.sweeper.target[0].input).detail-type == "Scheduled Event"
    error_message = "EC2Stopper does not recognize this event as a sweep"
  }
  assert {
    condition     = aws_scheduler_schedule.sweeper.target[0].arn == aws_lambda_alias.live["EC2Stopper"].arn
    error_message = "the sweeper does not invoke EC2Stopper's alias"
  }
}

run "the_wake_table_has_the_shape_that_the_code_knows" {
  assert {
    condition     = aws_dynamodb_table.wake.hash_key == "instance_id" && aws_dynamodb_table.wake.ttl[0].attribute_name == "expires_at"
    error_message = "crates/ec2-ops-aws/src/dynamodb.rs reads other attributes"
  }
  assert {
    condition     = aws_dynamodb_table.wake.billing_mode == "PAY_PER_REQUEST"
    error_message = "the table costs money while idle"
  }
}

run "functions_get_the_settings_of_the_deployment" {
  variables {
    executions = { fail_execution = true, backoff_s = 60 }
    outcomes   = { topic = true, topic_arns = ["arn:aws:sns:us-east-1:111122223333:team"] }
    additional_regions = {
      us-west-2 = { security_group_ids = ["sg-west"], subnet_ids = ["subnet-west"] }
    }
  }

  assert {
    condition = { for name, value in local.settings : name => value if !contains(["EC2_OPS_ALLOWED", "EC2_OPS_INSTANCE_DEFAULTS"], name) } == {
      EC2_OPS_DEPLOYMENT         = "ec2-ops"
      EC2_OPS_WAKE_TABLE         = aws_dynamodb_table.wake.name
      EC2_OPS_LOG_BUCKET         = aws_s3_bucket.logs[0].bucket
      EC2_OPS_LOG_GROUP          = aws_cloudwatch_log_group.commands[0].name
      EC2_OPS_ADDITIONAL_REGIONS = "us-west-2"
      EC2_OPS_FAIL_EXECUTION     = "true"
      EC2_OPS_BACKOFF_S          = "60"
      EC2_OPS_TOPICS             = "ec2-ops-outcomes,team"
    }
    error_message = "crates/ec2-ops-aws/src/settings.rs reads other variables"
  }
  assert {
    condition = jsondecode(aws_lambda_function.this["EC2StarterFromAMI"].environment[0].variables.EC2_OPS_INSTANCE_DEFAULTS) == {
      us-east-1 = {
        IamInstanceProfile = "ec2-ops-Instance"
        SecurityGroupIds   = module.network.instance_defaults.security_group_ids
        SubnetIds          = []
      }
      us-west-2 = { IamInstanceProfile = "ec2-ops-Instance", SecurityGroupIds = ["sg-west"], SubnetIds = ["subnet-west"] }
    }
    error_message = "the defaults of instances are not in the form of RunInstances"
  }
}

run "a_given_network_is_taken_and_no_default_one_looked_for" {
  variables {
    network = { vpc_id = "vpc-own", subnet_ids = ["subnet-own"] }
  }

  assert {
    condition     = module.network.instance_defaults.subnet_ids == tolist(["subnet-own"])
    error_message = "other subnets than those given are used"
  }
}

run "without_logs_of_commands_nothing_is_created_for_them" {
  variables {
    logs = { command_bucket = false, command_log_group = false }
  }

  assert {
    condition     = length(aws_s3_bucket.logs) + length(aws_cloudwatch_log_group.commands) == 0
    error_message = "a bucket or a log group was created"
  }
  assert {
    condition     = local.settings.EC2_OPS_LOG_BUCKET == "" && output.log_bucket == null
    error_message = "the functions get the name of a bucket that does not exist"
  }
}

run "logs_hold_no_documents" {
  assert {
    condition     = !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data
    error_message = "execution data is logged, with the secrets that documents hold"
  }
}

run "the_command_to_type_next_is_complete" {
  assert {
    condition = output.start_execution == join(" ", [
      "aws stepfunctions start-execution --region us-east-1",
      "--state-machine-arn ${aws_sfn_state_machine.this.arn} --input file://run.json",
    ])
    error_message = "the output is not a complete command"
  }
}

run "a_key_of_ones_own_is_used_everywhere" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/1234"
    outcomes    = { topic = true }
  }

  assert {
    condition = toset(concat(
      [for group in aws_cloudwatch_log_group.function : group.kms_key_id],
      [aws_cloudwatch_log_group.state_machine.kms_key_id, aws_cloudwatch_log_group.commands[0].kms_key_id],
      [for function in aws_lambda_function.this : function.kms_key_arn],
      [aws_dynamodb_table.wake.server_side_encryption[0].kms_key_arn, aws_scheduler_schedule.sweeper.kms_key_arn],
      [aws_sns_topic.outcomes["outcomes"].kms_master_key_id],
      [for rule in aws_s3_bucket_server_side_encryption_configuration.logs[0].rule : rule.apply_server_side_encryption_by_default[0].kms_master_key_id],
    )) == toset([var.kms_key_arn])
    error_message = "something is encrypted with another key"
  }
  assert {
    condition     = toset(keys(aws_iam_role_policy.key)) == setunion(local.functions, ["Fleet", "Instance", "Outcomes", "Scheduler", "StateMachine"])
    error_message = "a role may not use the key that encrypts what it uses"
  }
}

run "the_named_keys_may_encrypt_volumes_and_only_through_ec2" {
  variables {
    instances = { kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:key/volumes"] }
  }
  assert {
    condition     = keys(aws_iam_role_policy.volume_keys) == ["EC2StarterFromAMI"]
    error_message = "a role other than that of EC2StarterFromAMI may use the keys of volumes"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.volume_keys["EC2StarterFromAMI"].policy).Statement :
      statement.Resource == ["arn:aws:kms:us-east-1:111122223333:key/volumes"]
      && statement.Condition.StringEquals["kms:ViaService"] == ["ec2.us-east-1.amazonaws.com"]
      && contains(statement.Action, "kms:CreateGrant") == try(statement.Condition.Bool["kms:GrantIsForAWSResource"] == "true", false)
    ])
    error_message = "the keys of volumes can be used outside EC2"
  }
}

run "instances_may_use_the_keys_of_buckets_and_only_through_s3" {
  variables {
    instances = { bucket_kms_key_arns = ["arn:aws:kms:us-east-1:111122223333:key/results"] }
  }
  assert {
    condition = [for statement in local.policies["Instance"].Statement : statement.Condition
      if contains(statement.Action, "kms:GenerateDataKey")
    ] == [{ StringLike = { "kms:ViaService" = "s3.*" } }]
    error_message = "the keys of buckets cannot be used, or outside S3"
  }
  assert {
    condition     = !anytrue([for name in local.functions : strcontains(jsonencode(local.policies[name]), "key/results")])
    error_message = "a function may use the keys of buckets"
  }
}

run "without_keys_for_volumes_no_role_may_use_any" {
  assert {
    condition     = length(aws_iam_role_policy.volume_keys) == 0
    error_message = "there is a policy for no key"
  }
}

run "each_role_uses_the_key_only_through_the_services_that_it_needs" {
  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/1234"
  }
  assert {
    condition = { for role, policy in aws_iam_role_policy.key :
      role => flatten([for statement in jsondecode(policy.policy).Statement : try(statement.Condition.StringEquals["kms:ViaService"], [])])
      } == {
      Commander         = ["lambda.us-east-1.amazonaws.com"]
      EC2Poller         = ["lambda.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com"]
      EC2StarterFromAMI = ["lambda.us-east-1.amazonaws.com"]
      EC2Stopper        = ["lambda.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com", "states.us-east-1.amazonaws.com"]
      Fleet             = ["s3.us-east-1.amazonaws.com"]
      RunChecker        = ["lambda.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"]
      Instance          = ["s3.us-east-1.amazonaws.com"]
      Scheduler         = []
      StateMachine      = []
    }
    error_message = "a role may use the key through another service"
  }
  assert {
    condition = { for role, policy in aws_iam_role_policy.key :
      role => flatten([for statement in jsondecode(policy.policy).Statement : [for key, of in try(statement.Condition.StringLike, {}) : ["${key}: ${join(" ", of)}"]]])
      if length([for statement in jsondecode(policy.policy).Statement : 1 if can(statement.Condition.StringLike)]) > 0
      } == {
      Fleet = [
        "kms:EncryptionContext:aws:states:stateMachineArn: arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-*",
        "kms:EncryptionContext:SourceArn: arn:aws:logs:us-east-1:111122223333:*",
      ]
      StateMachine = [
        "kms:EncryptionContext:aws:states:stateMachineArn: arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops arn:aws:states:us-east-1:111122223333:stateMachine:ec2-ops-*",
        "kms:EncryptionContext:SourceArn: arn:aws:logs:us-east-1:111122223333:*",
      ]
      Scheduler = ["kms:EncryptionContext:aws:scheduler:schedule:arn: arn:aws:scheduler:us-east-1:111122223333:schedule/ec2-ops/*"]
    }
    error_message = "Step Functions or Scheduler cannot use the key as the role, or for more than what is the deployment's own"
  }
  assert {
    condition = (
      one(aws_sfn_state_machine.this.encryption_configuration).type == "CUSTOMER_MANAGED_KMS_KEY"
      && one(aws_sfn_state_machine.this.encryption_configuration).kms_key_id == var.kms_key_arn
    )
    error_message = "the executions are encrypted with another key"
  }
}

run "an_overwritten_log_is_kept" {
  assert {
    condition     = one(aws_s3_bucket_versioning.logs[0].versioning_configuration).status == "Enabled"
    error_message = "the log bucket has no versions"
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule if rule.id == "expire-versions"]).noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "earlier versions never expire, or too early"
  }
}

run "documents_may_launch_with_anything_unless_the_deployment_narrows_it" {
  assert {
    condition     = values(jsondecode(aws_lambda_function.this["EC2StarterFromAMI"].environment[0].variables.EC2_OPS_ALLOWED)) == [null, null, null, null]
    error_message = "something is refused by default"
  }
}

run "what_documents_may_launch_with_is_in_the_policy_and_in_the_settings" {
  variables {
    network = { vpc_id = "vpc-own", subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa"] }
    allowed = {
      instance_types = ["m8g.*"]
      image_owners   = ["amazon"]
      subnet_ids     = ["subnet-0123456789abcdef0"]
      snapshot_ids   = []
    }
  }
  assert {
    condition = jsondecode(aws_lambda_function.this["EC2StarterFromAMI"].environment[0].variables.EC2_OPS_ALLOWED) == {
      InstanceTypes    = ["m8g.*"]
      SubnetIds        = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0123456789abcdef0"]
      SecurityGroupIds = null
      SnapshotIds      = []
    }
    error_message = "the functions refuse something else"
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this["EC2StarterFromAMI"].policy).Statement :
      statement.Condition.StringEquals["ec2:Owner"] if statement.Sid == "LaunchOnlyImagesOfTheirOwners"
    ] == [["amazon"]]
    error_message = "images of other owners can be launched"
  }
  assert {
    condition     = length(regexall("subnet/[*]|snapshot/", aws_iam_role_policy.this["EC2StarterFromAMI"].policy)) == 0
    error_message = "other subnets or snapshots can be used"
  }
}

run "in_another_partition_the_state_machines_call_its_services" {
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }
  assert {
    condition = alltrue([for definition in [aws_sfn_state_machine.this.definition, aws_sfn_state_machine.fleet.definition] :
      strcontains(definition, "\"arn:aws-us-gov:states:::lambda:invoke\"") && !strcontains(definition, "arn:aws:states:::")
    ])
    error_message = "a task is one of the partition aws, which ends the execution"
  }
  assert {
    condition     = startswith(output.console, "https://us-east-1.console.amazonaws-us-gov.com/states/")
    error_message = "the console is that of the partition aws"
  }
}
