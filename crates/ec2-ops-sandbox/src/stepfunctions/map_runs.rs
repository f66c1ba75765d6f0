//! Map runs: described, listed and updated.

use std::sync::Arc;

use ec2_ops_asl::{MapRun, MapRunCounts, MapRunUpdate};

use super::StepFunctions;
use super::api::{
    DescribeMapRunRequest, DescribeMapRunResponse, EmptyResponse, ExecutionCounts, ListMapRunsRequest,
    ListMapRunsResponse, MapRunListItem, UpdateMapRunRequest,
};
use super::arn::Kind;
use super::listing::page;
use crate::AwsError;
use crate::epoch::epoch;
use crate::lock::lock;

impl StepFunctions {
    /// `DescribeMapRun`.
    pub fn describe_map_run(
        &self,
        request: &DescribeMapRunRequest,
    ) -> Result<DescribeMapRunResponse, AwsError> {
        let run = self.map_run(&request.map_run_arn)?;
        let state = run.state();
        // Each item is one execution: batches are not modelled.
        let counts = counts(&state.counts);
        Ok(DescribeMapRunResponse {
            map_run_arn: run.arn.to_string(),
            execution_arn: run.execution_arn.to_string(),
            status: state.status().to_owned(),
            start_date: epoch(run.started),
            stop_date: state.ended.map(|(at, _)| epoch(at)),
            max_concurrency: state.max_concurrency,
            tolerated_failure_count: state.tolerated_failure_count.unwrap_or(0),
            tolerated_failure_percentage: state.tolerated_failure_percentage.unwrap_or(0),
            item_counts: counts.clone(),
            execution_counts: counts,
        })
    }

    /// `ListMapRuns`: those of one execution, newest first.
    pub fn list_map_runs(&self, request: &ListMapRunsRequest) -> Result<ListMapRunsResponse, AwsError> {
        self.execution(&request.execution_arn)?;
        let state = lock(&self.shared.state);
        let mut runs: Vec<_> =
            state.map_runs.values().filter(|run| *run.execution_arn == *request.execution_arn).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.started));
        let items = runs.into_iter().map(|run| MapRunListItem {
            execution_arn: run.execution_arn.to_string(),
            map_run_arn: run.arn.to_string(),
            state_machine_arn: run.state_machine_arn.to_string(),
            start_date: epoch(run.started),
            stop_date: run.state().ended.map(|(at, _)| epoch(at)),
        });
        let (map_runs, next_token) =
            page(items.collect(), request.max_results, request.next_token.as_deref())?;
        Ok(ListMapRunsResponse { map_runs, next_token })
    }

    /// `UpdateMapRun`.
    pub fn update_map_run(&self, request: &UpdateMapRunRequest) -> Result<EmptyResponse, AwsError> {
        let run = self.map_run(&request.map_run_arn)?;
        if let Some((_, status)) = run.state().ended {
            let message = format!("Map Run {} is {status} and can no longer be updated", run.arn);
            return Err(AwsError::client("ValidationException", message));
        }
        run.update(MapRunUpdate {
            max_concurrency: request.max_concurrency,
            tolerated_failure_count: request.tolerated_failure_count,
            tolerated_failure_percentage: request.tolerated_failure_percentage,
        });
        Ok(EmptyResponse {})
    }

    fn map_run(&self, arn: &str) -> Result<Arc<MapRun>, AwsError> {
        let found = lock(&self.shared.state).map_runs.get(arn).cloned();
        found.ok_or_else(|| Kind::MapRun.absent(arn))
    }
}

fn counts(counts: &MapRunCounts) -> ExecutionCounts {
    ExecutionCounts {
        total: counts.total,
        pending: counts.pending(),
        running: counts.running,
        succeeded: counts.succeeded,
        failed: counts.failed,
        timed_out: counts.timed_out,
        aborted: counts.aborted,
        results_written: counts.results_written,
        // A redrive is not modelled.
        failures_not_redrivable: 0,
        pending_redrive: 0,
    }
}
