//! The read actions: agents, commands, invocations.

use jiff::Timestamp;

use super::api::{
    Command, CommandFilter, CommandInvocation, CommandPlugin, DescribeInstanceInformationRequest,
    DescribeInstanceInformationResponse, GetCommandInvocationRequest, GetCommandInvocationResponse,
    InstanceInformation, ListCommandInvocationsRequest, ListCommandInvocationsResponse, ListCommandsRequest,
    ListCommandsResponse,
};
use super::commands::{DEFAULT_DELIVERY_TIMEOUT_S, validation};
use super::{Agent, CommandRecord, Ssm, Status};
use crate::AwsError;
use crate::epoch::{epoch, iso_milliseconds};
use crate::lock::lock;

const PLUGIN: &str = "aws:runShellScript";
/// Characters of a step's output. See
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CommandPlugin.html>.
const MAX_PLUGIN_OUTPUT: usize = 2_500;
/// How many entries a page has where the call does not say.
const PAGE: usize = 50;

impl Ssm {
    /// `GetCommandInvocation`. Output is empty until the script has ended.
    pub fn get_command_invocation(
        &self,
        region: &str,
        request: &GetCommandInvocationRequest,
    ) -> Result<GetCommandInvocationResponse, AwsError> {
        if request.plugin_name.as_deref().is_some_and(|name| name != PLUGIN) {
            return Err(AwsError::client("InvalidPluginName", "The plugin name is not valid."));
        }
        let visible_since = self.shared.platform.clock.now() - self.shared.config.invisible;
        let state = lock(&self.shared.state);
        let command = state.commands.get(&request.command_id).filter(|command| {
            command.instance == request.instance_id
                && command.region == region
                && command.requested <= visible_since
        });
        command.map(CommandRecord::invocation).ok_or_else(|| AwsError::client("InvocationDoesNotExist", ""))
    }

    /// `ListCommands`, newest first.
    pub fn list_commands(
        &self,
        region: &str,
        request: &ListCommandsRequest,
    ) -> Result<ListCommandsResponse, AwsError> {
        if let Some(CommandFilter { key, .. }) = request.filters.first() {
            return Err(AwsError::unmodelled(format!("the filter {key} of ListCommands")));
        }
        let found = self.select(region, request.command_id.as_deref(), request.instance_id.as_deref());
        let (page, next_token) = page(&found, request.max_results, request.next_token.as_deref())?;
        Ok(ListCommandsResponse { commands: page.iter().map(CommandRecord::listed).collect(), next_token })
    }

    /// `ListCommandInvocations`, newest first.
    pub fn list_command_invocations(
        &self,
        region: &str,
        request: &ListCommandInvocationsRequest,
    ) -> Result<ListCommandInvocationsResponse, AwsError> {
        let found = self.select(region, request.command_id.as_deref(), request.instance_id.as_deref());
        let (page, next_token) = page(&found, request.max_results, request.next_token.as_deref())?;
        let listed = |command: &CommandRecord| {
            let command_plugins = request.details.then(|| command.plugin()).into_iter().collect();
            CommandInvocation { command_plugins, ..command.listed_invocation() }
        };
        let command_invocations = page.iter().map(listed).collect();
        Ok(ListCommandInvocationsResponse { command_invocations, next_token })
    }

    /// `DescribeInstanceInformation`.
    pub fn describe_instance_information(
        &self,
        region: &str,
        request: &DescribeInstanceInformationRequest,
    ) -> Result<DescribeInstanceInformationResponse, AwsError> {
        let mut wanted: Option<Vec<&String>> = None;
        for filter in &request.filters {
            if filter.key != "InstanceIds" {
                return Err(AwsError::unmodelled(format!(
                    "the filter {} of DescribeInstanceInformation",
                    filter.key
                )));
            }
            wanted = Some(filter.values.iter().collect());
        }
        let state = lock(&self.shared.state);
        let mut found: Vec<_> = match wanted {
            Some(ids) => ids.into_iter().filter_map(|id| state.agents.get_key_value(id)).collect(),
            None => state.agents.iter().collect(),
        };
        found.retain(|(_, agent)| agent.region == region);
        found.sort_by_key(|(id, _)| *id);
        let found: Vec<_> = found.into_iter().map(|(id, agent)| agent.information(id)).collect();
        let (page, next_token) = page(&found, request.max_results, request.next_token.as_deref())?;
        Ok(DescribeInstanceInformationResponse { instance_information_list: page.to_vec(), next_token })
    }

    fn select(&self, region: &str, command: Option<&str>, instance: Option<&str>) -> Vec<CommandRecord> {
        let state = lock(&self.shared.state);
        let mut found: Vec<_> = match (command, instance) {
            (Some(id), _) => state.commands.get(id).cloned().into_iter().collect(),
            (None, Some(instance)) => state.of_instance(instance).cloned().collect(),
            (None, None) => state.commands.values().cloned().collect(),
        };
        let listed_since = self.shared.platform.clock.now() - self.shared.config.listed_after;
        found.retain(|c| c.requested <= listed_since);
        found.retain(|c| c.region == region && instance.is_none_or(|instance| c.instance == instance));
        found.sort_by(|a, b| (b.requested, &b.id).cmp(&(a.requested, &a.id)));
        found
    }
}

