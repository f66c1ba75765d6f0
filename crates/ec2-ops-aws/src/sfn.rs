//! Step Functions: completes the waiting task, and reads the state of executions.

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{ExecutionStatus, IncludedData};
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::{ExecutionId, StateMachineId, TaskToken};
use ec2_ops::ports::{Delivery, ExecutionState, Executions};
use serde_json::Value;

use crate::error::{aws_error, unexpected};
use crate::lazy_client::{LazyClient, lazy_client};

/// Characters of a `cause`. See <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>.
const CAUSE_LIMIT: usize = 32_768;

/// Entries per page of `ListExecutions` and `GetExecutionHistory`: the maximum. See
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html> and
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html>.
const PAGE: i32 = 1000;

/// Step Functions in the deployment's region.
#[derive(Debug)]
pub struct Sfn(LazyClient<Client>);

impl Sfn {
    /// Step Functions in the region of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(lazy_client(config, Client::new))
    }
}

impl Executions for Sfn {
    async fn complete(&self, token: &TaskToken, output: &Value) -> Result<Delivery, AwsError> {
        let request = self.0.send_task_success().task_token(token.as_str());
        delivery("SendTaskSuccess", request.output(output.to_string()).send().await)
    }

    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Result<Delivery, AwsError> {
        // Step Functions refuses a longer cause, and the task would keep waiting.
        let cause: String = cause.chars().take(CAUSE_LIMIT).collect();
        let request = self.0.send_task_failure().task_token(token.as_str());
        delivery("SendTaskFailure", request.error(error).cause(cause).send().await)
    }

    async fn running(&self, state_machine: &StateMachineId) -> Result<BTreeSet<ExecutionId>, AwsError> {
        let request = self.0.list_executions().state_machine_arn(state_machine.as_str());
        let request = request.status_filter(ExecutionStatus::Running);
        let mut listed = request.into_paginator().page_size(PAGE).items().send();
        let mut running = BTreeSet::new();
        while let Some(execution) = listed.next().await {
            running.insert(ExecutionId::new(execution.map_err(aws_error("ListExecutions"))?.execution_arn));
        }
        Ok(running)
    }

    async fn state(&self, execution: &ExecutionId) -> Result<ExecutionState, AwsError> {
        let request = self.0.describe_execution().execution_arn(execution.as_str());
        // The data may be encrypted with a key that the caller may not use, and only the status counts.
        let answer = request.included_data(IncludedData::MetadataOnly).send().await;
        match answer.map_err(aws_error("DescribeExecution")) {
            Ok(described) => state(described.status()),
            // The id is from a tag, which a person may have edited: what is no ARN names no execution.
            Err(error) if ["ExecutionDoesNotExist", "InvalidArn"].contains(&error.code.as_str()) => {
                Ok(ExecutionState::Unknown)
            }
            Err(error) => Err(error),
        }
    }

    async fn last_state(&self, execution: &ExecutionId) -> Result<Option<Value>, AwsError> {
        const ACTION: &str = "GetExecutionHistory";
        let request = self.0.get_execution_history().execution_arn(execution.as_str());
        let request = request.reverse_order(true).include_execution_data(true);
        let mut events = request.into_paginator().page_size(PAGE).items().send();
        while let Some(event) = events.next().await {
            let event = event.map_err(aws_error(ACTION))?;
            if let Some(entered) = event.state_entered_event_details() {
                let input = entered.input().map(serde_json::from_str).transpose();
                return input.map_err(|error| unexpected(ACTION, error.to_string()));
            }
        }
        Ok(None)
    }
}

/// Only a word that AWS has documented shows that an execution is over. Without one, the SDK has a word of its own.
fn state(status: &ExecutionStatus) -> Result<ExecutionState, AwsError> {
    use ExecutionStatus::{Aborted, Failed, PendingRedrive, Running, Succeeded, TimedOut};
    match status {
        Running | PendingRedrive => Ok(ExecutionState::Running),
        Aborted | Failed | Succeeded | TimedOut => Ok(ExecutionState::Over),
        unknown => Err(unexpected("DescribeExecution", format!("unknown status {:?}", unknown.as_str()))),
    }
}

