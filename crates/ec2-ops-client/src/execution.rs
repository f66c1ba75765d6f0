//! One execution: how it stands, and how it is started, found and stopped.

use std::fmt;

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use ec2_ops::ids::StateMachineId;
use jiff::Timestamp;
use serde_json::Value;

use crate::time::timestamp;
use crate::{Client, Error};

/// The standing of an execution that has not ended.
pub const RUNNING: &str = "Running";

/// How an execution stands, in one word: [`RUNNING`], or the status of its outcome (`docs/errors.md`).
///
/// It is a word and not an enum, because a deployment may be newer than this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing(String);

impl Standing {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the execution has not ended.
    pub fn is_running(&self) -> bool {
        self.0 == RUNNING
    }

    /// Whether the execution has ended as its document asked.
    pub fn is_success(&self) -> bool {
        self.0 == "Succeeded"
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An execution, as `DescribeExecution` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Its name, unique in the state machine.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The document that it runs; null where it is not JSON.
    pub document: Value,
    /// Step Functions' own status.
    pub(crate) status: String,
    pub(crate) output: Value,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
}

impl Execution {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        let reported = self.outcome().and_then(|outcome| outcome["status"].as_str().map(str::to_owned));
        let status = match self.status.as_str() {
            _ if self.is_running() => RUNNING.to_owned(),
            "ABORTED" => "Aborted".to_owned(),
            _ => reported.unwrap_or_else(|| "InternalError".to_owned()),
        };
        Standing(status)
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "PENDING_REDRIVE")
    }

    /// The outcome that EC2Stopper wrote, if the execution came so far.
    pub fn outcome(&self) -> Option<Value> {
        let outcome = match self.status.as_str() {
            "SUCCEEDED" => self.output["outcome"].clone(),
            "FAILED" => serde_json::from_str(self.cause.as_deref().unwrap_or_default()).unwrap_or_default(),
            _ => Value::Null,
        };
        outcome["status"].is_string().then_some(outcome)
    }

    /// Why it ended without a success.
    pub fn reason(&self) -> Option<String> {
        if self.standing().is_success() {
            return None;
        }
        let reported = self.outcome();
        let last = reported.as_ref().and_then(|outcome| outcome["attempts"].as_array()?.last());
        if let Some(reason) = last.and_then(|attempt| attempt["reason"].as_str()) {
            return Some(reason.to_owned());
        }
        let parts: Vec<_> = [&self.error, &self.cause].into_iter().flatten().map(String::as_str).collect();
        Some(parts.join(": ")).filter(|reason| !reason.is_empty())
    }

    /// The region that the document names.
    pub fn region(&self) -> Option<&str> {
        self.document["region"].as_str()
    }

    fn read(described: &DescribeExecutionOutput) -> Self {
        let json =
            |text: Option<&str>| text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let arn = described.execution_arn();
        Self {
            name: described.name().map_or_else(|| name_in(arn).to_owned(), str::to_owned),
            arn: arn.to_owned(),
            started: timestamp(described.start_date()),
            ended: described.stop_date().map(timestamp),
            document: json(described.input()),
            status: described.status().as_str().to_owned(),
            output: json(described.output()),
            error: described.error().map(str::to_owned),
            cause: described.cause().map(str::to_owned),
        }
    }
}

/// How many executions a shortened name is searched in: the latest, which are those that people ask for.
const SEARCHED: usize = 10_000;
/// How many names a question lists.
const NAMED: usize = 5;

impl Client {
    /// Starts an execution called `name` of `document`, a JSON text. Returns its ARN.
    ///
    /// # Errors
    /// Where Step Functions refuses it, for example because of its name, or gives no answer.
    pub async fn start(&self, name: &str, document: &str) -> Result<String, Error> {
        let call = self.sfn.start_execution().state_machine_arn(self.state_machine_arn());
        match call.name(name).input(document).send().await {
            Ok(started) => Ok(started.execution_arn().to_owned()),
            Err(error) => match Error::of_call("StartExecution", &error) {
                error if error.code() == Some("InvalidName") => Err(Error::Usage(format!(
                    "InvalidName: {name:?} can name no execution; expected 1 to 80 characters, best of letters, digits, - and _"
                ))),
                error => Err(error),
            },
        }
    }

    /// The execution of that ARN.
    ///
    /// # Errors
    /// Where there is none, or Step Functions cannot be asked.
    pub async fn describe(&self, arn: &str) -> Result<Execution, Error> {
        let described = self.sfn.describe_execution().execution_arn(arn).send().await;
        let described = described.map_err(|error| Error::of_call("DescribeExecution", &error))?;
        Ok(Execution::read(&described))
    }

