//! The ledger: a line for each attempt that has ended, kept longer than executions and logs are.
//!
//! A line is one JSON object in S3, under [`Line::key`]. It follows from the execution and from the attempt's record alone, so a
//! repetition writes the same bytes under the same key, and a person can write a line that is missing.

mod cut;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use cut::{Cut, cut_attempt};

use crate::deployment::Deployment;
use crate::document::{Job, TaggedResource};
use crate::error::Error;
use crate::execution::Execution;
use crate::ids::{InstanceId, Region};
use crate::launch::Tried;
use crate::outcome::AttemptRecord;
use crate::ports::Ledger;
use crate::status::Status;
use crate::step::Market;

/// Every key of the ledger begins with it.
pub const PREFIX: &str = "runs/";
/// The version of [`Line`]. It grows if a field changes its meaning; a field may be added without that.
const SCHEMA: u32 = 1;

/// One attempt. Flat, so that a table of SQL can have a column for each field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The version of these fields.
    pub schema: u32,
    /// The deployment.
    pub deployment: String,
    /// The execution's name.
    pub execution: String,
    /// Its ARN.
    pub execution_arn: String,
    /// Counts from 1.
    pub attempt: u32,
    /// How the attempt ended.
    pub status: Status,
    /// Why it failed.
    pub reason: Option<String>,
    /// The script's exit code.
    pub exit_code: Option<i32>,
    /// The instance.
    pub instance: Option<InstanceId>,
    /// Where it ran.
    pub region: Option<Region>,
    /// Its availability zone.
    pub zone: Option<String>,
    /// Its type.
    pub instance_type: Option<String>,
    /// Its architecture, in EC2's words.
    pub architecture: Option<String>,
    /// Its image.
    pub image: Option<String>,
    /// How it was bought.
    pub market: Option<Market>,
    /// The candidates that EC2 could not launch, each in words.
    pub tried: Vec<String>,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// When the instance was launched.
    pub launched_at: Option<Timestamp>,
    /// When it could take commands.
    pub ready_at: Option<Timestamp>,
    /// When the commands began.
    pub commands_started_at: Option<Timestamp>,
    /// When they ended.
    pub commands_ended_at: Option<Timestamp>,
    /// When it was decided how the attempt ended, before the cleanup.
    pub over_at: Option<Timestamp>,
    /// When the instance was told to end, if EC2 says.
    pub stopped_at: Option<Timestamp>,
    /// From the launch until the instance was told to end, or until the attempt was over if EC2 does not say; in started
    /// seconds.
    pub instance_seconds: Option<i64>,
    /// The output that was found.
    pub output: Option<String>,
    /// Its size in bytes.
    pub output_bytes: Option<u64>,
    /// SHA-256 of the document as compact JSON with sorted keys.
    pub document_sha256: String,
    /// The value of the instance's tag `project`, in any case.
    pub project: Option<String>,
    /// The document's variables.
    pub variables: BTreeMap<String, String>,
}

impl Line {
    /// The line of an attempt of `execution`, which was started with `document`.
    pub fn new(deployment: &str, execution: &Execution, document: &Value, record: &AttemptRecord) -> Self {
        let job = Job::resolve(document, execution).ok();
        Self {
            schema: SCHEMA,
            deployment: deployment.to_owned(),
            execution: execution.id.name().to_owned(),
            execution_arn: execution.id.to_string(),
            attempt: record.attempt,
            status: record.status,
            reason: record.reason.clone(),
            exit_code: record.exit_code,
            instance: record.instances.first().cloned(),
            region: record.region.clone(),
            zone: record.kind.zone.clone(),
            instance_type: record.kind.instance_type.clone(),
            architecture: record.kind.architecture.clone(),
            image: record.kind.image.clone(),
            market: record.market,
            tried: record.tried.iter().map(Tried::to_string).collect(),
            started_at: record.started_at,
            launched_at: record.launched_at,
            ready_at: record.ready_at,
            commands_started_at: record.commands_started_at,
            commands_ended_at: record.commands_ended_at,
            over_at: record.over_at,
            stopped_at: record.stopped_at,
            instance_seconds: instance_seconds(record),
            output: record.output.clone(),
            output_bytes: record.output_size,
            document_sha256: digest(document),
            project: job.as_ref().and_then(project),
            variables: job.map(|job| job.variables).unwrap_or_default(),
        }
    }

    /// From when until when its instance ran, as far as EC2 has said.
    pub fn ran(&self) -> Option<(Timestamp, Timestamp)> {
        self.launched_at.zip(self.stopped_at.or(self.over_at))
    }

    /// The key of its object. The date is that on which the attempt began, in UTC.
    pub fn key(&self) -> String {
        let Self { execution, attempt, started_at, .. } = self;
        format!("{}{execution}-{attempt}.json", day_prefix(*started_at))
    }
}

/// What the keys of all attempts begin with that began on the same day as `at`, in UTC.
pub fn day_prefix(at: Timestamp) -> String {
    format!("{PREFIX}date={}/", at.strftime("%Y-%m-%d"))
}

fn instance_seconds(record: &AttemptRecord) -> Option<i64> {
    let took = record.stopped_at.or(record.over_at)?.duration_since(record.launched_at?);
    let started = took + SignedDuration::from_millis(999);
    Some(started.as_secs().max(0))
}