fn delivery<T, E>(action: &'static str, answer: Result<T, SdkError<E>>) -> Result<Delivery, AwsError>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match answer.map_err(aws_error(action)) {
        Ok(_) => Ok(Delivery::Accepted),
        Err(error) if matches!(error.code.as_str(), "TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => {
            Ok(Delivery::Stale)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use ec2_ops::AwsErrorKind;
    use serde_json::json;

    use super::*;
    use crate::replay::{Answer, Replay, http};

    fn refusal(code: &str) -> Answer {
        http(400, json!({"__type": code, "message": "no"}).to_string())
    }

    async fn complete(answer: Answer) -> (Replay, Result<Delivery, AwsError>) {
        let replay = Replay::new([answer]);
        let sfn = Sfn::new(&replay.config());
        let delivery = sfn.complete(&TaskToken::new("token"), &json!({"ended": true})).await;
        (replay, delivery)
    }

    #[tokio::test]
    async fn an_execution_runs_or_is_over_or_is_unknown() {
        let described = |status: &str| {
            http(
                200,
                json!({"executionArn": "a", "stateMachineArn": "m", "status": status, "startDate": 1})
                    .to_string(),
            )
        };
        for (answer, state) in [
            (described("RUNNING"), ExecutionState::Running),
            (described("TIMED_OUT"), ExecutionState::Over),
            (refusal("ExecutionDoesNotExist"), ExecutionState::Unknown),
            (refusal("InvalidArn"), ExecutionState::Unknown),
        ] {
            let replay = Replay::new([answer]);
            let sfn = Sfn::new(&replay.config());
            assert_eq!(sfn.state(&ExecutionId::new("a")).await, Ok(state));
            let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
            assert_eq!(asked, json!({"executionArn": "a", "includedData": "METADATA_ONLY"}));
        }
    }

    #[tokio::test]
    async fn an_answer_without_a_known_status_does_not_end_an_execution() {
        for answer in
            [http(200, "{}"), http(200, json!({"status": "PONDERING"}).to_string()), http(200, "<html>")]
        {
            let replay = Replay::new([answer]);
            let error = Sfn::new(&replay.config()).state(&ExecutionId::new("a")).await.unwrap_err();
            assert_eq!(error.kind, AwsErrorKind::Unavailable, "{error}");
        }
    }

    #[tokio::test]
    async fn the_running_executions_are_listed_page_by_page() {
        let page = |name: &str, next: Option<&str>| {
            let item = json!({
                "executionArn": name, "stateMachineArn": "m", "name": name, "status": "RUNNING", "startDate": 1,
            });
            http(200, json!({ "executions": [item], "nextToken": next }).to_string())
        };
        let replay = Replay::new([page("a", Some("more")), page("b", None)]);
        let sfn = Sfn::new(&replay.config());
        let running = sfn.running(&StateMachineId::new("m")).await.unwrap();
        assert_eq!(running, BTreeSet::from(["a", "b"].map(ExecutionId::new)));
        let asked: Value = serde_json::from_str(&replay.asked()[1].body).unwrap();
        assert_eq!((&asked["statusFilter"], &asked["nextToken"]), (&json!("RUNNING"), &json!("more")));
    }

    #[tokio::test]
    async fn the_state_that_was_entered_last_is_found_behind_its_retries() {
        let event = |id: u32, kind: &str, input: Option<&str>| {
            let details = input.map(|input| json!({ "name": "EC2Poller", "input": input }));
            json!({ "timestamp": 1, "type": kind, "id": id, "stateEnteredEventDetails": details })
        };
        let page = |events: &[Value], next: Option<&str>| {
            http(200, json!({ "events": events, "nextToken": next }).to_string())
        };
        let first = page(&[event(9, "ExecutionAborted", None), event(8, "TaskFailed", None)], Some("more"));
        let second = page(
            &[event(7, "TaskStateEntered", Some(r#"{"a":1}"#)), event(6, "PassStateEntered", Some("{}"))],
            None,
        );
        let replay = Replay::new([first, second]);
        let last = Sfn::new(&replay.config()).last_state(&ExecutionId::new("a")).await;
        assert_eq!(last, Ok(Some(json!({ "a": 1 }))));
        let asked: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        assert_eq!(asked["reverseOrder"], true);
    }

    #[tokio::test]
    async fn a_result_for_a_task_that_is_over_is_stale_and_not_an_error() {
        for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
            assert_eq!(complete(refusal(code)).await.1, Ok(Delivery::Stale), "{code}");
        }
        assert_eq!(complete(http(200, "{}")).await.1, Ok(Delivery::Accepted));
    }

    #[tokio::test]
    async fn a_call_that_fails_is_not_retried() {
        for (answer, kind) in [
            (refusal("ThrottlingException"), AwsErrorKind::Throttled),
            (http(500, "{}"), AwsErrorKind::Unavailable),
            (Answer::Lost, AwsErrorKind::Unavailable),
            (refusal("AccessDeniedException"), AwsErrorKind::Refused),
        ] {
            let (replay, delivery) = complete(answer).await;
            assert_eq!(delivery.unwrap_err().kind, kind);
            assert_eq!(replay.asked().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_failure_has_the_name_to_match_and_a_cause_that_aws_accepts() {
        let replay = Replay::new([http(200, "{}")]);
        let sfn = Sfn::new(&replay.config());
        sfn.fail(&TaskToken::new("token"), "CommandFailed", &"x".repeat(40_000)).await.unwrap();
        let body: Value = serde_json::from_str(&replay.asked()[0].body).unwrap();
        assert_eq!(body["error"], "CommandFailed");
        assert_eq!(body["cause"].as_str().map(str::len), Some(CAUSE_LIMIT));
    }
}
