use serde_json::{Value, json};

use super::*;

fn task(next: &str) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "TimeoutSeconds": 60,
        "Retry": [{"ErrorEquals": LAMBDA_SERVICE_ERRORS, "JitterStrategy": "FULL", "MaxDelaySeconds": 30}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Note"}],
        "Next": next,
    })
}

/// `Work`, `Pause`, `Decide`, `Clean`; a failure of `Work` leads over `Note` to `Clean`.
fn sound() -> Value {
    let mut clean = task("Done");
    clean["Retry"] =
        json!([{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxDelaySeconds": 30}]);
    clean.as_object_mut().unwrap().remove("Catch");
    json!({
        "StartAt": "Work",
        "States": {
            "Work": task("Pause"),
            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Decide"},
            "Decide": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.again", "BooleanEquals": true, "Next": "Work"}],
                "Default": "Clean"
            },
            "Note": {"Type": "Pass", "Next": "Clean"},
            "Clean": clean,
            "Done": {"Type": "Succeed"},
        },
    })
}

fn findings(definition: &Value) -> Vec<String> {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    lint(&machine, "Clean").iter().map(Problem::to_string).collect()
}

/// The findings on [`sound`] after `change`.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut definition = sound();
    change(&mut definition["States"]);
    findings(&definition)
}

#[track_caller]
fn only(findings: &[String], expected: &str) {
    assert!(findings.len() == 1 && findings[0].contains(expected), "{findings:#?}");
}

#[test]
fn a_sound_machine_has_no_findings() {
    assert_eq!(findings(&sound()), Vec::<String>::new());
}

#[test]
fn a_task_needs_a_timeout() {
    let findings = after(|s| {
        s["Work"].as_object_mut().unwrap().remove("TimeoutSeconds");
    });
    only(&findings, "$.States.Work: expected TimeoutSeconds or TimeoutSecondsPath");
    let findings = after(|s| {
        s["Work"].as_object_mut().unwrap().remove("TimeoutSeconds");
        s["Work"]["TimeoutSecondsPath"] = "$.timeout".into();
    });
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn a_retrier_needs_full_jitter_and_a_longest_delay() {
    let own = json!({
        "ErrorEquals": ["NotReady"], "JitterStrategy": "NONE", "IntervalSeconds": 4, "MaxDelaySeconds": 5,
    });
    let steady = after(|s| s["Work"]["Retry"].as_array_mut().unwrap().insert(0, own));
    assert!(steady.is_empty(), "{steady:#?}");
    only(
        &after(|s| s["Work"]["Retry"][0]["JitterStrategy"] = "NONE".into()),
        "Retry[0]: expected the JitterStrategy",
    );
    let findings = after(|s| {
        s["Work"]["Retry"][0].as_object_mut().unwrap().remove("MaxDelaySeconds");
    });
    only(&findings, "$.States.Work.Retry[0]: expected MaxDelaySeconds");
}

#[test]
fn every_error_of_the_lambda_service_is_retried() {
    only(
        &after(|s| s["Work"]["Retry"][0]["ErrorEquals"] = json!(LAMBDA_SERVICE_ERRORS[1..])),
        "expected a retry of Lambda.ClientExecutionTimeoutException",
    );
    let none = after(|s| s["Work"]["Retry"][0]["MaxAttempts"] = 0.into());
    assert_eq!(none.len(), LAMBDA_SERVICE_ERRORS.len());
    assert!(after(|s| s["Work"]["Retry"][0]["ErrorEquals"] = json!(["States.ALL"])).is_empty());
}

#[test]
fn every_error_is_caught_and_leads_to_the_cleanup() {
    only(
        &after(|s| s["Work"]["Catch"][0]["ErrorEquals"] = json!(["Some"])),
        "$.States.Work.Catch: expected a catcher of States.ALL",
    );
    let bypass = after(|s| s["Note"] = json!({"Type": "Pass", "End": true}));
    only(&bypass, "$.States.Work.Catch[0].Next: expected to lead to the cleanup");
    let half = after(|s| {
        let choices = json!([{"Variable": "$.x", "IsPresent": true, "Next": "Done"}]);
        s["Note"] = json!({"Type": "Choice", "Choices": choices, "Default": "Clean"});
    });
    only(&half, "expected to lead to the cleanup");
}

#[test]
fn a_caught_error_must_not_replace_the_document() {
    let findings = after(|s| s["Work"]["Catch"][0]["ResultPath"] = "$".into());
    only(&findings, "$.States.Work.Catch[0]: expected a ResultPath below '$'");
}

#[test]
fn the_cleanup_retries_everything() {
    let findings = after(|s| s["Clean"]["Retry"] = task("x")["Retry"].clone());
    only(&findings, "$.States.Clean.Retry: expected the cleanup to retry States.ALL");
}

#[test]
fn the_cleanup_must_exist_and_be_a_task() {
    let machine = StateMachine::parse(&sound().to_string()).unwrap();
    assert!(lint(&machine, "Missing")[0].message.contains("expected the cleanup state 'Missing'"));
    let findings: Vec<_> = lint(&machine, "Note").iter().map(Problem::to_string).collect();
    assert!(
        findings.contains(&"$.States.Note: the cleanup state must be a Task".to_owned()),
        "{findings:#?}"
    );
}

#[test]
fn a_task_that_waits_for_its_token_passes_it_to_the_function() {
    let wait =
        |s: &mut Value| s["Work"]["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken".into();
    only(&after(wait), "expected $$.Task.Token in the payload");
    for payload in [
        json!({"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}),
        json!({"FunctionName": "f", "Payload": [{"text.$": "States.Format('{}', $$.Task.Token)"}]}),
    ] {
        let findings = after(|s| {
            wait(s);
            s["Work"]["Parameters"] = payload;
        });
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[test]
fn a_choice_needs_a_default_and_a_wait_a_time_that_is_not_fixed() {
    let findings = after(|s| {
        s["Decide"]["Choices"][0]["Next"] = "Clean".into();
        s["Decide"].as_object_mut().unwrap().remove("Default");
    });
    only(&findings, "$.States.Decide: expected a Default");
    only(&after(|s| s["Pause"]["Seconds"] = 0.into()), "at least one second");
    let wait = json!({"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "Decide"});
    only(&after(|s| s["Pause"] = wait), "not a fixed one");
}
