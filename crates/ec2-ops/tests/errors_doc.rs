//! What `docs/errors.md` claims of every error, held to the code.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::collections::BTreeSet;

use ec2_ops::document::{Problem, Problems};
use ec2_ops::ids::InstanceId;
use ec2_ops::ports::OutputTarget;
use ec2_ops::{AwsError, CommandFailure, Error, Status};

const PAGE: &str = include_str!("../../../docs/errors.md");
const SOURCE: &str = include_str!("../src/error.rs");

/// The rows of the table under `heading`, as cells.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &'static str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
    };
    section.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

/// One of each.
fn errors() -> [Error; 15] {
    let aws = || AwsError::new("A", "B", "", None);
    let failure =
        || Box::new(CommandFailure { what: String::new(), exit_code: None, stderr_tail: String::new() });
    let (instance, why) = (|| InstanceId::new("i-1"), String::new);
    let target = OutputTarget::Key { bucket: String::new(), key: String::new() };
    [
        Error::InvalidExecution(Problems(vec![Problem::new("$", "")])),
        Error::LaunchFailed(String::new()),
        Error::CapacityUnavailable(aws()),
        Error::InstanceNotReady { instance: instance(), state: String::new() },
        Error::InstanceNotReadyAmongMany { instance: instance(), state: String::new() },
        Error::InstanceLost { instance: instance(), why: why() },
        Error::SpotInterrupted { instance: instance(), why: why() },
        Error::CommandFailed(failure()),
        Error::CommandTimedOut(failure()),
        Error::OutputMissing { target, why: why() },
        Error::CleanupPending(String::new()),
        Error::Throttled(aws()),
        Error::ServiceUnavailable(aws()),
        Error::Refused(aws()),
        Error::Internal(String::new()),
    ]
}

/// The names that [`Error::name`] can answer with, by its own text: a new error has one before it has a place above.
fn names_in_the_source() -> BTreeSet<&'static str> {
    let (_, body) = SOURCE.split_once("pub fn name(").unwrap();
    let body = body.split("\n    }\n").next().unwrap();
    body.lines().filter_map(|arm| arm.split_once("=> \"")?.1.strip_suffix("\",")).collect()
}

#[test]
fn every_error_has_its_row_and_every_row_its_error() {
    let rows = rows("Errors of the steps");
    let named: Vec<_> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(named, errors().each_ref().map(Error::name), "in the order of the enum");
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), names_in_the_source());
}

#[test]
fn the_rows_tell_what_is_retried_and_what_becomes_of_the_attempt() {
    for (row, error) in rows("Errors of the steps").iter().zip(errors()) {
        let retried = if error.retryable() { "yes" } else { "no" };
        let status = format!("{:?}", Status::of_error(error.name()));
        assert_eq!(row[2..4], [retried, status.as_str()], "{}", error.name());
    }
}

#[test]
fn the_page_explains_every_status_that_an_attempt_can_have() {
    let explained: BTreeSet<_> = rows("Outcome").iter().map(|row| row[0].to_owned()).collect();
    let of_errors = errors().map(|error| format!("{:?}", Status::of_error(error.name())));
    let others = [Status::Succeeded, Status::Aborted].map(|status| format!("{status:?}"));
    assert_eq!(explained, of_errors.into_iter().chain(others).collect());
}
