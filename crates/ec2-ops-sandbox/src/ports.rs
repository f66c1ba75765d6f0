//! The ports of the core, answered by the model in process: each call passes a [`Gate`], as on AWS each passes a network.

mod shapes;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use ec2_ops::ids::{CommandId, ExecutionId, InstanceId, Region, StateMachineId, TaskToken, VolumeId};
use ec2_ops::ports::{
    Agents, Clock, Command, Commands, Delivery, ExecutionState, Executions, Instance, InstanceState,
    Instances, Invocation, InvocationStatus, Launch, Object, Objects, OutputTarget, Volume, Volumes, Wake,
    WakeTokens,
};
use ec2_ops::tags::Tags;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::deployment::Names;
use crate::ec2::api;
use crate::iam::{On, Role};
use crate::s3::ListObjectsV2;
use crate::ssm::api as ssm;
use crate::stepfunctions::api::{
    DescribeExecutionRequest, ListExecutionsRequest, SendTaskFailureRequest, SendTaskSuccessRequest,
};
use crate::{Account, AwsError};
use shapes::{current_state, filters, instance, object, run_instances, send_command, volume};

/// Entries of a page, as the SDK adapters ask for them.
const PAGE: usize = 1000;

type Answer<T> = Result<T, ec2_ops::AwsError>;

/// What stands between a caller and the model: time, and whatever goes wrong on the way.
pub trait Gate: Send + Sync {
    /// Lets a call of `action` have its `effect`, or not, and answer, or not.
    fn pass<T: Send>(
        &self,
        action: &'static str,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> impl Future<Output = Answer<T>> + Send;
}

/// All ports, over one account.
pub struct Ports<G> {
    account: Account,
    names: Arc<Names>,
    gate: G,
    role: Option<Arc<Role>>,
}

impl<G: Gate> Ports<G> {
    /// The ports of `account`, through `gate`.
    pub fn new(account: Account, names: Arc<Names>, gate: G) -> Self {
        Self { account, names, gate, role: None }
    }

    /// The same ports, in the hands of somebody who may do what `role` allows, or everything without one.
    pub(crate) fn acting_as(self, role: Option<Arc<Role>>) -> Self {
        Self { role, ..self }
    }

    /// A call that reaches AWS counts against the account's quotas there, and is judged, before it has its effect.
    async fn call<T: Send>(
        &self,
        region: &str,
        action: &'static str,
        on: On<'_>,
        effect: impl FnOnce() -> Result<T, AwsError> + Send,
    ) -> Answer<T> {
        let admitted = || {
            self.account.platform.quotas.admit(region, action)?;
            if let Some(role) = &self.role {
                role.permit(region, action, on, &self.account.platform, &self.account.ec2)?;
            }
            effect()
        };
        self.gate.pass(action, admitted).await
    }
}

/// An answer of the model as the SDK adapters would read it.
pub fn refused(action: &'static str, error: AwsError) -> ec2_ops::AwsError {
    // The answer to a HEAD request has no body, so what there is of a code is the status.
    let code = match (action, error.code.as_str()) {
        ("HeadBucket" | "HeadObject", "NoSuchBucket" | "NoSuchKey") => "NotFound".to_owned(),
        ("HeadBucket" | "HeadObject", _) => format!("Http{}", error.status),
        _ => error.code,
    };
    ec2_ops::AwsError::new(action, code, error.message, Some(error.status))
}

impl<G: Gate> Clock for Ports<G> {
    fn now(&self) -> Timestamp {
        self.account.platform.clock.now()
    }
}

impl<G: Gate> Instances for Ports<G> {
    async fn launch(&self, region: &Region, launch: &Launch) -> Answer<Instance> {
        let request = run_instances(launch).map_err(|error| refused("RunInstances", error))?;
        let effect = || self.account.ec2.run_instances(region.as_str(), &request);
        let reservation = self.call(region.as_str(), "RunInstances", On::Launch(&request), effect).await?;
        reservation.instances.first().map(instance).ok_or_else(|| unexpected("RunInstances", "no instance"))
    }

