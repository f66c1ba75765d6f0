//! The executions as the rows of a fleet.

use std::time::Duration;

use ec2_ops::fleet::execution_name;
use ec2_ops::ids::StateMachineId;
use serde_json::{Value, json};

use super::guests::BUCKET;
use super::history::Reader;
use super::world::document;
use crate::harness::executions;
use ec2_ops_sandbox::deployment::Template;
use ec2_ops_sandbox::stepfunctions::api::{ListExecutionsRequest, ListMapRunsRequest};
use ec2_ops_sandbox::{Account, AwsError};

/// The name of the fleet.
const NAME: &str = "fleet";
/// The key of its rows.
const ROWS: &str = "rows.jsonl";

/// What a fleet needs beside the executions of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetReport {
    /// How its execution ended: `SUCCEEDED`.
    pub status: String,
    /// The events in the history of its execution. Step Functions allows 25,000.
    pub events: u64,
    /// Its state transitions: its own, those of its children, and one for the start of each child. See
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-transitions.html>.
    pub transitions: u64,
}

/// Starts the fleet, and waits for its end. Answers with the ARNs of its executions, and with its own.
pub(super) async fn carry_out(
    account: &Account,
    state_machine: &str,
    rows: usize,
) -> Result<(Vec<String>, String), AwsError> {
    let lines: String = (0..rows).flat_map(|index| [document(index).to_string(), "\n".to_owned()]).collect();
    account.s3.put_object(BUCKET, ROWS, lines.into_bytes())?;
    let input = json!({ "rows": { "bucket": BUCKET, "key": ROWS } });
    let fleet = executions::start(account, &format!("{state_machine}-fleet"), Some(NAME.to_owned()), &input)?;
    executions::end_of(account, &fleet, Duration::from_secs(1)).await?;
    let machine = StateMachineId::new(state_machine);
    let rows = 0..u32::try_from(rows).unwrap_or(u32::MAX);
    Ok((rows.map(|row| machine.execution(&execution_name(NAME, row, 1)).to_string()).collect(), fleet))
}

/// What the fleet with that ARN needed.
pub(super) fn report(account: &Account, template: &Template, fleet: &str) -> Result<FleetReport, String> {
    let definition: Value =
        serde_json::from_str(&template.fleet_definition).map_err(|error| error.to_string())?;
    let own = read(account, definition.clone(), [fleet.to_owned()])?;
    let children = children(account, fleet).map_err(|error| error.to_string())?;
    let started = children.len() as u64;
    let of_rows = read(account, definition["States"]["Rows"]["ItemProcessor"].clone(), children)?;
    let execution = account.stepfunctions.execution(fleet).map_err(|error| error.to_string())?;
    let ending = execution.history().ending();
    Ok(FleetReport {
        status: ending.map_or("RUNNING", |(ending, _)| ending.status()).to_owned(),
        events: own.events.total,
        transitions: own.transitions.total + of_rows.transitions.total + started,
    })
}

/// The histories of these executions of the state machine with that definition.
fn read(
    account: &Account,
    definition: Value,
    arns: impl IntoIterator<Item = String>,
) -> Result<super::Histories, String> {
    let mut reader = Reader::new(definition);
    for arn in arns {
        let execution = account.stepfunctions.execution(&arn).map_err(|error| error.to_string())?;
        reader.read(&execution.history().events());
    }
    Ok(reader.finish())
}

/// The ARNs of the executions of the fleet's map run.
fn children(account: &Account, fleet: &str) -> Result<Vec<String>, AwsError> {
    let request = ListMapRunsRequest { execution_arn: fleet.to_owned(), max_results: None, next_token: None };
    let runs = account.stepfunctions.list_map_runs(&request)?.map_runs;
    let region = fleet.split(':').nth(3).unwrap_or_default();
    let mut request = ListExecutionsRequest {
        state_machine_arn: None,
        map_run_arn: runs.first().map(|run| run.map_run_arn.clone()),
        status_filter: None,
        max_results: Some(1000),
        next_token: None,
    };
    let mut arns = Vec::new();
    loop {
        let page = account.stepfunctions.list_executions(region, &request)?;
        arns.extend(page.executions.into_iter().map(|item| item.execution_arn));
        if page.next_token.is_none() {
            return Ok(arns);
        }
        request.next_token = page.next_token;
    }
}
