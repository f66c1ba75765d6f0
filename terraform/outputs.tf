locals {
  start_execution = "aws stepfunctions start-execution --region ${local.region} --state-machine-arn ${aws_sfn_state_machine.this.arn} --input file://run.json"
}

output "start_execution" {
  description = "The command that runs a document, run.json."
  value       = local.start_execution
}

output "next" {
  description = "What to type next."
  value       = <<-EOT
    # run the document run.json; prints an executionArn
    ${local.start_execution}
    # what became of it: .outcome of its output
    aws stepfunctions describe-execution --region ${local.region} --query output --output text --execution-arn EXECUTION_ARN
    # what the functions say, as they say it
    aws logs tail --region ${local.region} --follow ${local.function_log_groups["EC2Stopper"]}
    # stop it: its instance is ended, too
    aws stepfunctions stop-execution --region ${local.region} --execution-arn EXECUTION_ARN
  EOT
}

output "console" {
  description = "The executions in the console."
  value       = "https://${local.region}.console.aws.amazon.com/states/home?region=${local.region}#/statemachines/view/${aws_sfn_state_machine.this.arn}"
}

output "state_machine_arn" {
  description = "The state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "function_versions" {
  description = "The versions of the functions that new executions run."
  value       = local.function_versions
}

output "log_groups" {
  description = "The log groups: of the functions, by name, of the state machine, and of commands, if there is one."
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

output "instance_defaults" {
  description = "What instances get, by region, whose documents name nothing themselves."
  value       = local.instance_defaults
}

output "instance_role_arn" {
  description = "The role of the instances."
  value       = aws_iam_role.this["Instance"].arn
}

output "home" {
  description = "What modules/region needs to know of the deployment."
  value = {
    event_bus_arn     = "arn:${local.partition}:events:${local.of_account}:event-bus/default"
    events_role_arn   = try(aws_iam_role.this["Events"].arn, null)
    command_log_group = local.log_group_name
    retention_days    = var.logs.retention_days
  }
}

output "outcome_topic_arn" {
  description = "The topic that tells of the end of every execution, or null."
  value       = one(values(aws_sns_topic.outcomes)[*].arn)
}
