//! The executions of the deployment, the latest first.

use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;

use crate::time::timestamp;
use crate::{Client, Error, Execution, RUNNING};

/// Which executions are listed.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// How they stand; all if empty.
    pub standings: Vec<String>,
    /// Not those that were started earlier.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// How many executions are described at once: the outcome is not in a listing.
pub(crate) const AT_ONCE: usize = 8;
/// The largest page of `ListExecutions`.
const PAGE: usize = 1000;

impl Client {
    /// The executions that `listing` asks for, the latest first.
    ///
    /// # Errors
    /// Where Step Functions cannot be asked.
    pub async fn list(&self, listing: &Listing) -> Result<Vec<Execution>, Error> {
        let wanted = |execution: &Execution| {
            let standing = execution.standing();
            listing.standings.is_empty() || listing.standings.iter().any(|word| word == standing.as_str())
        };
        let mut pages = self.executions(status_filter(&listing.standings), usize::MAX);
        let mut found: Vec<Execution> = Vec::new();
        while found.len() < listing.limit {
            let mut arns = Vec::new();
            // As many as are missing: with a filter that may be too few, and then there is another round.
            while arns.len() < listing.limit - found.len() {
                match pages.next().await? {
                    Some(item) if listing.since.is_none_or(|since| timestamp(item.start_date()) >= since) => {
                        arns.push(item.execution_arn().to_owned());
                    }
                    _ => break,
                }
            }
            if arns.is_empty() {
                break;
            }
            let mut described = stream::iter(&arns).map(|arn| self.describe(arn)).buffered(AT_ONCE);
            while let Some(execution) = described.next().await {
                found.extend(Some(execution?).filter(wanted));
            }
        }
        Ok(found)
    }

    /// At most `most` executions with that status of Step Functions, the latest first.
    pub(crate) fn executions(&self, status: Option<ExecutionStatus>, most: usize) -> Pages<'_> {
        self.pages(Of::StateMachine, status, most)
    }

    /// At most `most` executions with that status of Step Functions, the latest first.
    pub(crate) fn pages<'a>(&'a self, of: Of<'a>, status: Option<ExecutionStatus>, most: usize) -> Pages<'a> {
        let page = Vec::new().into_iter();
        Pages { client: self, of, status, left: most, page, token: None, last: false }
    }
}

/// What Step Functions can filter by itself.
fn status_filter(standings: &[String]) -> Option<ExecutionStatus> {
    match standings {
        [only] if only == RUNNING => Some(ExecutionStatus::Running),
        [only] if only == "Aborted" => Some(ExecutionStatus::Aborted),
        _ => None,
    }
}

/// Whose executions are listed.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// Those of the client's state machine.
    StateMachine,
    /// The children of the map run with this ARN.
    MapRun(&'a str),
}

/// The pages of `ListExecutions`, item by item.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    of: Of<'a>,
    status: Option<ExecutionStatus>,
    left: usize,
    page: std::vec::IntoIter<ExecutionListItem>,
    token: Option<String>,
    last: bool,
}

impl Pages<'_> {
    /// The next item; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<ExecutionListItem>, Error> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            if let Some(item) = self.page.next() {
                self.left -= 1;
                return Ok(Some(item));
            }
            if self.last {
                return Ok(None);
            }
            let size = i32::try_from(self.left.min(PAGE)).unwrap_or(i32::MAX);
            let call = self.client.sfn.list_executions();
            let call = match self.of {
                Of::StateMachine => call.state_machine_arn(self.client.state_machine_arn()),
                Of::MapRun(arn) => call.map_run_arn(arn),
            };
            let call = call
                .max_results(size)
                .set_status_filter(self.status.clone())
                .set_next_token(self.token.take());
            let page = call.send().await.map_err(|error| Error::of_call("ListExecutions", &error))?;
            self.token = page.next_token;
            self.last = self.token.is_none();
            self.page = page.executions.into_iter();
        }
    }
}
