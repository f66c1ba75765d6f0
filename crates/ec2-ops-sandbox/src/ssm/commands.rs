//! The life of a command: sent, delivered, ended.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::api::{CancelCommandRequest, CancelCommandResponse, SendCommandRequest, SendCommandResponse};
use super::{CommandRecord, EndStatus, Parameters, Script, ScriptEnd, Ssm, Status, Unsent};
use crate::lock::lock;
use crate::s3::NewObject;
use crate::{AwsError, Event};

const DOCUMENT: &str = "AWS-RunShellScript";
/// How large document and parameters may be together, in bytes.
/// See <https://docs.aws.amazon.com/general/latest/gr/ssm.html>.
const MAX_SIZE: usize = 64 * 1024;
/// How large the document is, in bytes.
const DOCUMENT_SIZE: usize = 1_200;
/// `TimeoutSeconds` where the call has none, in seconds.
pub(super) const DEFAULT_DELIVERY_TIMEOUT_S: u32 = 3600;
/// `executionTimeout` where the call has none, in seconds.
const DEFAULT_EXECUTION_TIMEOUT_S: u64 = 3600;

impl Ssm {
    /// `SendCommand`, to one instance. Each call is a new command.
    pub fn send_command(
        &self,
        region: &str,
        request: SendCommandRequest,
    ) -> Result<SendCommandResponse, AwsError> {
        check(&request)?;
        let [instance] = request.instance_ids.as_slice() else {
            return Err(AwsError::unmodelled("SendCommand to other than one instance"));
        };
        let instance = instance.clone();
        let id = self.shared.platform.uuid();
        let delivery_timeout = request.timeout_seconds.unwrap_or(DEFAULT_DELIVERY_TIMEOUT_S);
        let record = CommandRecord {
            id: id.clone(),
            region: region.to_owned(),
            instance: instance.clone(),
            request,
            requested: self.shared.platform.clock.now(),
            status: Status::Pending,
            started: None,
            ended: None,
            end: None,
            unsent: Unsent::default(),
        };
        let answer = SendCommandResponse { command: record.listed() };
        {
            let mut state = lock(&self.shared.state);
            if !state.agents.get(&instance).is_some_and(|agent| agent.online && agent.region == region) {
                let account = &self.shared.platform.account_id;
                let message = format!("Instances [[{instance}]] not in a valid state for account {account}");
                return Err(AwsError::client("InvalidInstanceId", message));
            }
            state.by_instance.entry(instance).or_default().push(id.clone());
            state.commands.insert(id.clone(), record);
        }
        let (low, high) = self.shared.config.delivery;
        self.later(self.shared.platform.between(low, high), &id, Self::deliver);
        self.later(Duration::from_secs(delivery_timeout.into()), &id, Self::give_up);
        Ok(answer)
    }

    /// `CancelCommand`.
    pub fn cancel_command(
        &self,
        region: &str,
        request: &CancelCommandRequest,
    ) -> Result<CancelCommandResponse, AwsError> {
        let (instance, status) = {
            let state = lock(&self.shared.state);
            let command = state.commands.get(&request.command_id).filter(|command| command.region == region);
            let command = command.ok_or_else(|| AwsError::client("InvalidCommandId", ""))?;
            (command.instance.clone(), command.status)
        };
        match status {
            Status::Pending => {
                self.change(&request.command_id, Status::Pending, Status::Cancelled, None);
            }
            Status::InProgress => self.shared.runner.cancel(&instance, &request.command_id),
            _ => {}
        }
        Ok(CancelCommandResponse {})
    }

    /// The agent reports how a script ended.
    pub fn ended(&self, command_id: &str, end: ScriptEnd) {
        let status = match end.status {
            EndStatus::Success => Status::Success,
            EndStatus::Failed => Status::Failed,
            EndStatus::TimedOut => Status::ExecutionTimedOut,
            EndStatus::Cancelled => Status::Cancelled,
        };
        self.upload(command_id, &end);
        self.send_rest(command_id);
        self.change(command_id, Status::InProgress, status, Some(end));
    }

    fn later(&self, delay: Duration, id: &str, then: fn(&Self, &str)) {
        let (ssm, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            then(&ssm, &id);
        });
    }

    /// Passes the command to the agent if it is online; else the command stays pending.
    pub(super) fn deliver(&self, id: &str) {
        let script = {
            let state = lock(&self.shared.state);
            let Some(command) = state.commands.get(id) else { return };
            if !state.agents.get(&command.instance).is_some_and(|agent| agent.online) {
                return;
            }
            (command.instance.clone(), command.script())
        };
        let (instance, script) = script;
        if self.change(id, Status::Pending, Status::InProgress, None) {
            self.shared.runner.run(&instance, &script);
        }
    }

    fn give_up(&self, id: &str) {
        self.change(id, Status::Pending, Status::DeliveryTimedOut, None);
    }

    /// Moves a command from one status to another, and publishes that. Returns whether it was in the first.
    fn change(&self, id: &str, from: Status, to: Status, end: Option<ScriptEnd>) -> bool {
        let now = self.shared.platform.clock.now();
        let event = {
            let mut state = lock(&self.shared.state);
            let Some(command) = state.commands.get_mut(id).filter(|command| command.status == from) else {
                return false;
            };
            command.status = to;
            if to == Status::InProgress {
                command.started = Some(now);
            } else {
                (command.ended, command.end) = (Some(now), end);
            }
            event(command)
        };
        self.shared.platform.events.publish(&event);
        true
    }

    /// Keeps the complete output where the command asked for it, in the layout of the SSM agent.
    fn upload(&self, id: &str, end: &ScriptEnd) {
        let target = lock(&self.shared.state).commands.get(id).and_then(CommandRecord::output_prefix);
        let Some((bucket, prefix)) = target else { return };
        let whole = |path: Option<&std::path::PathBuf>, kept: &str| {
            path.and_then(|path| std::fs::read(path).ok()).unwrap_or_else(|| kept.as_bytes().to_vec())
        };
        let (stdout, stderr) = end.files.as_ref().map(|(out, err)| (out, err)).unzip();
        for (name, text) in [("stdout", whole(stdout, &end.stdout)), ("stderr", whole(stderr, &end.stderr))] {
            let object = NewObject { body: Bytes::from(text), ..NewObject::default() };
            // As with the real agent, a bucket that cannot be written to loses the log and not the command.
            let _ = self.shared.s3.put_object(&bucket, &format!("{prefix}/{name}"), object);
        }
    }
}

