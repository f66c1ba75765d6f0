//! The calls on the page about the sandbox, each by the client that the page names.

use std::path::Path;
use std::process::Command;

use crate::harness::aws::Served;
use crate::harness::workspace;

/// The block of `language` on the page.
fn block(language: &str) -> String {
    let page = std::fs::read_to_string(workspace().join("docs/sandbox.md")).unwrap();
    let section = page.split("\n## Calls to try\n").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let block = section.split(&format!("```{language}\n")).nth(1).and_then(|rest| rest.split("```").next());
    block.unwrap_or_else(|| panic!("no block of {language}")).to_owned()
}

/// Runs a program against a sandbox, and expects it to succeed.
fn succeeds(served: &Served, program: &str, arguments: &[&str], directory: &Path) {
    let output = served.command(program).args(arguments).current_dir(directory).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

fn has(program: &str, arguments: &[&str], directory: &Path) -> bool {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    let found = output.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: {program} {} fails on this machine", arguments.join(" "));
    }
    found
}

#[test]
fn the_calls_of_the_aws_cli() {
    let Some(served) = Served::start() else { return };
    let script = format!("set -eu\n{}", block("sh"));
    succeeds(&served, "sh", &["-c", &script], workspace());
    served.finish();
}

#[test]
fn the_calls_of_boto3() {
    if !has("python3", &["-c", "import boto3"], workspace()) {
        return;
    }
    let Some(served) = Served::start() else { return };
    succeeds(&served, "python3", &["-c", &block("python")], workspace());
    served.finish();
}

/// The SDK for JavaScript is found where `EC2_OPS_NODE_MODULES` says, the directory above its `node_modules`.
#[test]
fn the_calls_of_the_sdk_for_javascript() {
    let modules = std::env::var("EC2_OPS_NODE_MODULES").unwrap_or_default();
    let directory = if modules.is_empty() { workspace() } else { Path::new(&modules) };
    let import =
        "require('@aws-sdk/client-s3'), require('@aws-sdk/client-ec2'), require('@aws-sdk/client-sfn')";
    if !has("node", &["-e", import], directory) {
        return;
    }
    let Some(served) = Served::start() else { return };
    succeeds(&served, "node", &["--input-type=module", "-e", &block("js")], directory);
    served.finish();
}