impl CommandRecord {
    pub(super) fn listed(&self) -> Command {
        let delivery_timeout = self.request.timeout_seconds.unwrap_or(DEFAULT_DELIVERY_TIMEOUT_S);
        Command {
            command_id: self.id.clone(),
            document_name: self.request.document_name.clone(),
            document_version: "$DEFAULT".to_owned(),
            comment: self.request.comment.clone().unwrap_or_default(),
            expires_after: epoch(self.requested) + f64::from(delivery_timeout),
            parameters: self.request.parameters.clone(),
            instance_ids: vec![self.instance.clone()],
            targets: Vec::new(),
            requested_date_time: epoch(self.requested),
            status: self.status.word().to_owned(),
            status_details: self.status.details().to_owned(),
            output_s3_bucket_name: self.request.output_s3_bucket_name.clone().unwrap_or_default(),
            output_s3_key_prefix: self.request.output_s3_key_prefix.clone().unwrap_or_default(),
            target_count: 1,
            completed_count: self.status.is_over().into(),
            error_count: (self.status == Status::Failed).into(),
            delivery_timed_out_count: (self.status == Status::DeliveryTimedOut).into(),
            timeout_seconds: delivery_timeout,
        }
    }

    fn listed_invocation(&self) -> CommandInvocation {
        let [standard_output_url, standard_error_url] = self.output_urls();
        CommandInvocation {
            command_id: self.id.clone(),
            instance_id: self.instance.clone(),
            comment: self.request.comment.clone().unwrap_or_default(),
            document_name: self.request.document_name.clone(),
            document_version: "$DEFAULT".to_owned(),
            requested_date_time: epoch(self.requested),
            status: self.status.word().to_owned(),
            status_details: self.status.details().to_owned(),
            standard_output_url,
            standard_error_url,
            command_plugins: Vec::new(),
        }
    }

    /// The one step of the document. Its output is the beginning of both streams together.
    fn plugin(&self) -> CommandPlugin {
        let [standard_output_url, standard_error_url] = self.output_urls();
        let end = self.end.as_ref();
        let output = end.map(|end| match end.stderr.as_str() {
            "" => end.stdout.clone(),
            stderr => format!("{}\n----------ERROR-------\n{stderr}", end.stdout),
        });
        let (bucket, prefix) = self.output_prefix().unwrap_or_default();
        CommandPlugin {
            name: PLUGIN.to_owned(),
            status: self.status.word().to_owned(),
            status_details: self.status.details().to_owned(),
            response_code: end.map_or(-1, |end| end.exit_code),
            response_start_date_time: self.started.map(epoch),
            response_finish_date_time: self.ended.map(epoch),
            output: output.unwrap_or_default().chars().take(MAX_PLUGIN_OUTPUT).collect(),
            standard_output_url,
            standard_error_url,
            output_s3_region: self.region.clone(),
            output_s3_bucket_name: bucket,
            output_s3_key_prefix: prefix,
        }
    }

    fn invocation(&self) -> GetCommandInvocationResponse {
        let [standard_output_url, standard_error_url] = self.output_urls();
        let time = |at: Option<Timestamp>| at.map(iso_milliseconds).unwrap_or_default();
        let end = self.end.as_ref();
        GetCommandInvocationResponse {
            command_id: self.id.clone(),
            instance_id: self.instance.clone(),
            comment: self.request.comment.clone().unwrap_or_default(),
            document_name: self.request.document_name.clone(),
            document_version: "$DEFAULT".to_owned(),
            plugin_name: PLUGIN.to_owned(),
            response_code: end.map_or(-1, |end| end.exit_code),
            execution_start_date_time: time(self.started),
            execution_elapsed_time: match (self.started, self.ended) {
                (Some(started), Some(ended)) => {
                    format!("PT{:.3}S", ended.duration_since(started).as_secs_f64())
                }
                _ => String::new(),
            },
            execution_end_date_time: time(self.ended),
            status: self.status.word().to_owned(),
            status_details: self.status.details().to_owned(),
            standard_output_content: end.map(|end| end.stdout.clone()).unwrap_or_default(),
            standard_output_url,
            standard_error_content: end.map(|end| end.stderr.clone()).unwrap_or_default(),
            standard_error_url,
            cloud_watch_output_config: self.request.cloud_watch_output_config.clone().unwrap_or_default(),
        }
    }

    fn output_urls(&self) -> [String; 2] {
        match self.output_prefix() {
            Some((bucket, prefix)) => ["stdout", "stderr"]
                .map(|name| format!("https://s3.{}.amazonaws.com/{bucket}/{prefix}/{name}", self.region)),
            None => Default::default(),
        }
    }
}

impl Agent {
    fn information(&self, instance: &str) -> InstanceInformation {
        InstanceInformation {
            instance_id: instance.to_owned(),
            ping_status: if self.online { "Online" } else { "ConnectionLost" }.to_owned(),
            last_ping_date_time: epoch(self.last_ping),
            registration_date: epoch(self.registered),
            agent_version: "3.3.0.0".to_owned(),
            is_latest_version: true,
            platform_type: "Linux".to_owned(),
            platform_name: "Amazon Linux".to_owned(),
            resource_type: "EC2Instance".to_owned(),
        }
    }
}

/// One page of `found`; the token is the index of the next.
fn page<'a, T>(
    found: &'a [T],
    size: Option<usize>,
    token: Option<&str>,
) -> Result<(&'a [T], Option<String>), AwsError> {
    let size = size.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&size) {
        return Err(validation(format!("MaxResults {size} is not between 1 and {PAGE}")));
    }
    let start = match token {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| AwsError::client("InvalidNextToken", "The specified token is not valid."))?,
    };
    let end = found.len().min(usize::saturating_add(start, size));
    let rest = found.get(start..end).unwrap_or_default();
    Ok((rest, (end < found.len()).then(|| end.to_string())))
}
