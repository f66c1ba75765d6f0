//! What `docs/sandbox.md` says that the sandbox has, held to what it has.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/sandbox.md");

/// The names in backticks in one cell of the row that begins with `first`.
fn named<'a>(first: &str, cell: usize) -> BTreeSet<&'a str> {
    let row = PAGE.lines().find(|line| line.starts_with(&format!("| {first} |"))).unwrap_or_default();
    quoted(row.split('|').nth(cell).unwrap_or_default())
}

fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The actions that a dispatcher's own text matches on.
fn dispatched(source: &str) -> BTreeSet<&str> {
    let arms = source.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"));
    arms.map(|(name, _)| name).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())).collect()
}

#[test]
fn the_page_names_every_action_and_no_other() {
    for (service, source) in [
        ("EC2", include_str!("../src/ec2/wire/mod.rs")),
        ("SSM", include_str!("../src/ssm/mod.rs")),
        ("DynamoDB", include_str!("../src/dynamodb/dispatch.rs")),
        ("Step Functions", include_str!("../src/stepfunctions/mod.rs")),
    ] {
        let actions = dispatched(source);
        assert!(!actions.is_empty(), "{service}");
        assert_eq!(named(service, 2), actions, "{service}");
    }
}

#[test]
fn the_page_names_every_command_of_the_image_and_no_other() {
    let source = include_str!("../../ec2-ops-guest/src/shims/mod.rs");
    let (_, list) = source.split_once("NAMES").unwrap_or_default();
    let list = list.split("];").next().unwrap_or_default();
    let brought: BTreeSet<_> = list.split('"').skip(1).step_by(2).collect();
    let (_, table) = PAGE.split_once("| command | what it does here |").unwrap_or_default();
    let cells = table.lines().filter_map(|row| row.split('|').nth(1));
    assert_eq!(cells.flat_map(quoted).collect::<BTreeSet<_>>(), brought);
}
