//! Invalid input is refused with its path, and nothing is launched.

use ec2_ops::Status;
use ec2_ops_asl::Ending;
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use serde_json::{Value, json};

use crate::harness::{Ops, TestSandbox, document};

/// A document with one change: sets `field` of the object at the JSON `pointer` to `value`.
fn changed(pointer: &str, field: &str, value: Value) -> Value {
    let mut document = document(&["true"]);
    document.pointer_mut(pointer).unwrap()[field] = value;
    document
}

/// Invalid documents, each with a part of its message.
fn invalid() -> Vec<(Value, &'static str)> {
    vec![
        (json!([]), "$: found an empty list, expected an object"),
        (json!({}), "$.instance_parameters: missing"),
        (changed("", "comands", json!(["true"])), "$.comands: unknown name; did you mean commands?"),
        (changed("", "commands", json!([])), "$.commands: found"),
        (changed("", "commands", json!([""])), "$.commands: found only empty entries"),
        (changed("", "commands", json!("true")), "$.commands: found \"true\", expected"),
        (changed("", "commands", json!(["true", 7])), "$.commands[1]: found 7, expected"),
        (changed("", "commands", json!(["nul \0"])), "$.commands[0]: found a NUL character"),
        (changed("", "bucket", json!("sandbox-output")), "$.obj_key: missing"),
        (changed("", "region", json!(null)), "$.region: found null"),
        (changed("/run_options", "timeout_s", json!(-1)), "$.run_options.timeout_s: found -1, expected"),
        (
            changed("/run_options", "timeout_s", json!(1_000_000_000)),
            "$.run_options.timeout_s: found 1000000000, expected",
        ),
        (
            changed("/run_options", "timeout_s", json!("60")),
            "$.run_options.timeout_s: found \"60\", expected",
        ),
        (
            changed("/run_options", "ii_cheapo", json!("yes")),
            "$.run_options.ii_cheapo: found \"yes\", expected",
        ),
        (
            changed("/run_options", "ii_check_s3", json!(true)),
            "$.run_options.ii_check_s3: found true, but nothing says",
        ),
        (
            changed("/instance_parameters", "ImageId", json!("ami-123")),
            "$.instance_parameters.ImageId: found",
        ),
        (
            changed("/instance_parameters", "InstanceType", json!("")),
            "$.instance_parameters.InstanceType: found",
        ),
        (changed("/instance_parameters", "Instancetype", json!("t4g.nano")), "did you mean InstanceType?"),
        (document(&["x".repeat(200_000).as_str()]), "bytes of JSON, expected at most 196608"),
    ]
}

#[test]
fn the_command_refuses_an_invalid_document_before_it_starts_anything() {
    for (document, expected) in invalid() {
        let finished = Ops::run(&document).finish();
        assert_eq!(finished.code(), Some(2), "{expected}");
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.starts_with("-:1:"), "{}", finished.stderr);
        assert!(finished.stderr.contains(expected), "expected {expected:?} in {}", finished.stderr);
    }
}

#[test]
fn the_state_machine_refuses_an_invalid_document_and_launches_nothing() {
    TestSandbox::with(async |sandbox| {
        for (document, expected) in invalid() {
            let outcome = sandbox.run(&document).await;
            assert_eq!(outcome.status, Status::InvalidExecution, "{outcome:#?}");
            let reason = outcome.attempts[0].reason.as_deref().unwrap_or_default();
            assert!(reason.contains(expected), "expected {expected:?} in {reason}");
        }
        assert_eq!(sandbox.account().ec2.instances().len(), 0);
    });
}

#[test]
fn with_fail_execution_an_invalid_document_fails_the_execution() {
    let mut document = changed("/run_options", "timeout_s", json!(-1));
    document["run_options"]["fail_execution"] = json!(true);
    TestSandbox::with(async |sandbox| {
        let execution = sandbox.start(&document);
        let Ending::Failed(failure) = sandbox.ending(&execution).await else {
            panic!("it should have failed")
        };
        assert_eq!(failure.error.as_deref(), Some("InvalidExecution"));
    });
}

#[test]
fn text_that_is_not_json_is_refused_as_such() {
    for text in ["", "{", "{\"commands\": [}", "hello"] {
        let finished = Ops::start_with(["run", "-"], text).finish();
        assert_eq!(finished.code(), Some(2));
        assert!(
            finished.stderr.starts_with("-:1:") && finished.stderr.contains(": error: not JSON: "),
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let finished = Ops::start(["run", "/nowhere/document.json"]).finish();
    assert_eq!(finished.code(), Some(2));
    assert!(finished.stderr.starts_with("/nowhere/document.json: error: "), "{}", finished.stderr);
    assert!(finished.stderr.contains("No such file"), "{}", finished.stderr);
}

#[test]
fn a_usage_error_has_its_exit_code() {
    for arguments in [&["frobnicate"][..], &["run"], &["run", "--frobnicate", "x"], &["serve", "--port", "x"]]
    {
        assert_eq!(Ops::start(arguments).finish().code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_document_of_three_hundred_kibibytes_is_refused() {
    let large = document(&["x".repeat(300 * 1024).as_str()]);
    let finished = Ops::run(&large).finish();
    assert_eq!(finished.code(), Some(2));
    assert!(finished.stderr.contains("bytes of JSON, expected at most 196608"), "{}", finished.stderr);
    TestSandbox::with(async |sandbox| {
        let states = &sandbox.account().stepfunctions;
        let refused = states
            .start_execution(StartExecutionRequest {
                state_machine_arn: sandbox.state_machine_arn().to_owned(),
                name: None,
                input: Some(large.to_string()),
            })
            .unwrap_err();
        assert!(refused.message.contains("262144"), "{refused:?}");
    });
}

/// Only AWS knows these: RunInstances or HeadBucket refuses them.
#[test]
fn a_resource_that_does_not_exist_is_named_and_nothing_is_launched() {
    TestSandbox::with(async |sandbox| {
        let mut no_bucket = document(&["true"]);
        no_bucket["bucket"] = json!("a-bucket-that-is-not-there");
        no_bucket["obj_key"] = json!("result.txt");
        let no_image = changed("/instance_parameters", "ImageId", json!("ami-00000000000000000"));
        let no_type = changed("/instance_parameters", "InstanceType", json!("t9.gigantic"));
        for (document, status, expected) in [
            (
                no_bucket,
                Status::InvalidExecution,
                "$.bucket: the bucket \"a-bucket-that-is-not-there\" does not exist",
            ),
            (no_image, Status::LaunchFailed, "ami-00000000000000000"),
            (no_type, Status::LaunchFailed, "t9.gigantic"),
        ] {
            let outcome = sandbox.run(&document).await;
            assert_eq!(outcome.status, status, "{outcome:#?}");
            let reason = outcome.attempts[0].reason.as_deref().unwrap_or_default();
            assert!(reason.contains(expected), "expected {expected:?} in {reason}");
        }
        assert_eq!(sandbox.account().ec2.instances().len(), 0);
    });
}
