use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::aws_error::AwsError;
use crate::fakes::attempt_record;
use crate::outcome::AttemptRecord;
use crate::status::Status;

/// The objects of one bucket.
#[derive(Default)]
struct Bucket(Mutex<HashMap<String, Vec<u8>>>);

impl FleetResults for Bucket {
    async fn read(
        &self,
        _: &Region,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<Vec<u8>, AwsError> {
        assert_eq!(bucket, "b");
        let objects = self.0.lock().unwrap();
        let absent = || AwsError::new("GetObject", "NoSuchKey", "", Some(404));
        let body = objects.get(key).ok_or_else(absent)?;
        let at = |index: u64| usize::try_from(index).unwrap().min(body.len());
        Ok(body[at(range.start)..at(range.end)].to_vec())
    }

    async fn write(&self, _: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        assert_eq!(bucket, "b");
        self.0.lock().unwrap().insert(key.to_owned(), body);
        Ok(())
    }
}

impl Bucket {
    /// A bucket with a manifest of these lines.
    fn with(succeeded: &[Value], failed: &[Value]) -> Self {
        let bucket = Self::default();
        let mut files = json!({ "PENDING": [] });
        for (status, lines) in [("SUCCEEDED", succeeded), ("FAILED", failed)] {
            let body: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
            files[status] = json!([{ "Key": format!("f/x/{status}_0.jsonl"), "Size": body.len() }]);
            bucket.0.lock().unwrap().insert(format!("f/x/{status}_0.jsonl"), body.into_bytes());
        }
        let manifest = json!({ "DestinationBucket": "b", "MapRunArn": "arn:x", "ResultFiles": files });
        bucket.0.lock().unwrap().insert("f/x/manifest.json".to_owned(), manifest.to_string().into_bytes());
        bucket
    }

    async fn summarize(&self) -> Result<Value, Error> {
        let manifest = Manifest { bucket: "b".to_owned(), key: "f/x/manifest.json".to_owned() };
        summarize(&manifest, &Region::new("us-east-1"), self).await
    }

    fn summary(&self) -> Value {
        serde_json::from_slice(&self.0.lock().unwrap()["f/x/summary.json"]).unwrap()
    }
}

fn outcome(status: Status, reason: &str) -> Value {
    let attempt = AttemptRecord { reason: Some(reason.to_owned()), ..attempt_record(1, status) };
    json!({ "status": status, "attempts": [attempt], "warnings": [], "next": "succeed", "backoff_seconds": 0 })
}

fn row(number: u64, status: &str, more: &Value) -> Value {
    let input = json!({ "fleet": "f", "run": 1, "document": { "row": number, "commands": ["x"] } });
    let mut row = json!({ "Status": status, "Input": input.to_string(), "Name": "uuid" });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[tokio::test]
async fn rows_are_counted_by_the_status_of_their_outcomes() {
    let good = |number| {
        let output = json!({ "outcome": outcome(Status::Succeeded, "") });
        row(number, "SUCCEEDED", &json!({ "Output": output.to_string() }))
    };
    let failed = |number, status, reason| {
        let cause = outcome(status, reason).to_string();
        row(number, "FAILED", &json!({ "Error": "CommandFailed", "Cause": cause }))
    };
    // With `fail_execution`, the failure of the execution is the cause, and the outcome is the cause of that.
    let description =
        |cause: Value| json!({ "Status": "FAILED", "Cause": cause.to_string(), "Input": {} }).to_string();
    let timed_out = description(outcome(Status::CommandTimedOut, "60 s"));
    let nested = row(6, "FAILED", &json!({ "Error": "States.TaskFailed", "Cause": timed_out }));
    let stopped = json!({ "Status": "ABORTED", "Input": {} }).to_string();
    let stopped = row(7, "FAILED", &json!({ "Error": "States.TaskFailed", "Cause": stopped }));
    let bucket = Bucket::with(
        &[good(0), good(3)],
        &[
            failed(2, Status::CommandFailed, "exit code 7"),
            failed(1, Status::OutputMissing, "nothing there"),
            row(5, "FAILED", &json!({ "Error": "States.Timeout" })),
            row(4, "ABORTED", &json!({})),
            nested,
            stopped,
        ],
    );
    let section = bucket.summarize().await.unwrap();
    assert_eq!(
        section,
        json!({
            "rows": 8, "succeeded": 2, "failed": 6,
            "by_status": { "ABORTED": 2, "CommandFailed": 1, "CommandTimedOut": 1, "OutputMissing": 1, "States.Timeout": 1, "Succeeded": 2 },
            "summary": "s3://b/f/x/summary.json",
        })
    );
    let failures = &bucket.summary()["failures"];
    let rows: Vec<_> = failures.as_array().unwrap().iter().map(|failure| failure["row"].as_u64()).collect();
    assert_eq!(rows, [Some(1), Some(2), Some(4), Some(5), Some(6), Some(7)]);
    assert_eq!(
        failures[1],
        json!({ "row": 2, "name": "f-2-1", "status": "CommandFailed", "reason": "exit code 7" })
    );
}

/// A handled failure ends SUCCEEDED. It is a failure of the row all the same, and so is an output without an outcome.
#[tokio::test]
async fn only_an_outcome_proves_that_a_row_succeeded() {
    let output = json!({ "outcome": outcome(Status::CommandFailed, "exit code 1") });
    let handled = row(0, "SUCCEEDED", &json!({ "Output": output.to_string() }));
    let bare = row(1, "SUCCEEDED", &json!({ "Output": "{}" }));
    let section = Bucket::with(&[handled, bare], &[]).summarize().await.unwrap();
    assert_eq!((&section["succeeded"], &section["failed"]), (&json!(0), &json!(2)));
    assert_eq!(section["by_status"], json!({ "CommandFailed": 1, "SUCCEEDED": 1 }));
}

#[tokio::test]
async fn a_line_may_lie_across_the_pieces_in_which_a_file_is_read() {
    let long = "x".repeat(usize::try_from(lines::PIECE).unwrap() - 100);
    let rows: Vec<_> = (0..3).map(|number| row(number, "ABORTED", &json!({ "More": long }))).collect();
    let section = Bucket::with(&[], &rows).summarize().await.unwrap();
    assert_eq!(section["by_status"], json!({ "ABORTED": 3 }));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let bucket = Bucket::with(&[], &[json!({ "no": "row" })]);
    let error = bucket.summarize().await.unwrap_err();
    assert!(error.to_string().contains("s3://b/f/x/FAILED_0.jsonl"), "{error}");
    bucket.0.lock().unwrap().remove("f/x/SUCCEEDED_0.jsonl");
    let bucket = Bucket::default();
    assert_eq!(bucket.summarize().await.unwrap_err().name(), "Refused");
}
