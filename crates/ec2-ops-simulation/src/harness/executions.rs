//! Executions of the deployed state machine: started, waited for, and read.

use std::time::Duration;

use ec2_ops_asl::Ending;
use serde_json::{Value, json};

use ec2_ops_sandbox::stepfunctions::api::{
    RedriveExecutionRequest, StartExecutionRequest, StopExecutionRequest,
};
use ec2_ops_sandbox::{Account, AwsError};

/// Starts an execution of `document`. Answers with its ARN.
pub(crate) fn start(
    account: &Account,
    state_machine: &str,
    name: Option<String>,
    document: &Value,
) -> Result<String, AwsError> {
    let request = StartExecutionRequest {
        state_machine_arn: state_machine.to_owned(),
        name,
        input: Some(document.to_string()),
    };
    account.stepfunctions.start_execution(request).map(|started| started.execution_arn)
}

/// Stops an execution from outside.
pub(crate) fn stop(account: &Account, arn: &str) -> Result<(), AwsError> {
    let request = StopExecutionRequest { execution_arn: arn.to_owned(), error: None, cause: None };
    account.stepfunctions.stop_execution(&request).map(drop)
}

/// Redrives an execution that was ended from outside.
pub(crate) fn redrive(account: &Account, arn: &str) -> Result<(), AwsError> {
    let request = RedriveExecutionRequest { execution_arn: arn.to_owned(), client_token: None };
    account.stepfunctions.redrive_execution(request).map(drop)
}

/// How an execution ended, if it has.
pub(crate) fn ending(account: &Account, arn: &str) -> Result<Option<Ending>, AwsError> {
    Ok(account.stepfunctions.execution(arn)?.history().ending().map(|(ending, _)| ending))
}

/// Looks `every` so often whether an execution has ended, until it has.
pub(crate) async fn end_of(account: &Account, arn: &str, every: Duration) -> Result<Ending, AwsError> {
    loop {
        if let Some(ending) = ending(account, arn)? {
            return Ok(ending);
        }
        tokio::time::sleep(every).await;
    }
}

/// The outcome that an execution reports, as JSON; null where the ending has none.
pub(crate) fn outcome(ending: &Ending) -> Value {
    match ending {
        Ending::Succeeded { output } => output["outcome"].clone(),
        Ending::Failed(failure) => {
            let cause = failure.cause.as_deref().unwrap_or_default();
            serde_json::from_str(cause).unwrap_or_else(|_| json!({ "unreadable": cause }))
        }
        Ending::TimedOut | Ending::Aborted(_) => Value::Null,
    }
}
