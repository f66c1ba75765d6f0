//! SSM: agents and Run Command.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::operation::send_command::builders::SendCommandInputBuilder;
use aws_sdk_ssm::types::{
    CloudWatchOutputConfig, Command as SsmCommand, InstanceInformationStringFilter, PingStatus,
};
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::{CommandId, InstanceId, Region};
use ec2_ops::ports::{Agents, Command, Commands, Invocation, InvocationStatus, SentCommand};
use jiff::Timestamp;

use crate::error::{aws_error, timestamp, unexpected};
use crate::regional::Regional;

/// SSM in any region.
#[derive(Debug)]
pub struct Ssm(Regional<Client>);

impl Ssm {
    /// SSM with the credentials and limits of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(Regional::new(config, Client::new))
    }
}

impl Agents for Ssm {
    async fn online(&self, region: &Region, id: &InstanceId) -> Result<bool, AwsError> {
        const ACTION: &str = "DescribeInstanceInformation";
        let filter = InstanceInformationStringFilter::builder()
            .key("InstanceIds")
            .values(id.as_str())
            .build()
            .map_err(|error| unexpected(ACTION, error.to_string()))?;
        let client = self.0.of(region);
        let mut agents =
            client.describe_instance_information().filters(filter).into_paginator().items().send();
        while let Some(agent) = agents.next().await {
            match agent.map_err(aws_error(ACTION)) {
                Ok(agent) if agent.ping_status == Some(PingStatus::Online) => return Ok(true),
                Ok(_) => {}
                // SSM's error code for an instance without a registered agent.
                Err(error) if error.code == "InvalidInstanceId" => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

impl Commands for Ssm {
    async fn send(&self, region: &Region, command: &Command) -> Result<SentCommand, AwsError> {
        const ACTION: &str = "SendCommand";
        let answer = send_command(command)?.send_with(&self.0.of(region)).await;
        answer
            .map_err(aws_error(ACTION))?
            .command
            .and_then(sent)
            .ok_or_else(|| unexpected(ACTION, "the answer has no CommandId"))
    }

    async fn find(
        &self,
        region: &Region,
        instance: &InstanceId,
        comment: &str,
    ) -> Result<Vec<SentCommand>, AwsError> {
        const ACTION: &str = "ListCommands";
        let client = self.0.of(region);
        let mut commands =
            client.list_commands().instance_id(instance.as_str()).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(command) = commands.next().await {
            let command = command.map_err(aws_error(ACTION))?;
            if command.comment.as_deref() != Some(comment) {
                continue;
            }
            found.push(sent(command).ok_or_else(|| unexpected(ACTION, "a command has no CommandId"))?);
        }
        found.sort_by_key(|command| command.requested_at);
        Ok(found)
    }

    async fn invocation(
        &self,
        region: &Region,
        instance: &InstanceId,
        command: &CommandId,
    ) -> Result<Option<Invocation>, AwsError> {
        let client = self.0.of(region);
        let request =
            client.get_command_invocation().instance_id(instance.as_str()).command_id(command.as_str());
        match request.send().await.map_err(aws_error("GetCommandInvocation")) {
            Ok(answer) => Ok(Some(invocation(answer))),
            // `InvalidInstanceId`: the instance is gone.
            Err(error) if matches!(error.code.as_str(), "InvocationDoesNotExist" | "InvalidInstanceId") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// What SSM says of a command that it has accepted, if it says its id.
fn sent(command: SsmCommand) -> Option<SentCommand> {
    let requested_at = command.requested_date_time.as_ref().and_then(timestamp);
    Some(SentCommand { id: CommandId::new(command.command_id?), requested_at })
}

/// The request for `command`. It takes the type apart, so that no field can be forgotten.
fn send_command(command: &Command) -> Result<SendCommandInputBuilder, AwsError> {
    let Command { instance, comment, script, execution_timeout, delivery_timeout, logs } = command;
    let delivery_timeout = i32::try_from(delivery_timeout.as_secs())
        .map_err(|error| unexpected("SendCommand", format!("TimeoutSeconds: {error}")))?;
    let cloudwatch = logs.log_group.as_ref().map(|group| {
        CloudWatchOutputConfig::builder()
            .cloud_watch_log_group_name(group)
            .cloud_watch_output_enabled(true)
            .build()
    });
    Ok(SendCommandInputBuilder::default()
        .document_name("AWS-RunShellScript")
        .instance_ids(instance.as_str())
        .comment(comment)
        .parameters("commands", vec![script.clone()])
        .parameters("executionTimeout", vec![execution_timeout.as_secs().to_string()])
        .timeout_seconds(delivery_timeout)
        .set_output_s3_bucket_name(logs.s3.as_ref().map(|s3| s3.bucket.clone()))
        .set_output_s3_key_prefix(logs.s3.as_ref().map(|s3| s3.prefix.clone()))
        .set_cloud_watch_output_config(cloudwatch))
}

fn invocation(answer: GetCommandInvocationOutput) -> Invocation {
    Invocation {
        status: InvocationStatus::parse(answer.status_details.as_deref().unwrap_or_default()),
        // -1 means that the script has not ended.
        exit_code: Some(answer.response_code).filter(|code| *code != -1),
        stdout: answer.standard_output_content.unwrap_or_default(),
        stderr: answer.standard_error_content.unwrap_or_default(),
        started_at: moment(answer.execution_start_date_time.as_deref()),
        ended_at: moment(answer.execution_end_date_time.as_deref()),
    }
}

/// A time, which SSM leaves empty until the event has happened. It only explains, so one that cannot be read hides no status.
fn moment(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests;
