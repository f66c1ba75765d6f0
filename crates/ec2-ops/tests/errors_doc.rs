//! What `docs/errors.md` claims of every error, held to the code.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::collections::BTreeSet;

use ec2_ops::{ErrorKind, Leftover, Status};

const PAGE: &str = include_str!("../../../docs/errors.md");

/// The rows of the table under `heading`, as cells.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &'static str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
    };
    section.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

#[test]
fn the_page_has_the_table_of_errors() {
    let left_behind = |leftover| match leftover {
        Leftover::Nothing => "nothing",
        Leftover::Instance => "the instance",
        Leftover::Unknown => "perhaps an instance",
    };
    let row = |kind: &ErrorKind| {
        let retried = if kind.retryable() { "yes" } else { "no" };
        [kind.name(), retried, &format!("{:?}", kind.status()), left_behind(kind.leftover())]
            .map(str::to_owned)
    };
    let shown = rows("Errors of the steps");
    let shown: Vec<_> = shown.iter().map(|row| [0, 2, 3, 4].map(|column| row[column].to_owned())).collect();
    assert_eq!(shown, ErrorKind::ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_page_explains_every_status_that_an_attempt_can_have() {
    let explained: BTreeSet<_> = rows("Outcome").iter().map(|row| row[0].to_owned()).collect();
    let of_errors = ErrorKind::ALL.iter().map(|kind| kind.status());
    let statuses = of_errors.chain([Status::Succeeded, Status::Aborted]);
    assert_eq!(explained, statuses.map(|status| format!("{status:?}")).collect());
}
