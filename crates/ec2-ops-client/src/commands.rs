//! Commands of SSM: how one stands, and a script that is sent past the state machine.

use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use jiff::Timestamp;

use crate::{Client, Error};

/// How a command stands on its instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// SSM's detailed status, `InProgress`.
    pub status: String,
    /// When the agent reported its end.
    pub ended: Option<Timestamp>,
    /// What SSM keeps of its standard output.
    pub stdout: String,
}

impl Client {
    /// How `command` stands on `instance` in `region`.
    ///
    /// # Errors
    /// Where SSM does not know it, or cannot be asked.
    pub async fn invocation(&self, region: &str, instance: &str, command: &str) -> Result<Invocation, Error> {
        let call = self.ssm(region).get_command_invocation().instance_id(instance).command_id(command);
        let answer = call.send().await.map_err(|error| Error::of_call("GetCommandInvocation", &error))?;
        Ok(read(&answer))
    }

    /// Sends `script` to `instance` in `region`, as a command that no execution knows of. Returns its id.
    ///
    /// # Errors
    /// Where SSM refuses it, or gives no answer.
    pub async fn send(&self, region: &str, instance: &str, script: &str) -> Result<String, Error> {
        let call = self.ssm(region).send_command().document_name("AWS-RunShellScript");
        let call = call.instance_ids(instance).parameters("commands", vec![script.to_owned()]);
        let sent = call.send().await.map_err(|error| Error::of_call("SendCommand", &error))?;
        let id = sent.command().and_then(|command| command.command_id());
        Ok(id.unwrap_or_default().to_owned())
    }

    /// Cancels a command.
    ///
    /// # Errors
    /// Where SSM refuses it, or gives no answer.
    pub async fn cancel(&self, region: &str, command: &str) -> Result<(), Error> {
        let call = self.ssm(region).cancel_command().command_id(command);
        call.send().await.map_err(|error| Error::of_call("CancelCommand", &error))?;
        Ok(())
    }
}

fn read(answer: &GetCommandInvocationOutput) -> Invocation {
    Invocation {
        status: answer.status_details().unwrap_or_default().to_owned(),
        ended: answer.execution_end_date_time().and_then(|time| time.parse().ok()),
        stdout: answer.standard_output_content().unwrap_or_default().to_owned(),
    }
}
