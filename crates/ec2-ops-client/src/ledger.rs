//! The ledger of a deployment: its lines read, and those that are missing written.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::ByteStream;
use ec2_ops::ids::{ExecutionId, Region};
use ec2_ops::ledger::{self, Cut, Line};
use ec2_ops::{AttemptRecord, Deployment};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;

use crate::time::timestamp;
use crate::{Client, Error, Execution, What};

/// How many objects are read, and how many executions are described, at once.
const AT_ONCE: usize = 16;

/// The lines of a ledger since some day.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The lines, in the order of their days.
    pub lines: Vec<Line>,
    /// The keys of objects that are no lines, or of a version that this program does not know.
    pub unreadable: Vec<String>,
}

impl Client {
    /// The bucket of the ledger and of the commands' output, as `terraform/main.tf` and the sandbox name it.
    pub fn log_bucket(&self) -> String {
        let fields: Vec<_> = self.state_machine_arn().split(':').collect();
        let [.., region, account, _, name] = fields[..] else { return String::new() };
        match self.sandbox() {
            Some(_) => format!("{name}-logs"),
            None => format!("{name}-logs-{account}-{region}"),
        }
    }

    /// The lines of the attempts that began on the day of `since` or later.
    ///
    /// # Errors
    /// Where S3 cannot be asked.
    pub async fn ledger(&self, since: Timestamp) -> Result<Ledger, Error> {
        let bucket = &self.log_bucket();
        let keys = self.ledger_keys(since).await?;
        let read = async |key: String| {
            let object = self.object(bucket, &key).await?;
            Ok::<_, Error>((key, serde_json::from_slice::<Line>(&object).ok()))
        };
        let mut ledger = Ledger::default();
        let mut objects = stream::iter(keys).map(read).buffered(AT_ONCE);
        while let Some(object) = objects.next().await {
            match object? {
                (_, Some(line)) => ledger.lines.push(line),
                (key, None) => ledger.unreadable.push(key),
            }
        }
        Ok(ledger)
    }

    async fn ledger_keys(&self, since: Timestamp) -> Result<BTreeSet<String>, Error> {
        let call = self.s3().list_objects_v2().bucket(self.log_bucket()).prefix(ledger::PREFIX);
        let mut pages = call.start_after(ledger::day_prefix(since)).into_paginator().send();
        let mut keys = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of_call("ListObjectsV2", &error))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Writes the lines that the ledger lacks of executions that were started since then and have ended. Returns their keys.
    ///
    /// What only EC2 knew of an instance is null in a line of an execution without an outcome.
    ///
    /// # Errors
    /// Where Step Functions or S3 cannot be asked, or S3 refuses a line.
    pub async fn repair_ledger(&self, since: Timestamp) -> Result<Vec<String>, Error> {
        let present = self.ledger_keys(since).await?;
        let mut arns = Vec::new();
        let mut pages = self.executions(None, usize::MAX);
        while let Some(item) = pages.next().await?.filter(|item| timestamp(item.start_date()) >= since) {
            arns.push(item.execution_arn().to_owned());
        }
        let mut written = Vec::new();
        let mut executions = stream::iter(&arns).map(|arn| self.describe(arn)).buffered(AT_ONCE);
        while let Some(execution) = executions.next().await {
            let execution = execution?;
            for line in self.lines_of(&execution).await? {
                let key = line.key();
                if !present.contains(&key) {
                    self.write_line(&key, &line).await?;
                    written.push(key);
                }
            }
        }
        Ok(written)
    }

    /// The lines that an execution should have, from what Step Functions knows of it.
    async fn lines_of(&self, execution: &Execution) -> Result<Vec<Line>, Error> {
        let Some(ended) = execution.ended else { return Ok(Vec::new()) };
        let id = ExecutionId::new(&execution.arn);
        let deployment = self.state_machine_arn().rsplit(':').next().unwrap_or_default();
        let of = ec2_ops::Execution { id, started: execution.started };
        let outcome = execution.outcome().unwrap_or_default();
        let records = serde_json::from_value::<Vec<AttemptRecord>>(outcome["attempts"].clone());
        let mut lines: Vec<_> = records
            .unwrap_or_default()
            .iter()
            .map(|record| Line::new(deployment, &of, &execution.document, record))
            .collect();
        if outcome.is_null() {
            let cut = Cut { status: execution.status.clone(), why: execution.reason(), at: ended };
            let deployment = Deployment::new(deployment, Region::new(self.region()));
            let state = self.last_state(&execution.arn).await?;
            lines.extend(
                earlier(&state)
                    .iter()
                    .map(|record| Line::new(&deployment.name, &of, &execution.document, record)),
            );
            if let Some((document, record)) = ledger::cut_attempt(&of, state, &cut, &[], &deployment) {
                lines.push(Line::new(&deployment.name, &of, &document, &record));
            }
        }
        Ok(lines)
    }

    /// The input of the state that the execution entered last.
    async fn last_state(&self, arn: &str) -> Result<Value, Error> {
        let events = self.history(arn).read().await?;
        let inputs = events.into_iter().rev().filter_map(|event| match event.what {
            What::Entered { input, .. } => Some(input),
            _ => None,
        });
        Ok(inputs.into_iter().next().unwrap_or_default())
    }

    async fn write_line(&self, key: &str, line: &Line) -> Result<(), Error> {
        let text = serde_json::to_vec(line).map_err(|error| Error::Local(error.to_string()))?;
        let call = self.s3().put_object().bucket(self.log_bucket()).key(key);
        let call = call.content_type("application/json").body(ByteStream::from(text));
        call.send().await.map_err(|error| Error::of_call("PutObject", &error))?;
        Ok(())
    }
}

/// The attempts that were over before the execution was ended from outside.
fn earlier(state: &Value) -> Vec<AttemptRecord> {
    let records =
        if state["outcome"].is_object() { &state["outcome"]["attempts"] } else { &state["attempts"] };
    serde_json::from_value(records.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bucket_has_the_name_that_terraform_gives_it() {
        let names = include_str!("../../../terraform/main.tf");
        assert!(names.contains("\"${var.prefix}-logs-${local.account_id}-${local.region}\""));
    }
}
