//! The page that shows the rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ec2_ops_limits::launch::rules;

const HEAD: &str = "\
# What EC2 refuses

A launch that breaks one of these rules is refused in every account. `validate` and every execution check them before any AWS
call. The sandbox checks the same rules at `RunInstances`, and answers with EC2's code.

A document has at most 46 tags for each resource, because EC2 takes 50 and ec2-ops sets 4.

Generated: `REGENERATE=1 cargo test -p ec2-ops-limits`.

| argument | expected | EC2's code otherwise |
|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for rule in rules() {
        writeln!(page, "| `{}` | {} | [`{}`]({}) |", rule.at, rule.expected, rule.code, rule.page).unwrap();
    }
    page
}

#[test]
fn the_page_is_current() {
    let (path, page) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/launch-rules.md"), page());
    if std::env::var_os("REGENERATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == page,
        "docs/launch-rules.md is out of date; REGENERATE=1 cargo test -p ec2-ops-limits"
    );
}
