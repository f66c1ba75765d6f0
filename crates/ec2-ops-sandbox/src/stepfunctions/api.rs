//! Requests and responses of the modelled Step Functions actions, in AWS's own names and shapes.
//!
//! A field that is not here is not modelled, and `deny_unknown_fields` refuses it by name. Their meaning is at
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/>.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

macro_rules! requests {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Clone, Debug, PartialEq, Deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub struct $name { $(pub $field: $type,)* }
        )*
    };
}

macro_rules! responses {
    ($($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Clone, Debug, Default, PartialEq, Serialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name { $($(#[$meta])* pub $field: $type,)* }
        )*
    };
}

requests! {
    CreateStateMachineRequest {
        name: String,
        definition: String,
        role_arn: String,
        r#type: Option<String>,
    }
    DescribeStateMachineRequest { state_machine_arn: String, included_data: Option<IncludedData>, }
    DescribeStateMachineForExecutionRequest { execution_arn: String, included_data: Option<IncludedData>, }
    UpdateStateMachineRequest {
        state_machine_arn: String,
        definition: Option<String>,
        role_arn: Option<String>,
    }
    ValidateStateMachineDefinitionRequest {
        definition: String,
        r#type: Option<String>,
        severity: Option<String>,
        max_results: Option<usize>,
    }
    ListStateMachinesRequest { max_results: Option<usize>, next_token: Option<String>, }
    StartExecutionRequest { state_machine_arn: String, name: Option<String>, input: Option<String>, }
    DescribeExecutionRequest { execution_arn: String, included_data: Option<IncludedData>, }
    ListExecutionsRequest {
        state_machine_arn: Option<String>,
        map_run_arn: Option<String>,
        status_filter: Option<String>,
        max_results: Option<usize>,
        next_token: Option<String>,
    }
    DescribeMapRunRequest { map_run_arn: String, }
    ListMapRunsRequest { execution_arn: String, max_results: Option<usize>, next_token: Option<String>, }
    UpdateMapRunRequest {
        map_run_arn: String,
        max_concurrency: Option<u64>,
        tolerated_failure_count: Option<u64>,
        tolerated_failure_percentage: Option<u64>,
    }
    GetExecutionHistoryRequest {
        execution_arn: String,
        max_results: Option<usize>,
        next_token: Option<String>,
        reverse_order: Option<bool>,
        include_execution_data: Option<bool>,
    }
    StopExecutionRequest { execution_arn: String, error: Option<String>, cause: Option<String>, }
    RedriveExecutionRequest { execution_arn: String, client_token: Option<String>, }
    SendTaskSuccessRequest { task_token: String, output: String, }
    SendTaskFailureRequest { task_token: String, error: Option<String>, cause: Option<String>, }
    SendTaskHeartbeatRequest { task_token: String, }
}

/// Whether an answer has the data that a key encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IncludedData {
    AllData,
    MetadataOnly,
}

responses! {
    CreateStateMachineResponse { state_machine_arn: String, creation_date: f64, }
    DescribeStateMachineResponse {
        state_machine_arn: String,
        name: String,
        status: String,
        definition: Option<String>,
        role_arn: String,
        r#type: String,
        creation_date: f64,
    }
    DescribeStateMachineForExecutionResponse {
        state_machine_arn: String,
        name: String,
        definition: Option<String>,
        role_arn: String,
        update_date: f64,
        revision_id: Option<String>,
    }
    UpdateStateMachineResponse { update_date: f64, revision_id: String, }
    ValidateStateMachineDefinitionDiagnostic {
        severity: String,
        code: String,
        message: String,
        location: Option<String>,
    }
    ValidateStateMachineDefinitionResponse {
        result: String,
        diagnostics: Vec<ValidateStateMachineDefinitionDiagnostic>,
        truncated: bool,
    }
    StateMachineListItem { state_machine_arn: String, name: String, r#type: String, creation_date: f64, }
    ListStateMachinesResponse {
        state_machines: Vec<StateMachineListItem>,
        next_token: Option<String>,
    }
    StartExecutionResponse { execution_arn: String, start_date: f64, }
    DescribeExecutionResponse {
        execution_arn: String,
        state_machine_arn: String,
        name: String,
        status: String,
        start_date: f64,
        stop_date: Option<f64>,
        redrive_count: u32,
        redrive_date: Option<f64>,
        redrive_status: String,
        redrive_status_reason: Option<String>,
        input: Option<String>,
        input_details: Option<DataDetails>,
        output: Option<String>,
        output_details: Option<DataDetails>,
        error: Option<String>,
        cause: Option<String>,
    }
    DataDetails { included: bool, }
    DescribeMapRunResponse {
        map_run_arn: String,
        execution_arn: String,
        status: String,
        start_date: f64,
        stop_date: Option<f64>,
        max_concurrency: u64,
        tolerated_failure_count: u64,
        tolerated_failure_percentage: u64,
        item_counts: ExecutionCounts,
        execution_counts: ExecutionCounts,
    }
    ExecutionCounts {
        total: u64,
        pending: u64,
        running: u64,
        succeeded: u64,
        failed: u64,
        timed_out: u64,
        aborted: u64,
        results_written: u64,
        failures_not_redrivable: u64,
        pending_redrive: u64,
    }
    MapRunListItem {
        execution_arn: String,
        map_run_arn: String,
        state_machine_arn: String,
        start_date: f64,
        stop_date: Option<f64>,
    }
    ListMapRunsResponse { map_runs: Vec<MapRunListItem>, next_token: Option<String>, }
    ExecutionListItem {
        execution_arn: String,
        map_run_arn: Option<String>,
        state_machine_arn: String,
        name: String,
        status: String,
        start_date: f64,
        stop_date: Option<f64>,
        redrive_count: u32,
        redrive_date: Option<f64>,
    }
    ListExecutionsResponse {
        executions: Vec<ExecutionListItem>,
        next_token: Option<String>,
    }
    GetExecutionHistoryResponse {
        events: Vec<serde_json::Value>,
        next_token: Option<String>,
    }
    StopExecutionResponse { stop_date: f64, }
    RedriveExecutionResponse { redrive_date: f64, }
    EmptyResponse {}
}