    async fn describe(&self, region: &Region, id: &InstanceId) -> Answer<Option<Instance>> {
        let request =
            api::DescribeInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        match self.instances(region, &request).await {
            Ok((found, _)) => Ok(found.into_iter().next()),
            Err(error) if error.code == "InvalidInstanceID.NotFound" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn find(&self, region: &Region, tags: &Tags) -> Answer<Vec<Instance>> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let (filters, max_results) = (filters(tags), Some(PAGE));
            let request =
                api::DescribeInstancesRequest { filters, max_results, next_token, ..Default::default() };
            let page = self.instances(region, &request).await?;
            found.extend(page.0);
            next_token = page.1;
            if next_token.is_none() {
                return Ok(found);
            }
        }
    }

    async fn stop(&self, region: &Region, id: &InstanceId) -> Answer<InstanceState> {
        let request = api::StopInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        let effect = || self.account.ec2.stop_instances(region.as_str(), &request);
        let changed = self
            .call(region.as_str(), "StopInstances", On::Instance(id.as_str()), effect)
            .await?
            .stopping_instances;
        changed.first().map(current_state).ok_or_else(|| unexpected("StopInstances", "no instance"))
    }

    async fn terminate(&self, region: &Region, id: &InstanceId) -> Answer<InstanceState> {
        let request =
            api::TerminateInstancesRequest { instance_ids: vec![id.to_string()], ..Default::default() };
        let effect = || self.account.ec2.terminate_instances(region.as_str(), &request);
        let changed = self
            .call(region.as_str(), "TerminateInstances", On::Instance(id.as_str()), effect)
            .await?
            .terminating_instances;
        changed.first().map(current_state).ok_or_else(|| unexpected("TerminateInstances", "no instance"))
    }
}

impl<G: Gate> Ports<G> {
    /// One page, and the token of the next.
    async fn instances(
        &self,
        region: &Region,
        request: &api::DescribeInstancesRequest,
    ) -> Answer<(Vec<Instance>, Option<String>)> {
        let effect = || self.account.ec2.describe_instances(region.as_str(), request);
        let answer = self.call(region.as_str(), "DescribeInstances", On::Anything("ec2"), effect).await?;
        let instances = answer.reservations.iter().flat_map(|reservation| &reservation.instances);
        Ok((instances.map(instance).collect(), answer.next_token))
    }
}

impl<G: Gate> Volumes for Ports<G> {
    async fn find(&self, region: &Region, tags: &Tags) -> Answer<Vec<Volume>> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let (filters, max_results) = (filters(tags), Some(PAGE));
            let request =
                api::DescribeVolumesRequest { filters, max_results, next_token, ..Default::default() };
            let effect = || self.account.ec2.describe_volumes(region.as_str(), &request);
            let answer = self.call(region.as_str(), "DescribeVolumes", On::Anything("ec2"), effect).await?;
            found.extend(answer.volumes.iter().map(volume));
            next_token = answer.next_token;
            if next_token.is_none() {
                return Ok(found);
            }
        }
    }

    async fn detach(&self, region: &Region, id: &VolumeId) -> Answer<()> {
        let request = api::DetachVolumeRequest { volume_id: id.to_string(), ..Default::default() };
        let effect = || self.account.ec2.detach_volume(region.as_str(), &request).map(drop);
        self.call(region.as_str(), "DetachVolume", On::Attachment(id.as_str()), effect).await
    }

    async fn delete(&self, region: &Region, id: &VolumeId) -> Answer<()> {
        let request = api::DeleteVolumeRequest { volume_id: id.to_string(), ..Default::default() };
        let effect = || self.account.ec2.delete_volume(region.as_str(), &request).map(drop);
        self.call(region.as_str(), "DeleteVolume", On::Volume(id.as_str()), effect).await
    }
}

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
    async fn send(&self, region: &Region, command: &Command) -> Answer<CommandId> {
        let request = send_command(command);
        let effect = || self.account.ssm.send_command(region.as_str(), request.clone());
        let answer = self.call(region.as_str(), "SendCommand", On::Command(&request), effect).await?;
        Ok(CommandId::new(answer.command.command_id))
    }

    async fn find(&self, region: &Region, instance: &InstanceId, comment: &str) -> Answer<Option<CommandId>> {
        let (mut oldest, mut next_token) = (None, None);
        loop {
            let instance_id = Some(instance.to_string());
            let request = ssm::ListCommandsRequest { instance_id, next_token, ..Default::default() };
            let effect = || self.account.ssm.list_commands(region.as_str(), &request);
            let page = self.call(region.as_str(), "ListCommands", On::Anything("ssm"), effect).await?;
            // The newest come first.
            oldest = page.commands.into_iter().rfind(|command| command.comment == comment).or(oldest);
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(oldest.map(|command| CommandId::new(command.command_id)));
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
        let answer =
            match self.call(region.as_str(), "GetCommandInvocation", On::Anything("ssm"), effect).await {
                Err(error) if error.code == "InvocationDoesNotExist" => return Ok(None),
                answer => answer?,
            };
        Ok(Some(Invocation {
            status: InvocationStatus::parse(&answer.status_details),
            exit_code: Some(answer.response_code).filter(|code| *code != -1),
            stderr: answer.standard_error_content,
            started_at: answer.execution_start_date_time.parse().ok(),
            ended_at: answer.execution_end_date_time.parse().ok(),
        }))
    }
}

