# What each role may do (local.policies) and which service may assume it (local.trust). roles.tf encodes both as JSON.
# policies_functions.tf has the statements for the work of the five functions. docs/policies.md shows the policies with example
# values. tests/policies/ runs the functions against these policies. It fails for a call that is not allowed, and for an action
# that no function uses.
#
# The roles are created before the resources that the policies name, so each ARN here is composed from names.

locals {
  # Every instance and volume of this deployment has the tag. crates/ec2-ops/src/tags.rs writes it in the launch call.
  carries_our_tag = { "aws:ResourceTag/ec2-ops:deployment" = var.prefix }
  writes_our_tag  = { "aws:RequestTag/ec2-ops:deployment" = var.prefix }

  # The regions in which instances run. This condition also works for actions without resource-level permissions:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
  in_our_regions = { "aws:RequestedRegion" = local.regions }
  at_home        = { "aws:RequestedRegion" = [local.region] }

  # What documents may launch with: everything of a kind of which var.allowed says nothing. EC2_OPS_ALLOWED says the same to the
  # functions.
  images                  = "arn:${local.partition}:ec2:*::image/*"
  allowed_types           = var.allowed.instance_types
  allowed_subnets         = var.allowed.subnet_ids == null ? ["subnet/*"] : [for id in concat(local.own_subnets, var.allowed.subnet_ids) : "subnet/${id}"]
  allowed_security_groups = var.allowed.security_group_ids == null ? ["security-group/*"] : [for id in concat(local.own_security_groups, var.allowed.security_group_ids) : "security-group/${id}"]
  allowed_snapshots       = var.allowed.snapshot_ids == null ? ["snapshot/*"] : [for id in var.allowed.snapshot_ids : "snapshot/${id}"]

  our_instances  = "arn:${local.partition}:ec2:*:${local.account_id}:instance/*"
  our_volumes    = "arn:${local.partition}:ec2:*:${local.account_id}:volume/*"
  output_buckets = [for bucket in var.instances.output_buckets : "arn:${local.partition}:s3:::${bucket}"]
  output_objects = [for bucket in local.output_buckets : "${bucket}/*"]
  input_buckets  = [for bucket in var.instances.input_buckets : "arn:${local.partition}:s3:::${bucket}"]
  input_objects  = [for bucket in local.input_buckets : "${bucket}/*"]
  # A parameter's ARN has one slash before its name, whether the name begins with one or not:
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
  our_parameters   = "arn:${local.partition}:ssm:*:${local.account_id}:parameter"
  secret_arns      = [for name in var.instances.secrets : name if startswith(name, "arn:")]
  secret_names     = [for name in var.instances.secrets : "${local.our_parameters}/${trimprefix(name, "/")}" if !startswith(name, "arn:")]
  image_parameters = [for name in var.instances.image_parameters : "${local.our_parameters}/${trimprefix(name, "/")}"]

  log_bucket = [for bucket in [local.log_bucket_arn] : bucket if bucket != null]
  # Commander keeps the output of commands below commands/, EC2Stopper keeps the ledger below runs/. So no command can change the
  # ledger.
  command_keys = [for bucket in local.log_bucket : "${bucket}/commands/*"]
  ledger_keys  = [for bucket in local.log_bucket : "${bucket}/runs/*"]
  # Rows, results and summaries of fleets.
  fleet_keys = [for bucket in concat(local.log_bucket, local.output_buckets) : "${bucket}/fleets/*"]
  # The state machines of schedules.
  schedule_arns    = "${local.state_machine_arn}-schedule-*"
  fleet_executions = replace(local.fleet_arn, ":stateMachine:", ":execution:")
  # A command's output goes to the log group of this name in the region of its instance.
  log_groups  = [for group in [local.log_group_arn] : replace(group, ":${local.region}:", ":*:") if group != null]
  log_streams = [for group in local.log_groups : "${group}:*"]

  executions       = "${replace(local.state_machine_arn, ":stateMachine:", ":execution:")}:*"
  outcome_messages = [for arn in [local.outcome_messages_arn] : arn if arn != null]

  # Permissions that every function needs.
  function_logs = { for name, group in local.function_log_group_arns : name => [
    {
      # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
      Sid      = "WriteOwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${group}:*"]
    },
  ] }
  function_traces = [
    {
      # Neither action has resource-level permissions:
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
      Sid      = "Trace"
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    },
  ]

  # What every state machine needs to write its log and its traces.
  state_machine_logs = [
    {
      # AWS requires this list of actions. None of them has resource-level permissions:
      # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
      Sid    = "DeliverLogs"
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
      ]
      Resource = ["*"]
    },
    {
      # AWS requires this list of actions. None of them has resource-level permissions:
      # https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
      Sid    = "Trace"
      Effect = "Allow"
      Action = [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      Resource = ["*"]
    },
  ]

  other_statements = {
    StateMachine = concat([
      {
        # Only versions and aliases of the functions, not $LATEST.
        Sid      = "InvokeFunctions"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [for name, arn in local.function_arns : "${arn}:*"]
      },
    ], local.state_machine_logs)

    # What AWS asks for a distributed map and for an execution that waits for another one:
    # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    Fleet = concat([
      {
        # The executions of the rows are executions of the fleet's own state machine.
        Sid      = "StartRowsAndTheirExecutions"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = [local.fleet_arn, local.state_machine_arn]
      },
      {
        # A schedule leaves an earlier start alone, or stops it.
        Sid      = "FindEarlierStarts"
        Effect   = "Allow"
        Action   = ["states:ListExecutions"]
        Resource = [local.schedule_arns]
      },
      {
        Sid      = "StopEarlierStarts"
        Effect   = "Allow"
        Action   = ["states:StopExecution"]
        Resource = ["${replace(local.schedule_arns, ":stateMachine:", ":execution:")}:*"]
      },
      {
        Sid    = "FollowAndStopThem"
        Effect = "Allow"
        Action = ["states:DescribeExecution", "states:StopExecution"]
        Resource = [
          "${local.fleet_executions}:*",
          "${local.fleet_executions}/*",
          "${replace(local.state_machine_arn, ":stateMachine:", ":execution:")}:*",
        ]
      },
      {
        Sid      = "RedriveRows"
        Effect   = "Allow"
        Action   = ["states:RedriveExecution"]
        Resource = ["${local.fleet_executions}/*:*"]
      },
      {
        # The rule by which Step Functions hears of the end of an execution. AWS manages it.
        Sid      = "HearOfTheirEnds"
        Effect   = "Allow"
        Action   = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
        Resource = ["arn:${local.partition}:events:${local.region}:${local.account_id}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"]
      },
      {
        Sid      = "ReadRows"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = concat(local.input_objects, local.output_objects, local.fleet_keys)
      },
      {
        Sid       = "ReadRowsUnderTheirKeys"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = var.instances.bucket_kms_key_arns
        Condition = { StringLike = { "kms:ViaService" = "s3.*" } }
      },
      {
        # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html#resultwriter-iam-policies
        Sid      = "WriteResults"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        Resource = local.fleet_keys
      },
      {
        Sid      = "Summarize"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = ["${local.function_arns["RunChecker"]}:*"]
      },
    ], local.state_machine_logs)

    # The part of AmazonSSMManagedInstanceCore that Run Command and Session Manager need. The rest has ssm:GetParameter, with
    # which the commands of every document could read every parameter of the account.
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
    Instance = [
      {
        Sid       = "RegisterAgent"
        Effect    = "Allow"
        Action    = ["ssm:UpdateInstanceInformation"]
        Resource  = [local.our_instances]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # None of these actions has resource-level permissions, so they share one statement:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagedeliveryservice.html,
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsessionmanagermessagegatewayservice.html,
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        # The last one is needed only if there is a log group.
        Sid    = "ReceiveCommandsAndFindLogGroup"
        Effect = "Allow"
        Action = concat([
          "ec2messages:AcknowledgeMessage",
          "ec2messages:DeleteMessage",
          "ec2messages:FailMessage",
          "ec2messages:GetEndpoint",
          "ec2messages:GetMessages",
          "ec2messages:SendReply",
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ], length(local.log_groups) == 0 ? [] : ["logs:DescribeLogGroups"])
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # The agent uploads the output of commands with the instance's role, and sends an ACL with it:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html
        # https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/s3util/s3util.go
        Sid      = "KeepWhatCommandsPrint"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:PutObjectAcl"]
        Resource = local.command_keys
      },
      {
        Sid      = "SeeWhetherLogsAreEncrypted"
        Effect   = "Allow"
        Action   = ["s3:GetEncryptionConfiguration"]
        Resource = local.log_bucket
      },
      {
        # The agent tries to create the log group each time. It continues if that succeeds, or if the answer is that the group
        # exists. So it needs logs:CreateLogGroup, although the group exists. If a person deletes the group, the agent creates it
        # again, and its logs do not expire until the next apply.
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-rc-setting-up-cwlogs.html
        Sid      = "StreamWhatCommandsPrint"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = concat(local.log_groups, local.log_streams)
      },
      {
        # `aws s3 cp` uploads large files in parts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        Sid      = "WriteOutput"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:AbortMultipartUpload"]
        Resource = local.output_objects
      },
      {
        # The secrets of documents, by their exact names. The account's default keys for them need no permission:
        # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
        Sid      = "ReadSecretParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = local.secret_names
      },
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = local.secret_arns
      },
      {
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
        Sid       = "DecryptSecrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = var.instances.secret_kms_key_arns
        Condition = { StringLike = { "kms:ViaService" = ["ssm.*", "secretsmanager.*"] } }
      },
      {
        # `aws s3 sync` lists the objects to compare them.
        Sid      = "List"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = concat(local.output_buckets, local.input_buckets)
      },
      {
        Sid      = "ReadInput"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.input_objects
      },
      {
        # For objects under your own keys; an upload in parts also decrypts. Only through S3, in any region:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        Sid       = "UseKeysOfBuckets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.instances.bucket_kms_key_arns
        Condition = { StringLike = { "kms:ViaService" = "s3.*" } }
      },
    ]

    Events = [
      {
        # Additional regions forward their events to the event bus of the home region.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
        Sid      = "ForwardEvents"
        Effect   = "Allow"
        Action   = ["events:PutEvents"]
        Resource = [for bus in [local.event_bus_arn] : bus if length(local.regions) > 1]
      },
      {
        Sid      = "StartMessages"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = local.outcome_messages
      },
    ]

    # The state machine that sends messages about outcomes.
    Outcomes = [
      {
        Sid      = "SendMessages"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = local.topic_arns
      },
      {
        Sid      = "LookAtExecutions"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution"]
        Resource = [for messages in local.outcome_messages : local.executions]
      },
    ]

    # The state machine of a trigger starts executions of the deployment's.
    Trigger = [
      {
        Sid      = "StartExecutions"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = [local.state_machine_arn]
      },
    ]

    # The rule of a trigger starts the state machine of the trigger.
    TriggerRule = [
      {
        Sid      = "StartTriggers"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = ["${local.state_machine_arn}-trigger-*"]
      },
    ]

    Scheduler = [
      {
        Sid      = "Sweep"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = ["${local.function_arns["EC2Stopper"]}:*"]
      },
      {
        Sid      = "StartExecutions"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = [local.state_machine_arn, local.fleet_arn, local.schedule_arns]
      },
    ]
  }

  role_statements = merge(local.other_statements, { for name, statements in local.function_statements :
    name => concat(statements, local.function_logs[name], local.function_traces)
  })

  # Drops statements without resources: this deployment does not need them, and IAM refuses them.
  policies = { for role, statements in local.role_statements : role => {
    Version   = "2012-10-17"
    Statement = [for statement in statements : statement if length(statement.Resource) > 0]
  } }

  # Prevents another account from making an AWS service assume one of our roles:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
  for_us_only = { StringEquals = { "aws:SourceAccount" = local.account_id } }

  takers = merge(
    { for name, arn in local.function_arns : name => { service = "lambda.amazonaws.com", condition = {} } },
    {
      # Lambda and EC2 give a role only to functions and instances of the role's own account, and send no source account.
      Instance     = { service = "ec2.amazonaws.com", condition = {} }
      StateMachine = { service = "states.amazonaws.com", condition = local.for_us_only }
      Fleet        = { service = "states.amazonaws.com", condition = local.for_us_only }
      Outcomes     = { service = "states.amazonaws.com", condition = local.for_us_only }
      Events       = { service = "events.amazonaws.com", condition = local.for_us_only }
      Scheduler    = { service = "scheduler.amazonaws.com", condition = local.for_us_only }
      Trigger      = { service = "states.amazonaws.com", condition = local.for_us_only }
      TriggerRule  = { service = "events.amazonaws.com", condition = local.for_us_only }
    },
  )

  trust = { for role, taker in local.takers : role => {
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Action    = ["sts:AssumeRole"]
        Principal = { Service = taker.service }
      },
      length(taker.condition) == 0 ? {} : { Condition = taker.condition },
    )]
  } }
}
