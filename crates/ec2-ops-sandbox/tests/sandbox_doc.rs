//! What `docs/sandbox.md` says that the sandbox has, held to what it has.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/sandbox.md");

fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
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
