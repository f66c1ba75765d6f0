//! Fleets: what their rows came to.
//!
//! `fleet.asl.json` starts an execution for each row, and its `ResultWriter` leaves a line for each in S3. RunChecker counts
//! them, and writes a [`Summary`]. A fleet of ten thousand rows leaves tens of megabytes, so the files are read in pieces, and
//! only counts and failures are kept. [`Records`] say of each row how it stands after all runs of its fleet.

mod lines;
mod records;
mod row;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::ids::Region;
use crate::ports::FleetResults;
use crate::step::write;
use lines::Lines;
pub use records::{Record, Records, execution_name, row_of};
pub use row::Failure;
use row::Row;

/// `ResultWriterDetails` of a Map state: where the manifest is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Manifest {
    bucket: String,
    key: String,
}

/// The object of a manifest. See
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    /// By status: `SUCCEEDED`, `FAILED`, and `PENDING` for rows that were never started.
    result_files: BTreeMap<String, Vec<File>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    key: String,
    size: u64,
}

/// What the rows of a fleet came to: the object `summary.json` beside the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many rows there were.
    pub rows: u64,
    /// How many of them succeeded.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
    /// How many rows ended with each status of an outcome, or of Step Functions.
    pub by_status: BTreeMap<String, u64>,
    /// The rows that did not succeed, by number.
    #[serde(default)]
    pub failures: Vec<Failure>,
}

/// The section that RunChecker writes: the summary without the failures, and where all of it is.
#[derive(Debug, Serialize)]
struct SummarySection<'a> {
    rows: u64,
    succeeded: u64,
    failed: u64,
    by_status: &'a BTreeMap<String, u64>,
    summary: String,
}

/// Reads the results that `manifest` lists, and writes the summary beside it.
///
/// # Errors
/// Why S3 could not be asked, or which file is none of a `ResultWriter`.
pub(crate) async fn summarize(
    manifest: &Manifest,
    region: &Region,
    results: &impl FleetResults,
) -> Result<Value, Error> {
    let Manifest { bucket, key } = manifest;
    let contents = results.read(region, bucket, key, 0..lines::PIECE).await?;
    let contents: Contents =
        serde_json::from_slice(&contents).map_err(|error| unreadable(bucket, key, &error))?;
    let mut summary = Summary::default();
    for file in contents.result_files.into_values().flatten() {
        let mut lines = Lines::new(results, region, (bucket, &file.key), file.size);
        while let Some(line) = lines.next().await? {
            let row = serde_json::from_slice(&line).map_err(|error| unreadable(bucket, &file.key, &error))?;
            summary.count(row);
        }
    }
    summary.failures.sort_by_key(|failure| failure.row);
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let summary_key = format!("{folder}/summary.json");
    results.write(region, bucket, &summary_key, write(&summary)?.to_string().into_bytes()).await?;
    let Summary { rows, succeeded, failed, by_status, .. } = &summary;
    write(&SummarySection {
        rows: *rows,
        succeeded: *succeeded,
        failed: *failed,
        by_status,
        summary: format!("s3://{bucket}/{summary_key}"),
    })
}

impl Summary {
    fn count(&mut self, row: Row) {
        self.rows += 1;
        let failure = row.into_failure();
        let status = failure.as_ref().map_or("Succeeded", |failure| failure.status.as_str()).to_owned();
        *self.by_status.entry(status).or_default() += 1;
        match failure {
            None => self.succeeded += 1,
            Some(failure) => {
                self.failed += 1;
                self.failures.push(failure);
            }
        }
    }
}

fn unreadable(bucket: &str, key: &str, error: &serde_json::Error) -> Error {
    Error::InternalError(format!("s3://{bucket}/{key} is none of a ResultWriter: {error}"))
}

#[cfg(test)]
mod tests;
