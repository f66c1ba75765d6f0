//! How each row of a fleet stands.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sfn::types::ExecutionStatus;
use ec2_ops::fleet::{Records, Summary, row_of};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::{Fleet, FleetRun};
use crate::execution::name_in;
use crate::listing::AT_ONCE;
use crate::time::timestamp;
use crate::{Client, Error, Execution, Left};

impl Client {
    /// The rows of a run, by number: what each replaces in the template.
    ///
    /// # Errors
    /// Where S3 cannot be asked, or the object is no JSON lines.
    pub async fn fleet_rows(&self, run: &FleetRun) -> Result<BTreeMap<u32, Value>, Error> {
        let place = &run.execution.document["rows"];
        let text = |field: &str| place[field].as_str().unwrap_or_default();
        let (bucket, key) = (text("bucket"), text("key"));
        let body = self.object(bucket, key).await?;
        rows_in(&body).map_err(|why| Error::Local(format!("s3://{bucket}/{key}: {why}")))
    }

    /// How each row of the fleet stands, by the last run that started it.
    ///
    /// A run that has come to its end has a summary. Of any other, the executions of its rows are asked.
    ///
    /// # Errors
    /// Where Step Functions or S3 cannot be asked.
    pub async fn fleet_records(&self, fleet: &Fleet) -> Result<Records, Error> {
        let mut records = Records::default();
        for run in &fleet.runs {
            let rows = self.fleet_rows(run).await?;
            if run.number == 1 {
                records = Records::of(rows.keys().copied());
            }
            match self.fleet_summary(run).await? {
                Some(summary) => {
                    for row in records.note_summary(run.number, rows.keys().copied(), &summary) {
                        let execution = self.describe(&self.execution_arn(&run.execution_of(row))).await?;
                        // An older one only has the name that the row needed: the row was never started.
                        if execution.started >= run.execution.started {
                            records.note(run.number, row, execution.standing().as_str());
                        }
                    }
                }
                None => {
                    for (row, execution) in self.fleet_executions(run).await? {
                        records.note(run.number, row, execution.standing().as_str());
                    }
                }
            }
        }
        Ok(records)
    }

    /// The summary that RunChecker has written, with the rows that failed, if the run came so far.
    async fn fleet_summary(&self, run: &FleetRun) -> Result<Option<Summary>, Error> {
        let Some(section) = run.summary() else { return Ok(None) };
        let place = section["summary"].as_str().unwrap_or_default();
        let (bucket, key) = place.trim_start_matches("s3://").split_once('/').unwrap_or_default();
        let body = self.object(bucket, key).await?;
        let summary = serde_json::from_slice(&body);
        summary.map(Some).map_err(|error| Error::Local(format!("{place} is no summary: {error}")))
    }

    /// The executions that the run has started so far, by row.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn fleet_executions(&self, run: &FleetRun) -> Result<BTreeMap<u32, Execution>, Error> {
        let mut arns = Vec::new();
        let mut pages = self.executions(None, usize::MAX);
        while let Some(item) = pages.next().await? {
            if timestamp(item.start_date()) < run.execution.started {
                break;
            }
            let row = row_of(item.name(), run.fleet(), run.run());
            arns.extend(row.map(|row| (row, item.execution_arn)));
        }
        let described = stream::iter(&arns)
            .map(async |(row, arn)| Ok((*row, self.describe(arn).await?)))
            .buffered(AT_ONCE);
        described.try_collect().await
    }

    /// The ARNs of the executions of the run that are running.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn fleet_running(&self, run: &FleetRun) -> Result<Vec<String>, Error> {
        let mut arns = Vec::new();
        let mut pages = self.executions(Some(ExecutionStatus::Running), usize::MAX);
        while let Some(item) = pages.next().await? {
            let ours = row_of(item.name(), run.fleet(), run.run()).is_some();
            arns.extend(Some(item.execution_arn).filter(|_| ours));
        }
        Ok(arns)
    }

    /// The regions in which the run launches instances.
    ///
    /// # Errors
    /// Where its rows cannot be read.
    pub async fn fleet_regions(&self, run: &FleetRun) -> Result<BTreeSet<String>, Error> {
        let rows = self.fleet_rows(run).await?;
        let region = |document: &Value| document["region"].as_str().map(str::to_owned);
        let usual = region(run.template()).unwrap_or_else(|| self.region().to_owned());
        Ok(rows.values().map(|row| region(row).unwrap_or_else(|| usual.clone())).collect())
    }

    /// What EC2 has in `region` of the executions of the run.
    ///
    /// # Errors
    /// Where EC2 cannot be asked.
    pub async fn fleet_left(&self, run: &FleetRun, region: &str) -> Result<Left, Error> {
        let pattern = self.execution_arn(&format!("{}-*-{}", run.fleet(), run.run()));
        let ours = |arn: &str| row_of(name_in(arn), run.fleet(), run.run()).is_some();
        self.left_of(&pattern, ours, region).await
    }
}

/// The rows in a text of JSON lines, by number: the one that they bring, or their place.
fn rows_in(body: &[u8]) -> Result<BTreeMap<u32, Value>, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    (0..)
        .zip(lines)
        .map(|(place, line)| {
            let row: Value =
                serde_json::from_str(line).map_err(|error| format!("row {place}: not JSON: {error}"))?;
            let number = row["row"].as_u64().and_then(|number| number.try_into().ok());
            Ok((number.unwrap_or(place), row))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_the_number_that_it_brings_or_that_of_its_place() {
        let rows = rows_in(b"{\"a\": 1}\n\n{\"row\": 7}\n{}\n").unwrap();
        assert_eq!(rows, BTreeMap::from([(0, json!({ "a": 1 })), (7, json!({ "row": 7 })), (2, json!({}))]));
        assert!(rows_in(b"{}\n{").unwrap_err().starts_with("row 1: not JSON"));
    }
}
