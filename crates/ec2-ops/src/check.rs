//! RunChecker: proves that the promised output exists and that this attempt made it. For a fleet, it counts what its rows came
//! to ([`fleet`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws_error::AwsErrorKind;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::fleet::{self, Manifest};
use crate::ports::{FleetResults, Objects};
use crate::step::{CommandSection, Context, InstanceSection, read, write};

/// What RunChecker is invoked with: a variant for each of its states.
#[derive(Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum Payload {
    /// From the state `RunChecker` of an execution.
    Output(Box<Finished>),
    /// From the state `Summary` of a fleet.
    Fleet { results: Manifest },
}

/// The section that RunChecker writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckSection {
    pub(crate) result: CheckResult,
    /// The output that was found.
    pub(crate) object: Option<String>,
    pub(crate) last_modified: Option<Timestamp>,
    pub(crate) size: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckResult {
    /// The document asks for no check.
    NotAsked,
    /// The output exists and is new.
    Found,
}

/// An attempt whose commands have succeeded.
#[derive(Deserialize)]
struct Finished {
    #[serde(flatten)]
    context: Context,
    instance: InstanceSection,
    command: CommandSection,
}

/// Looks for the output of an execution, or counts what the rows of a fleet came to.
///
/// # Errors
/// [`Error::OutputMissing`] if the output does not exist, or is older than the attempt's command; or why S3 could not be asked.
pub async fn handle(
    payload: Value,
    deployment: &Deployment,
    objects: &(impl Objects + FleetResults),
) -> Result<Value, Error> {
    match read(payload)? {
        Payload::Output(finished) => look_for_output(*finished, deployment, objects).await,
        Payload::Fleet { results } => fleet::summarize(&results, &deployment.region, objects).await,
    }
}

/// Looks for the output, if the document asks for a check.
async fn look_for_output(
    Finished { context, instance, command }: Finished,
    deployment: &Deployment,
    objects: &impl Objects,
) -> Result<Value, Error> {
    let job = context.job()?;
    let Some(output) = &job.output else {
        let nothing =
            CheckSection { result: CheckResult::NotAsked, object: None, last_modified: None, size: None };
        return write(&nothing);
    };
    let target = &output.target;

    let missing = |why: String| Error::OutputMissing { target: target.clone(), why };
    // The commands of an earlier attempt ended before this instance was launched. SSM may deliver a command twice and then
    // reports the start of the second delivery, so the time at which it accepted the command decides. S3 keeps whole
    // seconds, so an object of the same second seems older.
    let sent = command.requested_at.unwrap_or(instance.launched_at);
    let since = Timestamp::from_second(sent.as_second()).unwrap_or(sent);
    let newest = match objects.newest(&deployment.region_of(&job)?, target, since).await {
        Err(error) if error.kind == AwsErrorKind::NotFound => None,
        answer => answer?,
    };
    let Some(object) = newest else {
        return Err(missing("their output does not exist".to_owned()));
    };

    if object.last_modified < since {
        return Err(missing(format!(
            "the newest output is {}, last modified at {}, before the commands of this attempt were sent at {sent}",
            object.key, object.last_modified
        )));
    }
    write(&CheckSection {
        result: CheckResult::Found,
        object: Some(format!("s3://{}/{}", target.bucket(), object.key)),
        last_modified: Some(object.last_modified),
        size: object.size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, deployment, time};
    use crate::ports::Object;
    use serde_json::json;

    /// The attempt began at 05:30, its instance was launched at 05:31, and its commands were sent at 05:32.
    async fn check(check: Value, aws: &FakeAws) -> Result<Value, Error> {
        check_commands_of(json!("2026-03-01T05:32:00.900Z"), check, aws).await
    }

    async fn check_commands_of(requested_at: Value, check: Value, aws: &FakeAws) -> Result<Value, Error> {
        let payload = json!({
            "step": "output",
            "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
            "attempt": { "number": 1, "started": "2026-03-01T05:30:00.900Z" },
            "instance": {
                "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:31:00.900Z",
            },
            "command": {
                "id": "c-1", "requested_at": requested_at, "poll_seconds": 60,
                "deliver_by": "2026-03-01T05:37:00Z", "end_by": "2026-03-01T06:37:00Z", "logs": [],
            },
            "document": {
                "commands": ["true"],
                "run_options": { "ii_check_s3": check },
                "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
            },
        });
        handle(payload, &deployment(), aws).await
    }

    fn with_object(key: &str, modified: &str) -> FakeAws {
        let object = Object { key: key.to_owned(), last_modified: time(modified), size: Some(7) };
        FakeAws { objects: vec![object], ..FakeAws::default() }
    }

    fn under_out() -> Value {
        json!({ "bucket": "b-1", "prefix": "out" })
    }

    #[tokio::test]
    async fn a_document_that_asks_for_no_check_passes() {
        let section = check(json!(false), &FakeAws::default()).await.unwrap();
        assert_eq!(section["result"], "not-asked");
    }

    #[tokio::test]
    async fn an_object_of_the_second_in_which_the_commands_were_sent_counts() {
        let section = check(under_out(), &with_object("out/x", "2026-03-01T05:32:00Z")).await.unwrap();
        assert_eq!((&section["result"], &section["object"]), (&json!("found"), &json!("s3://b-1/out/x")));
    }

    #[tokio::test]
    async fn an_object_that_is_stale_absent_or_only_shares_the_letters_does_not_count() {
        for (key, modified) in [
            ("out/x", "2026-03-01T05:31:59Z"),
            ("outer/x", "2026-03-01T05:40:00Z"),
            ("other", "2026-03-01T05:40:00Z"),
        ] {
            let error = check(under_out(), &with_object(key, modified)).await.unwrap_err();
            assert_eq!(error.name(), "OutputMissing", "{key} {error}");
        }
    }

    /// An earlier attempt may have written it in the second in which this attempt began.
    #[tokio::test]
    async fn without_the_time_of_the_command_that_of_the_launch_counts() {
        for (modified, fresh) in [("2026-03-01T05:30:59Z", false), ("2026-03-01T05:31:00Z", true)] {
            let answer = check_commands_of(Value::Null, under_out(), &with_object("out/x", modified)).await;
            assert_eq!(answer.is_ok(), fresh, "{modified}");
        }
    }

    #[tokio::test]
    async fn only_not_found_is_read_as_absent() {
        for (code, name) in
            [("NoSuchKey", "OutputMissing"), ("SlowDown", "Throttled"), ("AccessDenied", "Refused")]
        {
            let aws = FakeAws { failing: Some(("HeadObject", code)), ..FakeAws::default() };
            assert_eq!(check(under_out(), &aws).await.unwrap_err().name(), name, "{code}");
        }
    }
}