fn project(job: &Job) -> Option<String> {
    let tags = job
        .instance
        .tag_specifications
        .iter()
        .flatten()
        .filter(|tags| tags.resource_type == TaggedResource::Instance);
    let mut tags = tags.flat_map(|specification| &specification.tags);
    tags.find(|tag| tag.key.eq_ignore_ascii_case("project")).map(|tag| tag.value.clone())
}

fn digest(document: &Value) -> String {
    let mut sorted = document.clone();
    sorted.sort_all_objects();
    let digest = Sha256::digest(sorted.to_string());
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes the attempt's line into the log bucket, in one try: the ledger must not keep anything alive.
///
/// # Errors
/// Why the ledger lacks the line.
pub(crate) async fn write(
    deployment: &Deployment,
    execution: &Execution,
    document: &Value,
    record: &AttemptRecord,
    ledger: &impl Ledger,
) -> Result<(), Error> {
    let Some(bucket) = &deployment.log_bucket else { return Ok(()) };
    let line = Line::new(&deployment.name, execution, document, record);
    let text = serde_json::to_string(&line)
        .map_err(|error| Error::InternalError(format!("unwritable line: {error}")))?;
    Ok(ledger.put_line(&deployment.region, bucket, &line.key(), &text).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{FakeAws, attempt_record, deployment, time};
    use crate::ids::ExecutionId;
    use serde_json::json;

    fn execution() -> Execution {
        let id = ExecutionId::new("arn:aws:states:us-east-1:000000000000:execution:ec2-ops:run-7");
        Execution { id, started: time("2026-03-01T05:30:00Z") }
    }

    fn document() -> Value {
        json!({
            "commands": ["true"],
            "variables": { "VPU": "01" },
            "secrets": { "TOKEN": "/my/token" },
            "instance_parameters": {
                "ImageId": "ami-0123456789abcdef0",
                "InstanceType": "t4g.nano",
                "TagSpecifications": [
                    { "ResourceType": "volume", "Tags": [{ "Key": "Project", "Value": "disks" }] },
                    { "ResourceType": "instance", "Tags": [{ "Key": "Project", "Value": "rivers-$VPU" }] },
                ],
            },
        })
    }

    fn line(record: &AttemptRecord) -> Line {
        Line::new("test", &execution(), &document(), record)
    }

    #[test]
    fn a_line_is_kept_under_the_day_on_which_its_attempt_began() {
        let mut record = attempt_record(2, Status::Succeeded);
        record.started_at = time("2026-03-01T23:59:59Z");
        record.ended_at = time("2026-03-02T06:00:00Z");
        assert_eq!(line(&record).key(), "runs/date=2026-03-01/run-7-2.json");
    }

    #[test]
    fn it_names_the_project_and_the_variables_and_no_secret() {
        let line = line(&attempt_record(1, Status::Succeeded));
        assert_eq!(line.project.as_deref(), Some("rivers-01"));
        assert_eq!(line.variables, BTreeMap::from([("VPU".to_owned(), "01".to_owned())]));
        assert!(!serde_json::to_string(&line).unwrap().contains("my/token"));
    }

    #[test]
    fn the_seconds_of_the_instance_end_when_it_was_told_to_end() {
        let mut record = attempt_record(1, Status::Succeeded);
        assert_eq!(line(&record).instance_seconds, None);
        record.launched_at = Some(time("2026-03-01T05:31:00.5Z"));
        record.over_at = Some(time("2026-03-01T05:32:00Z"));
        assert_eq!(line(&record).instance_seconds, Some(60));
        record.stopped_at = Some(time("2026-03-01T05:33:00Z"));
        assert_eq!(line(&record).instance_seconds, Some(120));
        // EC2's time has whole seconds.
        record.stopped_at = Some(time("2026-03-01T05:31:00Z"));
        assert_eq!(line(&record).instance_seconds, Some(0));
    }

    #[test]
    fn the_order_of_a_documents_keys_does_not_change_its_digest() {
        let [one, other]: [Value; 2] =
            [r#"{"a":{"b":1,"c":2},"d":[]}"#, r#"{"d":[],"a":{"c":2,"b":1}}"#].map(|t| t.parse().unwrap());
        assert_eq!(digest(&one), digest(&other));
        assert_ne!(digest(&one), digest(&json!({})));
    }

    #[tokio::test]
    async fn a_repetition_writes_the_same_bytes_under_the_same_key_and_none_without_a_log_bucket() {
        let (aws, mut deployment, mut record) =
            (FakeAws::default(), deployment(), attempt_record(1, Status::CommandFailed));
        let written = async |deployment: &Deployment, record: &AttemptRecord| {
            write(deployment, &execution(), &document(), record, &aws).await.unwrap();
            aws.ledger.lock().unwrap().clone()
        };
        assert!(written(&deployment, &record).await.is_empty());
        deployment.log_bucket = Some("logs".to_owned());
        let first = written(&deployment, &record).await;
        record.ended_at = time("2026-03-01T07:00:00Z");
        assert_eq!(written(&deployment, &record).await, first);
        assert_eq!(first.keys().collect::<Vec<_>>(), ["logs/runs/date=2026-03-01/run-7-1.json"]);
    }
}
