//! The ledger, selected and folded: for `runs` and for `cost`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use ec2_ops::ledger::Line;
use ec2_ops_client::{Client, Ledger};
use jiff::{SignedDuration, Timestamp};

use super::DeploymentArgs;
use super::list::since;
use crate::exit::Failure;
use crate::output;

/// Which attempts are meant.
#[derive(Args)]
pub(crate) struct LedgerArgs {
    /// Attempts that began since then, by whole days in UTC: 12h, 30d, or a time such as 2026-11-25T06:00:00Z
    #[arg(long, value_name = "AGE|TIME", default_value = "7d", value_parser = |text: &str| since(text, Timestamp::now()))]
    pub(crate) since: Timestamp,
    /// What one row stands for
    #[arg(long, value_enum, default_value_t = By::Day)]
    pub(crate) by: By,
    /// Only attempts that ended so, such as Succeeded or CommandFailed; may be repeated
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<ec2_ops::Status>,
    /// Only attempts on instances of this type
    #[arg(long = "type", value_name = "TYPE")]
    instance_type: Option<String>,
    /// Only attempts whose instance had this tag `project`
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// JSON in the place of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
}

/// What one row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The day on which attempts began, in UTC
    Day,
    /// How they ended
    Status,
    /// The type of their instances
    Type,
    /// The tag `project` of their instances
    Project,
}

impl By {
    /// The heading of the column.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Status => "STATUS",
            Self::Type => "TYPE",
            Self::Project => "PROJECT",
        }
    }

    fn of(self, line: &Line) -> String {
        let or_none = |value: Option<&String>| value.map_or_else(|| "(none)".to_owned(), Clone::clone);
        match self {
            Self::Day => line.started_at.strftime("%Y-%m-%d").to_string(),
            Self::Status => line.status.as_str().to_owned(),
            Self::Type => or_none(line.instance_type.as_ref()),
            Self::Project => or_none(line.project.as_ref()),
        }
    }

    /// The lines of each row, in the order of the rows.
    pub(crate) fn fold(self, lines: &[Line]) -> BTreeMap<String, Vec<&Line>> {
        let mut rows: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
        for line in lines {
            rows.entry(self.of(line)).or_default().push(line);
        }
        rows
    }
}

impl LedgerArgs {
    /// The lines that are meant. Objects that are no lines are named.
    pub(crate) async fn read(&self, client: &Client) -> Result<Vec<Line>, Failure> {
        let Ledger { mut lines, unreadable } = client.ledger(self.since).await?;
        for key in unreadable {
            output::say(format!("s3://{}/{key} is no line that this version can read", client.log_bucket()));
        }
        lines.retain(|line| self.means(line));
        if lines.is_empty() {
            output::say(format!("no such attempt in the ledger of {}", client.place()));
        }
        Ok(lines)
    }

    fn means(&self, line: &Line) -> bool {
        (self.status.is_empty() || self.status.contains(&line.status))
            && self.instance_type.as_ref().is_none_or(|wanted| line.instance_type.as_ref() == Some(wanted))
            && self.project.as_ref().is_none_or(|wanted| line.project.as_ref() == Some(wanted))
    }
}

/// How long the instances of `lines` ran, in all.
pub(crate) fn instance_time(lines: &[&Line]) -> SignedDuration {
    SignedDuration::from_secs(lines.iter().filter_map(|line| line.instance_seconds).sum())
}

fn status(text: &str) -> Result<ec2_ops::Status, String> {
    let known = ec2_ops::Status::ALL;
    let found = known.iter().find(|status| status.as_str().eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|status| status.as_str()).collect();
        format!("expected one of {}", names.join(", "))
    })
}
