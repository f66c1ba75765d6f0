locals {
  start_execution = "aws stepfunctions start-execution --region ${local.region} --state-machine-arn ${aws_sfn_state_machine.this.arn} --input file://run.json"
}

output "start_execution" {
  description = "The command that starts an execution of the document run.json."
  value       = local.start_execution
}

output "next" {
  description = "The commands to type next."
  value       = <<-EOT
    # run the document run.json; this prints an executionArn
    ${local.start_execution}
    # see how it ended: field `outcome` of the output
    aws stepfunctions describe-execution --region ${local.region} --query output --output text --execution-arn EXECUTION_ARN
    # follow the log of a function
    aws logs tail --region ${local.region} --follow ${local.function_log_groups["EC2Stopper"]}
    # stop it, and its instance
    aws stepfunctions stop-execution --region ${local.region} --execution-arn EXECUTION_ARN
  EOT
}

output "console" {
  description = "The address of the executions in the AWS console."
  value       = "https://${local.region}.${local.console}/states/home?region=${local.region}#/statemachines/view/${aws_sfn_state_machine.this.arn}"
}

output "state_machine_arn" {
  description = "The ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "fleet_state_machine_arn" {
  description = "The ARN of the state machine of fleets."
  value       = aws_sfn_state_machine.fleet.arn
}

output "function_versions" {
  description = "The versions of the functions that new executions run."
  value       = local.function_versions
}

output "log_groups" {
  description = "The log groups: one for each function, by its name, `state_machine`, and `commands` if it exists."
  value = merge(
    { for name, group in aws_cloudwatch_log_group.function : name => group.name },
    { state_machine = aws_cloudwatch_log_group.state_machine.name },
    { for group in aws_cloudwatch_log_group.commands : "commands" => group.name },
  )
}

output "log_bucket" {
  description = "The bucket that keeps the complete output of commands, or null."
  value       = one(aws_s3_bucket.logs[*].bucket)
}

output "ledger" {
  description = "Where to ask the ledger in SQL: workgroup and database of Athena, or null."
  value       = var.logs.command_bucket ? { workgroup = aws_athena_workgroup.ledger[0].name, database = aws_glue_catalog_database.ledger[0].name } : null
}

output "instance_defaults" {
  description = "For each region: the profile, security groups and subnets of instances whose documents name none."
  value       = local.instance_defaults
}

output "instance_role_arn" {
  description = "The ARN of the instances' role."
  value       = aws_iam_role.this["Instance"].arn
}

output "home" {
  description = "The input `home` of modules/region."
  value = {
    event_bus_arn     = local.event_bus_arn
    events_role_arn   = try(aws_iam_role.this["Events"].arn, null)
    command_log_group = local.log_group_name
    retention_days    = var.logs.retention_days
  }
}

output "outcome_topic_arn" {
  description = "The ARN of the topic with a message for the end of every execution, or null."
  value       = one(values(aws_sns_topic.outcomes)[*].arn)
}
