//! SSM: agents, and the commands that they run.

use jiff::{SignedDuration, Timestamp};

use ec2_ops::ids::{CommandId, InstanceId, Region};
use ec2_ops::ports::{Agents, Command, Commands, Invocation, InvocationStatus, SentCommand};

use super::{Answer, Gate, Part, Ports};
use ec2_ops_sandbox::iam::On;
use ec2_ops_sandbox::ssm::api as ssm;

impl<G: Gate> Agents for Ports<G> {
    async fn online(&self, region: &Region, id: &InstanceId) -> Answer<bool> {
        let filter = ssm::InstanceInformationStringFilter {
            key: "InstanceIds".to_owned(),
            values: vec![id.to_string()],
        };
        let request = ssm::DescribeInstanceInformationRequest { filters: vec![filter], ..Default::default() };
        let effect = || self.account.ssm.describe_instance_information(region.as_str(), &request);
        let answer =
            self.call(region.as_str(), "DescribeInstanceInformation", On::Anything("ssm"), effect).await?;
        Ok(answer.instance_information_list.iter().any(|agent| agent.ping_status == "Online"))
    }
}

impl<G: Gate> Commands for Ports<G> {
    async fn send(&self, region: &Region, command: &Command) -> Answer<SentCommand> {
        let request = send_command(command);
        let effect = || self.account.ssm.send_command(region.as_str(), request.clone());
        let answer = self.call(region.as_str(), "SendCommand", On::Command(&request), effect).await?;
        Ok(sent(&answer.command))
    }

    async fn find(&self, region: &Region, instance: &InstanceId, comment: &str) -> Answer<Vec<SentCommand>> {
        let (mut found, mut next_token) = (Vec::new(), None);
        loop {
            let instance_id = Some(instance.to_string());
            let request = ssm::ListCommandsRequest { instance_id, next_token, ..Default::default() };
            let effect = || self.account.ssm.list_commands(region.as_str(), &request);
            let page = self.call(region.as_str(), "ListCommands", On::Anything("ssm"), effect).await?;
            found.extend(page.commands.iter().filter(|command| command.comment == comment).map(sent));
            next_token = page.next_token;
            if next_token.is_none() {
                // The newest come first.
                found.reverse();
                return Ok(found);
            }
        }
    }

    async fn invocation(
        &self,
        region: &Region,
        instance: &InstanceId,
        command: &CommandId,
    ) -> Answer<Option<Invocation>> {
        let request = ssm::GetCommandInvocationRequest {
            command_id: command.to_string(),
            instance_id: instance.to_string(),
            plugin_name: None,
        };
        let effect = || self.account.ssm.get_command_invocation(region.as_str(), &request);
        let answer = match self
            .call(region.as_str(), "GetCommandInvocation", On::Anything("ssm"), effect)
            .await
        {
            Err(error) if matches!(error.code.as_str(), "InvocationDoesNotExist" | "InvalidInstanceId") => {
                return Ok(None);
            }
            answer => answer?,
        };
        let has_times = !self.gate.loses(Part::CommandTimes(command.as_str()));
        let time = |text: &str| text.parse().ok().filter(|_| has_times);
        Ok(Some(Invocation {
            status: InvocationStatus::parse(&answer.status_details),
            exit_code: Some(answer.response_code).filter(|code| *code != -1),
            stdout: answer.standard_output_content,
            stderr: answer.standard_error_content,
            started_at: time(&answer.execution_start_date_time),
            ended_at: time(&answer.execution_end_date_time),
        }))
    }
}

fn sent(command: &ssm::Command) -> SentCommand {
    let since_epoch = SignedDuration::try_from_secs_f64(command.requested_date_time).ok();
    let requested_at = since_epoch.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok());
    SentCommand { id: CommandId::new(&command.command_id), requested_at }
}

fn send_command(command: &Command) -> ssm::SendCommandRequest {
    let timeout = command.execution_timeout.as_secs().to_string();
    ssm::SendCommandRequest {
        document_name: "AWS-RunShellScript".to_owned(),
        instance_ids: vec![command.instance.to_string()],
        parameters: [
            ("commands".to_owned(), vec![command.script.clone()]),
            ("executionTimeout".to_owned(), vec![timeout]),
        ]
        .into(),
        timeout_seconds: u32::try_from(command.delivery_timeout.as_secs()).ok(),
        comment: Some(command.comment.clone()),
        output_s3_bucket_name: command.logs.s3.as_ref().map(|s3| s3.bucket.clone()),
        output_s3_key_prefix: command.logs.s3.as_ref().map(|s3| s3.prefix.clone()),
        ..Default::default()
    }
}