impl<G: Gate> Objects for Ports<G> {
    async fn bucket_exists(&self, region: &Region, bucket: &str) -> Answer<bool> {
        let effect = || self.account.s3.head_bucket(bucket);
        match self.call(region.as_str(), "HeadBucket", On::Bucket(bucket), effect).await {
            Ok(_) => Ok(true),
            Err(error) if error.code == "NotFound" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> Answer<Option<Object>> {
        match target {
            OutputTarget::Key { bucket, key } => {
                let effect = || self.account.s3.get_object(bucket, key);
                match self.call(region.as_str(), "HeadObject", On::Object { bucket, key }, effect).await {
                    Ok(found) => object(key, &found).map(Some),
                    Err(error) if error.code == "NotFound" => Ok(None),
                    Err(error) => Err(error),
                }
            }
            OutputTarget::Prefix { prefix, .. } => {
                match self.newest_listed(region, target, prefix.trim_end_matches('/'), enough).await {
                    Err(error) if error.code == "NoSuchBucket" => Ok(None),
                    answer => answer,
                }
            }
        }
    }
}

impl<G: Gate> Ports<G> {
    /// The newest of all objects that `target` covers, page by page until one is not older than `enough`.
    async fn newest_listed(
        &self,
        region: &Region,
        target: &OutputTarget,
        prefix: &str,
        enough: Timestamp,
    ) -> Answer<Option<Object>> {
        let bucket = target.bucket();
        let (mut newest, mut after) = (None::<Object>, None);
        loop {
            let query = ListObjectsV2 { prefix, start_after: after.as_deref(), ..ListObjectsV2::default() };
            let effect = || self.account.s3.list_objects_v2(bucket, query);
            let page = self.call(region.as_str(), "ListObjectsV2", On::Bucket(bucket), effect).await?;
            for (key, found) in page.contents.iter().filter(|(key, _)| target.covers(key)) {
                newest = newest.into_iter().chain([object(key, found)?]).max_by_key(|o| o.last_modified);
            }
            after = page.next;
            if after.is_none() || newest.as_ref().is_some_and(|object| object.last_modified >= enough) {
                return Ok(newest);
            }
        }
    }
}

impl<G: Gate> WakeTokens for Ports<G> {
    async fn put(&self, wake: &Wake) -> Answer<()> {
        let item = json!({
            "instance_id": { "S": wake.watch.instance },
            "token": { "S": wake.token },
            "wake": { "S": serde_json::to_string(wake).unwrap_or_default() },
        });
        self.dynamodb("PutItem", json!({ "TableName": self.names.wake_table, "Item": item })).await.map(drop)
    }

    async fn get(&self, instance: &InstanceId) -> Answer<Option<Wake>> {
        let key = json!({ "instance_id": { "S": instance } });
        let answer =
            self.dynamodb("GetItem", json!({ "TableName": self.names.wake_table, "Key": key })).await?;
        match answer["Item"]["wake"]["S"].as_str() {
            None => Ok(None),
            Some(text) => Ok(Some(parse("GetItem", text)?)),
        }
    }

    async fn delete(&self, instance: &InstanceId, token: &TaskToken) -> Answer<()> {
        let request = json!({
            "TableName": self.names.wake_table,
            "Key": { "instance_id": { "S": instance } },
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": { "#token": "token" },
            "ExpressionAttributeValues": { ":token": { "S": token } },
        });
        match self.dynamodb("DeleteItem", request).await {
            Err(error) if error.code != "ConditionalCheckFailedException" => Err(error),
            _ => Ok(()),
        }
    }
}

impl<G: Gate> Ports<G> {
    async fn dynamodb(&self, action: &'static str, request: Value) -> Answer<Value> {
        let on = On::Table(&self.names.wake_table);
        self.call(&self.names.region, action, on, || {
            self.account.dynamodb.call(action, request.to_string().as_bytes())
        })
        .await
    }
}

impl<G: Gate> Executions for Ports<G> {
    async fn complete(&self, token: &TaskToken, output: &Value) -> Answer<Delivery> {
        let request = SendTaskSuccessRequest { task_token: token.to_string(), output: output.to_string() };
        let effect = || self.account.stepfunctions.send_task_success(&request).map(drop);
        delivery(self.call(&self.names.region, "SendTaskSuccess", On::Anything("states"), effect).await)
    }

    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Answer<Delivery> {
        let request = SendTaskFailureRequest {
            task_token: token.to_string(),
            error: Some(error.to_owned()),
            cause: Some(cause.to_owned()),
        };
        let effect = || self.account.stepfunctions.send_task_failure(request).map(drop);
        delivery(self.call(&self.names.region, "SendTaskFailure", On::Anything("states"), effect).await)
    }

    async fn running(&self, state_machine: &StateMachineId) -> Answer<BTreeSet<ExecutionId>> {
        let mut running = BTreeSet::new();
        let mut next_token = None;
        loop {
            let request = ListExecutionsRequest {
                state_machine_arn: state_machine.to_string(),
                status_filter: Some("RUNNING".to_owned()),
                max_results: Some(PAGE),
                next_token,
            };
            let effect = || self.account.stepfunctions.list_executions(&request);
            let page = self
                .call(&self.names.region, "ListExecutions", On::States(state_machine.as_str()), effect)
                .await?;
            running.extend(page.executions.into_iter().map(|item| ExecutionId::new(item.execution_arn)));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(running);
            }
        }
    }

    async fn state(&self, execution: &ExecutionId) -> Answer<ExecutionState> {
        let request = DescribeExecutionRequest { execution_arn: execution.to_string() };
        let effect = || self.account.stepfunctions.describe_execution(&request);
        match self.call(&self.names.region, "DescribeExecution", On::States(execution.as_str()), effect).await
        {
            Ok(described) if described.status == "RUNNING" => Ok(ExecutionState::Running),
            Ok(_) => Ok(ExecutionState::Over),
            Err(error) if error.code == "ExecutionDoesNotExist" => Ok(ExecutionState::Unknown),
            Err(error) => Err(error),
        }
    }
}

fn delivery(answer: Answer<()>) -> Answer<Delivery> {
    match answer {
        Ok(()) => Ok(Delivery::Accepted),
        Err(error) if matches!(error.code.as_str(), "TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
            Ok(Delivery::Stale)
        }
        Err(error) => Err(error),
    }
}

fn parse<T: DeserializeOwned>(action: &'static str, text: &str) -> Answer<T> {
    serde_json::from_str(text).map_err(|error| unexpected(action, &error.to_string()))
}

fn unexpected(action: &'static str, what: &str) -> ec2_ops::AwsError {
    ec2_ops::AwsError::new(action, "UnexpectedAnswer", what, Some(400))
}
