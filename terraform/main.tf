# All names, and the ARNs that contain them. The roles and the state machine refer to each other. To avoid a cycle, ARNs are
# composed here instead of read from resources.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # The names that users see.
  functions = toset(["EC2StarterFromAMI", "Commander", "EC2Poller", "RunChecker", "EC2Stopper"])

  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  # Provider 6 deprecates `name`, and provider 5 has no `region`.
  region  = data.aws_region.current.id
  regions = concat([local.region], keys(var.additional_regions))

  of_account = "${local.region}:${local.account_id}"

  # What the definitions, which are valid for the partition aws, have in others:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
  integrations = "arn:${local.partition}:states:::"
  console      = lookup({ aws-cn = "console.amazonaws.cn", aws-us-gov = "console.amazonaws-us-gov.com" }, local.partition, "console.aws.amazon.com")

  function_names = { for name in local.functions : name => "${var.prefix}-${name}" }
  function_arns = { for name, full in local.function_names :
    name => "arn:${local.partition}:lambda:${local.of_account}:function:${full}"
  }
  function_log_groups = { for name, full in local.function_names : name => "/aws/lambda/${full}" }
  function_log_group_arns = { for name, group in local.function_log_groups :
    name => "arn:${local.partition}:logs:${local.of_account}:log-group:${group}"
  }

  state_machine_arn = "arn:${local.partition}:states:${local.of_account}:stateMachine:${var.prefix}"
  fleet_arn         = "${local.state_machine_arn}-fleet"

  # The state machine that writes messages about outcomes, if they have a topic.
  outcomes             = "${var.prefix}-outcomes"
  outcome_topic_arn    = var.outcomes.topic ? "arn:${local.partition}:sns:${local.of_account}:${local.outcomes}" : null
  topic_arns           = concat([for arn in [local.outcome_topic_arn] : arn if arn != null], var.outcomes.topic_arns)
  outcome_messages_arn = length(local.topic_arns) == 0 ? null : "arn:${local.partition}:states:${local.of_account}:stateMachine:${local.outcomes}"

  event_bus_arn = "arn:${local.partition}:events:${local.of_account}:event-bus/default"

  wake_table     = "${var.prefix}-wake"
  wake_table_arn = "arn:${local.partition}:dynamodb:${local.of_account}:table/${local.wake_table}"

  # A bucket's name has to be unique in all of AWS.
  log_bucket_name = var.logs.command_bucket ? "${var.prefix}-logs-${local.account_id}-${local.region}" : null
  log_bucket_arn  = var.logs.command_bucket ? "arn:${local.partition}:s3:::${local.log_bucket_name}" : null
  log_group_name  = var.logs.command_log_group ? "/${var.prefix}/commands" : null
  log_group_arn   = var.logs.command_log_group ? "arn:${local.partition}:logs:${local.of_account}:log-group:${local.log_group_name}" : null

  instance_role_arn = "arn:${local.partition}:iam::${local.account_id}:role/${var.prefix}-Instance"
}
