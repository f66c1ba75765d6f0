//! How far a run is, while it runs.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sfn::types::ExecutionStatus;
use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use super::FleetRun;
use crate::listing::{AT_ONCE, Of};
use crate::{Client, Error};

/// How far a run is: its map run, as `DescribeMapRun` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetProgress {
    /// The map run.
    pub map_run_arn: String,
    /// The number of rows. 0 until they have been read.
    pub rows: u64,
    /// The rows that have not been started.
    pub queued: u64,
    /// The rows that run.
    pub running: u64,
    /// The rows that have succeeded.
    pub succeeded: u64,
    /// The rows that have ended in another way.
    pub failed: u64,
    /// How many rows may run at once; 0 is no limit.
    pub at_once: u64,
}

impl FleetProgress {
    /// The rows that have ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed
    }

    /// How long the rows that have not ended will take, at the rate of those that have. `None` before the first end.
    pub fn time_left(&self, started: Timestamp, now: Timestamp) -> Option<SignedDuration> {
        let left = self.queued + self.running;
        let seconds = now.duration_since(started).as_secs().max(0).unsigned_abs();
        let total = seconds.saturating_mul(left).checked_div(self.ended())?;
        Some(SignedDuration::from_secs(total.try_into().unwrap_or(i64::MAX)))
    }
}

/// The rows of a run that have failed, by status. It remembers what it has asked for.
#[derive(Debug, Default)]
pub struct Failures(HashMap<String, String>);

impl Client {
    /// How far the run is. `None` until it reads its rows.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn fleet_progress(&self, run: &FleetRun) -> Result<Option<FleetProgress>, Error> {
        let listed = self.sfn.list_map_runs().execution_arn(&run.execution.arn).send().await;
        let listed = listed.map_err(|error| Error::of_call("ListMapRuns", &error))?;
        // The newest first: a redrive of the execution adds to the one that there is.
        let Some(listed) = listed.map_runs().first() else { return Ok(None) };
        let map_run_arn = listed.map_run_arn().to_owned();
        let described = self.sfn.describe_map_run().map_run_arn(&map_run_arn).send().await;
        let described = described.map_err(|error| Error::of_call("DescribeMapRun", &error))?;
        let number = |number: i64| number.max(0).unsigned_abs();
        let counts = described.execution_counts();
        let count = |of: fn(&aws_sdk_sfn::types::MapRunExecutionCounts) -> i64| number(counts.map_or(0, of));
        Ok(Some(FleetProgress {
            map_run_arn,
            rows: count(|counts| counts.total),
            queued: count(|counts| counts.pending),
            running: count(|counts| counts.running),
            succeeded: count(|counts| counts.succeeded),
            failed: count(|counts| counts.failed + counts.timed_out + counts.aborted),
            at_once: number(described.max_concurrency().into()),
        }))
    }

    /// How many rows of a map run have failed with which status, as far as `known` and the latest `most` of them say.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn fleet_failures(
        &self,
        map_run_arn: &str,
        known: &mut Failures,
        most: usize,
    ) -> Result<BTreeMap<String, u64>, Error> {
        let mut arns = Vec::new();
        let mut pages = self.pages(Of::MapRun(map_run_arn), Some(ExecutionStatus::Failed), most);
        while let Some(item) = pages.next().await? {
            arns.extend(Some(item.execution_arn).filter(|arn| !known.0.contains_key(arn)));
        }
        let mut described = stream::iter(&arns).map(|arn| self.describe(arn)).buffered(AT_ONCE);
        while let Some(execution) = described.next().await {
            let execution = execution?;
            let status = execution.error.unwrap_or_else(|| "InternalError".to_owned());
            known.0.insert(execution.arn, status);
        }
        let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
        for status in known.0.values() {
            *by_status.entry(status.clone()).or_default() += 1;
        }
        Ok(by_status)
    }

    /// Changes how many rows of a map run run at once; 0 is no limit.
    ///
    /// # Errors
    /// Where Step Functions refuses that, or gives no answer.
    pub async fn set_at_once(&self, map_run_arn: &str, at_once: u32) -> Result<(), Error> {
        let at_once = i32::try_from(at_once).map_err(|_| {
            Error::Usage(format!("{at_once} rows at once are more than Step Functions takes"))
        })?;
        let call = self.sfn.update_map_run().map_run_arn(map_run_arn).max_concurrency(at_once);
        call.send().await.map_err(|error| Error::of_call("UpdateMapRun", &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_rate_so_far() {
        let started = Timestamp::UNIX_EPOCH;
        let now = started + SignedDuration::from_secs(600);
        let progress = |succeeded, failed| FleetProgress {
            map_run_arn: String::new(),
            rows: 100,
            queued: 70,
            running: 10,
            succeeded,
            failed,
            at_once: 10,
        };
        assert_eq!(progress(15, 5).time_left(started, now), Some(SignedDuration::from_secs(2_400)));
        assert_eq!(progress(0, 0).time_left(started, now), None);
    }
}