impl CommandRecord {
    fn script(&self) -> Script {
        let timeout = self.request.parameters.get("executionTimeout").and_then(|values| values.first());
        let seconds = timeout.and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_EXECUTION_TIMEOUT_S);
        Script {
            command_id: self.id.clone(),
            comment: self.request.comment.clone().unwrap_or_default(),
            text: self.request.parameters.get("commands").map(|lines| lines.join("\n")).unwrap_or_default(),
            timeout: Duration::from_secs(seconds),
        }
    }

    /// See <https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html>.
    pub(super) fn output_prefix(&self) -> Option<(String, String)> {
        let bucket = self.request.output_s3_bucket_name.clone()?;
        let prefix = self.request.output_s3_key_prefix.as_deref().unwrap_or_default().trim_matches('/');
        let path = format!("{}/{}/awsrunShellScript/0.awsrunShellScript", self.id, self.instance);
        Some((bucket, if prefix.is_empty() { path } else { format!("{prefix}/{path}") }))
    }
}

/// See <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-rc-eventbridge.html>.
fn event(command: &CommandRecord) -> Event {
    Event {
        source: "aws.ssm".to_owned(),
        detail_type: "EC2 Command Invocation Status-change Notification".to_owned(),
        region: command.region.clone(),
        resources: vec![format!("arn:aws:ec2:{}:000000000000:instance/{}", command.region, command.instance)],
        detail: json!({
            "command-id": command.id,
            "document-name": command.request.document_name,
            "instance-id": command.instance,
            "requested-date-time": command.requested.to_string(),
            "status": command.status.word(),
        }),
    }
}

fn check(request: &SendCommandRequest) -> Result<(), AwsError> {
    if request.document_name != DOCUMENT {
        let message =
            format!("Document {} does not exist in the sandbox, only {DOCUMENT}", request.document_name);
        return Err(AwsError::client("InvalidDocument", message));
    }
    if !matches!(request.document_version.as_deref(), None | Some("$DEFAULT" | "$LATEST" | "1")) {
        return Err(AwsError::client("InvalidDocumentVersion", "The document version is not valid"));
    }
    let delivery = request.timeout_seconds.unwrap_or(DEFAULT_DELIVERY_TIMEOUT_S);
    if !(30..=2_592_000).contains(&delivery) {
        return Err(validation(format!("timeoutSeconds {delivery} is not between 30 and 2592000")));
    }
    if request.comment.as_ref().is_some_and(|comment| comment.chars().count() > 100) {
        return Err(validation("comment is longer than 100 characters"));
    }
    check_parameters(&request.parameters)
}

fn check_parameters(parameters: &Parameters) -> Result<(), AwsError> {
    let invalid = |message: &str| Err(AwsError::client("InvalidParameters", message));
    if let Some(name) =
        parameters.keys().find(|name| !matches!(name.as_str(), "commands" | "executionTimeout"))
    {
        return Err(AwsError::unmodelled(format!("the parameter {name} of {DOCUMENT}")));
    }
    if let Some(reference) = parameters.values().flatten().find_map(|value| parameter_reference(value)) {
        return Err(AwsError::unmodelled(format!(
            "the Parameter Store reference {reference} in a parameter"
        )));
    }
    let size = serde_json::to_string(parameters).map_or(usize::MAX, |json| json.len());
    if size > MAX_SIZE - DOCUMENT_SIZE {
        return Err(AwsError::client("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB."));
    }
    if parameters.get("commands").is_none_or(Vec::is_empty) {
        return invalid("Parameter \"commands\" requires a value.");
    }
    let timeout = parameters.get("executionTimeout").map(Vec::as_slice);
    match timeout {
        None => Ok(()),
        Some([text]) if text.parse().is_ok_and(|seconds: u32| (1..=172_800).contains(&seconds)) => Ok(()),
        Some(_) => invalid("executionTimeout: expected one number of seconds from 1 to 172800"),
    }
}

/// The first `{{ssm:…}}` in a parameter. Run Command puts the value in its place before it sends the command.
fn parameter_reference(value: &str) -> Option<&str> {
    value.match_indices("{{").map(|(at, _)| &value[at..]).find_map(|text| {
        let inside = text.trim_start_matches('{').trim_start();
        (inside.starts_with("ssm:") || inside.starts_with("ssm-secure:"))
            .then(|| text.split_inclusive("}}").next().unwrap_or(text))
    })
}

pub(super) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}
