//! The read actions: state machines, executions, histories.

use ec2_ops_asl::Execution;

use super::StepFunctions;
use super::api::{
    DataDetails, DescribeExecutionRequest, DescribeExecutionResponse, DescribeStateMachineRequest,
    DescribeStateMachineResponse, ExecutionListItem, GetExecutionHistoryRequest, GetExecutionHistoryResponse,
    IncludedData, ListExecutionsRequest, ListExecutionsResponse, ListStateMachinesRequest,
    ListStateMachinesResponse, StateMachineListItem,
};
use super::arn::Kind;
use super::executions::parts;
use crate::AwsError;
use crate::epoch::epoch;
use crate::lock::lock;

/// The statuses that `ListExecutions` can filter by.
const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
/// How many entries a page has where the call does not say, and at most.
const PAGE: (usize, usize) = (100, 1000);

impl StepFunctions {
    /// `DescribeStateMachine`.
    pub fn describe_state_machine(
        &self,
        request: &DescribeStateMachineRequest,
    ) -> Result<DescribeStateMachineResponse, AwsError> {
        let state = lock(&self.shared.state);
        let machine = state
            .machines
            .get(&request.state_machine_arn)
            .ok_or_else(|| Kind::StateMachine.absent(&request.state_machine_arn))?;
        Ok(DescribeStateMachineResponse {
            state_machine_arn: machine.arn.clone(),
            name: machine.name.clone(),
            status: "ACTIVE".to_owned(),
            definition: Some(machine.text.clone()).filter(|_| has_data(request.included_data)),
            role_arn: machine.role_arn.clone(),
            r#type: "STANDARD".to_owned(),
            creation_date: epoch(machine.created),
        })
    }

    /// `ListStateMachines`.
    pub fn list_state_machines(
        &self,
        region: &str,
        request: &ListStateMachinesRequest,
    ) -> Result<ListStateMachinesResponse, AwsError> {
        let state = lock(&self.shared.state);
        let here = state.machines.values().filter(|machine| machine.region == region);
        let items = here.map(|machine| StateMachineListItem {
            state_machine_arn: machine.arn.clone(),
            name: machine.name.clone(),
            r#type: "STANDARD".to_owned(),
            creation_date: epoch(machine.created),
        });
        let (state_machines, next_token) =
            page(items.collect(), request.max_results, request.next_token.as_deref())?;
        Ok(ListStateMachinesResponse { state_machines, next_token })
    }

    /// `DescribeExecution`.
    pub fn describe_execution(
        &self,
        request: &DescribeExecutionRequest,
    ) -> Result<DescribeExecutionResponse, AwsError> {
        let execution = self.execution(&request.execution_arn)?;
        let item = listed(&execution);
        let ended = execution.history().ending();
        let included = has_data(request.included_data);
        let (output, failure) = match &ended {
            Some((ending, _)) if included => parts(Some(ending)),
            _ => parts(None),
        };
        Ok(DescribeExecutionResponse {
            execution_arn: item.execution_arn,
            state_machine_arn: item.state_machine_arn,
            name: item.name,
            status: item.status,
            start_date: item.start_date,
            stop_date: item.stop_date,
            input: included.then(|| execution.input().to_string()),
            input_details: included.then_some(DataDetails { included }),
            output_details: output.as_ref().map(|_| DataDetails { included: true }),
            output,
            error: failure.error.map(|error| error.to_string()),
            cause: failure.cause.map(|cause| cause.to_string()),
        })
    }

    /// `ListExecutions`, newest first.
    pub fn list_executions(
        &self,
        request: &ListExecutionsRequest,
    ) -> Result<ListExecutionsResponse, AwsError> {
        let filter = request.status_filter.as_deref();
        if let Some(unknown) = filter.filter(|status| !STATUSES.contains(status)) {
            let message = format!("statusFilter {unknown:?} is not one of {}", STATUSES.join(", "));
            return Err(AwsError::client("ValidationException", message));
        }
        let state = lock(&self.shared.state);
        if !state.machines.contains_key(&request.state_machine_arn) {
            return Err(Kind::StateMachine.absent(&request.state_machine_arn));
        }
        let arns = state.by_machine.get(&request.state_machine_arn).map(Vec::as_slice).unwrap_or_default();
        let newest_first = arns.iter().rev().filter_map(|arn| state.executions.get(arn));
        let items = newest_first.map(|execution| listed(execution));
        let items = items.filter(|item| filter.is_none_or(|status| item.status == status)).collect();
        let (executions, next_token) = page(items, request.max_results, request.next_token.as_deref())?;
        Ok(ListExecutionsResponse { executions, next_token })
    }

    /// `GetExecutionHistory`.
    pub fn get_execution_history(
        &self,
        request: &GetExecutionHistoryRequest,
    ) -> Result<GetExecutionHistoryResponse, AwsError> {
        if request.include_execution_data == Some(false) {
            return Err(AwsError::unmodelled("GetExecutionHistory without execution data"));
        }
        let mut events = self.execution(&request.execution_arn)?.history().events();
        if request.reverse_order == Some(true) {
            events.reverse();
        }
        let (events, next_token) = page(events, request.max_results, request.next_token.as_deref())?;
        Ok(GetExecutionHistoryResponse { events, next_token })
    }
}

fn has_data(asked: Option<IncludedData>) -> bool {
    asked != Some(IncludedData::MetadataOnly)
}

fn listed(execution: &Execution) -> ExecutionListItem {
    let identity = execution.identity();
    let ended = execution.history().ending();
    ExecutionListItem {
        execution_arn: identity.arn.to_string(),
        state_machine_arn: identity.state_machine_arn.to_string(),
        name: identity.name.to_string(),
        status: ended.as_ref().map_or("RUNNING", |(ending, _)| ending.status()).to_owned(),
        start_date: epoch(execution.started()),
        stop_date: ended.map(|(_, at)| epoch(at)),
    }
}

/// One page of `items`; the token is the index of the next.
fn page<T>(
    items: Vec<T>,
    size: Option<usize>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let (default, most) = PAGE;
    let size = match size {
        None | Some(0) => default,
        Some(size) if size <= most => size,
        Some(size) => {
            let message = format!("maxResults {size} is more than {most}");
            return Err(AwsError::client("ValidationException", message));
        }
    };
    let invalid = || AwsError::client("InvalidToken", "Invalid Token: 'Invalid token'");
    let start: usize = token.map_or(Ok(0), |token| token.parse().map_err(|_| invalid()))?;
    let more = items.len() > start.saturating_add(size);
    let page = items.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}
