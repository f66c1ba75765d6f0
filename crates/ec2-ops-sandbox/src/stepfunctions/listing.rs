//! The read actions of executions and histories.

use ec2_ops_asl::{Event, Execution};
use serde_json::{Value, json};

use super::StepFunctions;
use super::api::{
    DataDetails, DescribeExecutionRequest, DescribeExecutionResponse, ExecutionListItem,
    GetExecutionHistoryRequest, GetExecutionHistoryResponse, IncludedData, ListExecutionsRequest,
    ListExecutionsResponse,
};
use super::arn::Kind;
use super::executions::parts;
use crate::AwsError;
use crate::epoch::epoch;
use crate::lock::lock;

/// How many entries a page has where the call does not say, and at most.
const PAGE: (usize, usize) = (100, 1000);

impl StepFunctions {
    /// `DescribeExecution`.
    pub fn describe_execution(
        &self,
        request: &DescribeExecutionRequest,
    ) -> Result<DescribeExecutionResponse, AwsError> {
        let execution = self.execution(&request.execution_arn)?;
        let item = listed(&execution);
        let ended = execution.history().ending();
        let included = has_data(request.included_data);
        let (redrive_status, redrive_status_reason) = self.redrive_status(&execution);
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
            redrive_count: item.redrive_count,
            redrive_date: item.redrive_date,
            redrive_status: redrive_status.to_owned(),
            redrive_status_reason,
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
        region: &str,
        request: &ListExecutionsRequest,
    ) -> Result<ListExecutionsResponse, AwsError> {
        let filter = request.status_filter.as_deref();
        let state = lock(&self.shared.state);
        let (kind, arn, is_known, arns) = match (&request.state_machine_arn, &request.map_run_arn) {
            (Some(arn), None) => {
                (Kind::StateMachine, arn, state.machines.contains_key(arn), state.by_machine.get(arn))
            }
            (None, Some(arn)) => {
                (Kind::MapRun, arn, state.map_runs.contains_key(arn), state.children.get(arn))
            }
            _ => {
                let message = "Must specify exactly one of state machine ARN and map run ARN";
                return Err(AwsError::client("ValidationException", message));
            }
        };
        kind.check(region, arn)?;
        if !is_known {
            return Err(kind.absent(arn));
        }
        let newest_first = arns.into_iter().flatten().rev().filter_map(|arn| state.executions.get(arn));
        let items = newest_first.map(|execution| ExecutionListItem {
            map_run_arn: request.map_run_arn.clone(),
            ..listed(execution)
        });
        let items = items.filter(|item| filter.is_none_or(|status| item.status == status)).collect();
        let (executions, next_token) = page(items, request.max_results, request.next_token.as_deref())?;
        Ok(ListExecutionsResponse { executions, next_token })
    }

    /// `GetExecutionHistory`.
    pub fn get_execution_history(
        &self,
        request: &GetExecutionHistoryRequest,
    ) -> Result<GetExecutionHistoryResponse, AwsError> {
        let mut events = self.execution(&request.execution_arn)?.history().events();
        if request.reverse_order == Some(true) {
            events.reverse();
        }
        let (events, next_token) = page(events, request.max_results, request.next_token.as_deref())?;
        let included = request.include_execution_data != Some(false);
        let events = events.iter().map(|event| if included { json!(event) } else { without_data(event) });
        Ok(GetExecutionHistoryResponse { events: events.collect(), next_token })
    }
}

/// The event without inputs, outputs and what is computed from them, as AWS answers a call without execution data.
fn without_data(event: &Event) -> Value {
    let mut event = json!(event);
    for details in event.as_object_mut().into_iter().flatten().filter_map(|(_, value)| value.as_object_mut())
    {
        for data in ["input", "inputDetails", "output", "outputDetails", "parameters", "error", "cause"] {
            details.remove(data);
        }
    }
    event
}

pub(super) fn has_data(asked: Option<IncludedData>) -> bool {
    asked != Some(IncludedData::MetadataOnly)
}

fn listed(execution: &Execution) -> ExecutionListItem {
    let identity = execution.identity();
    let ended = execution.history().ending();
    let (redrive_count, redriven) = execution.redrives();
    ExecutionListItem {
        execution_arn: identity.arn.to_string(),
        map_run_arn: None,
        state_machine_arn: identity.state_machine_arn.to_string(),
        name: identity.name.to_string(),
        status: ended.as_ref().map_or("RUNNING", |(ending, _)| ending.status()).to_owned(),
        start_date: epoch(execution.started()),
        stop_date: ended.map(|(_, at)| epoch(at)),
        redrive_count,
        redrive_date: redriven.map(epoch),
    }
}

/// One page of `items`; the token is the index of the next.
pub(super) fn page<T>(
    items: Vec<T>,
    size: Option<usize>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let (default, most) = PAGE;
    let size = match size {
        None | Some(0) => default,
        Some(size) => size.min(most),
    };
    let invalid = || AwsError::client("InvalidToken", "Invalid Token: 'Invalid token'");
    let start: usize = token.map_or(Ok(0), |token| token.parse().map_err(|_| invalid()))?;
    let more = items.len() > start.saturating_add(size);
    let page = items.into_iter().skip(start).take(size).collect();
    Ok((page, more.then(|| (start + size).to_string())))
}
