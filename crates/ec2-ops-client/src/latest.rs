//! The latest executions as one call lists them: without their outcomes.

use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;

use crate::time::timestamp;
use crate::{Client, Error};

/// An execution as `ListExecutions` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name, unique in the state machine.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Client {
    /// At most `most` executions, the latest first; only those that run, if `running`.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn latest(&self, most: usize, running: bool) -> Result<Vec<Listed>, Error> {
        let mut pages = self.executions(running.then_some(ExecutionStatus::Running), most);
        let mut latest = Vec::new();
        while let Some(item) = pages.next().await? {
            latest.push(Listed {
                name: item.name().to_owned(),
                arn: item.execution_arn().to_owned(),
                started: timestamp(item.start_date()),
                ended: item.stop_date().map(timestamp),
            });
        }
        Ok(latest)
    }
}