    /// The execution with that ARN or name, or the only one whose name begins so.
    ///
    /// # Errors
    /// Where there is none, or more than one, or Step Functions cannot be asked.
    pub async fn find(&self, name: &str) -> Result<Execution, Error> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(Error::Usage(format!("{name:?} is not the name of an execution")));
        }
        let arn = if name.starts_with("arn:") { name.to_owned() } else { self.execution_arn(name) };
        match self.describe(&arn).await {
            Err(error) if error.is_no_execution() && arn != name => {
                let name = self.complete(name).await?;
                self.describe(&self.execution_arn(&name)).await
            }
            described => described,
        }
    }

    /// Stops the execution for good. Its instance is ended by the event of that end.
    ///
    /// # Errors
    /// Where Step Functions refuses it or gives no answer. One that has ended is left as it is.
    pub async fn stop(&self, arn: &str) -> Result<(), Error> {
        let call = self.sfn.stop_execution().execution_arn(arn).cause("stopped by a user");
        call.send().await.map_err(|error| Error::of_call("StopExecution", &error))?;
        Ok(())
    }

    /// The ARN of the execution called `name`.
    pub fn execution_arn(&self, name: &str) -> String {
        StateMachineId::new(self.state_machine_arn()).execution(name).to_string()
    }

    /// The full name of the only execution whose name begins with `beginning`.
    async fn complete(&self, beginning: &str) -> Result<String, Error> {
        let found = self.named(beginning).await?;
        only(&found, beginning, "execution")?.cloned().ok_or_else(|| {
            let place = self.place();
            Error::Usage(format!(
                "no execution has a name that begins with {beginning:?}, in {place}; `ec2-ops list` names the latest"
            ))
        })
    }

    /// The names of the latest executions that begin so, the latest first.
    pub(crate) async fn named(&self, beginning: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut pages = self.executions(None, SEARCHED);
        while let Some(listed) = pages.next().await? {
            if listed.name().starts_with(beginning) {
                found.push(listed.name().to_owned());
            }
        }
        Ok(found)
    }
}

/// The only one of the names that were found; none if there is none.
pub(crate) fn only<'a>(
    found: &'a [String],
    beginning: &str,
    what: &str,
) -> Result<Option<&'a String>, Error> {
    if found.len() <= 1 {
        return Ok(found.first());
    }
    let names = found.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if found.len() > NAMED { ", …" } else { "" };
    let count = found.len();
    Err(Error::Usage(format!("{count} {what}s have a name that begins with {beginning:?}: {names}{more}")))
}

/// The name of the execution with that ARN.
pub(crate) fn name_in(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn execution(status: &str, output: Value, cause: Option<&str>) -> Execution {
        Execution {
            name: "hello".to_owned(),
            arn: "arn:aws:states:us-east-1:000000000000:execution:ec2-ops:hello".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            ended: None,
            document: Value::Null,
            status: status.to_owned(),
            output,
            error: None,
            cause: cause.map(str::to_owned),
        }
    }

    fn outcome(status: &str) -> Value {
        json!({ "status": status, "attempts": [{ "attempt": 1, "reason": "exit status 3" }] })
    }

    #[test]
    fn an_execution_stands_as_its_outcome_says_and_not_as_step_functions_does() {
        let handled = execution("SUCCEEDED", json!({ "outcome": outcome("CommandFailed") }), None);
        assert_eq!(handled.standing().as_str(), "CommandFailed");
        assert_eq!(handled.reason().as_deref(), Some("exit status 3"));
        let failed = execution("FAILED", Value::Null, Some(&outcome("OutputMissing").to_string()));
        assert_eq!(failed.standing().as_str(), "OutputMissing");
        let good = execution("SUCCEEDED", json!({ "outcome": outcome("Succeeded") }), None);
        assert!(good.standing().is_success() && good.reason().is_none());
    }

    #[test]
    fn an_execution_without_an_outcome_is_no_success() {
        assert_eq!(execution("RUNNING", Value::Null, None).standing().as_str(), RUNNING);
        assert_eq!(execution("ABORTED", Value::Null, None).standing().as_str(), "Aborted");
        for status in ["TIMED_OUT", "FAILED", "SUCCEEDED"] {
            let without = execution(status, Value::Null, Some("States.Runtime"));
            assert_eq!(without.standing().as_str(), "InternalError", "{status}");
            assert_eq!(without.reason().as_deref(), Some("States.Runtime"));
        }
    }

    #[test]
    fn the_status_of_a_newer_deployment_is_shown_as_it_is() {
        let newer = execution("SUCCEEDED", json!({ "outcome": outcome("Unheard") }), None);
        assert_eq!(newer.standing().as_str(), "Unheard");
    }
}
