use super::*;
use crate::data::size::MAX_DEPTH;
use crate::failure::{DATA_LIMIT_EXCEEDED, INTRINSIC_FAILURE, RESULT_PATH_MATCH_FAILURE, RUNTIME};

async fn pass(change: Value, input: impl Into<Json>) -> Run {
    let mut state = json!({"Type": "Pass", "End": true});
    state.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Functions::new([]).run(&machine(&state), input).await
}

#[tokio::test(start_paused = true)]
async fn the_output_of_a_pass_state_is_its_input() {
    let run = pass(json!({}), json!({"a": 1})).await;
    assert_eq!(run.output(), &json!({"a": 1}));
    assert_eq!(
        run.types(),
        ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    );
}

/// An input with white space, unsorted members, and numbers in several spellings.
const SENT: &str =
    r#"{"b": 1e2, "a": [1.50, 18446744073709551615, 31.245270191439438],  "n": 12345678901234567890123}"#;

#[tokio::test(start_paused = true)]
async fn a_state_that_changes_nothing_keeps_the_text_of_its_input() {
    for change in [json!({}), json!({"InputPath": "$", "OutputPath": "$"}), json!({"ResultPath": null})] {
        let run = pass(change, Json::parse(SENT).unwrap()).await;
        assert_eq!(run.text(), SENT);
        assert_eq!(run.event("ExecutionStarted")["executionStartedEventDetails"]["input"], SENT);
        assert_eq!(run.event("PassStateEntered")["stateEnteredEventDetails"]["input"], SENT);
        assert_eq!(run.event("PassStateExited")["stateExitedEventDetails"]["output"], SENT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_selected_or_computed_value_keeps_the_order_of_its_members_and_its_doubles() {
    for (change, expected) in [
        (json!({"InputPath": "$.a"}), "[1.5,18446744073709551615,31.245270191439438]"),
        (json!({"Result": 1, "ResultPath": "$.a"}), r#"{"b":100.0,"a":1,"n":1.2345678901234568e+22}"#),
        (json!({"Parameters": {"z.$": "$.a[2]", "y": 1}}), r#"{"z":31.245270191439438,"y":1}"#),
        (json!({"Parameters": {"v.$": "States.JsonToString($.a[0])"}}), r#"{"v":"1.5"}"#),
    ] {
        let run = pass(change, Json::parse(SENT).unwrap()).await;
        assert_eq!(run.text(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_a_state_nests_too_deeply_fails_the_state() {
    let deepest = (0..MAX_DEPTH).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(pass(json!({}), deepest.clone()).await.ending.status(), "SUCCEEDED");
    let run = pass(json!({"Parameters": {"a.$": "$"}}), deepest).await;
    let cause =
        "The state/task 'S' returned a result with more than the maximum of 127 nested arrays and objects.";
    assert_eq!(run.failure(), (DATA_LIMIT_EXCEEDED, cause));
}

#[tokio::test(start_paused = true)]
async fn paths_narrow_the_input_and_the_output() {
    let input = json!({"a": {"b": [1, 2]}, "c": 3});
    let run = pass(json!({"InputPath": "$.a", "OutputPath": "$.b[1]"}), input.clone()).await;
    assert_eq!(run.output(), &json!(2));
    let run = pass(json!({"InputPath": "$$.Execution.Input.c"}), input.clone()).await;
    assert_eq!(run.output(), &json!(3));
    let run = pass(json!({"InputPath": null}), input.clone()).await;
    assert_eq!(run.output(), &json!({}));
    let run = pass(json!({"OutputPath": null}), input).await;
    assert_eq!(run.output(), &json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_result_is_put_at_the_result_path() {
    let input = json!({"a": 1, "o": {"p": 2}});
    let result = |path: Value| json!({"Result": "new", "ResultPath": path});
    assert_eq!(pass(result("$".into()), input.clone()).await.output(), &json!("new"));
    assert_eq!(pass(result(Value::Null), input.clone()).await.output(), &input);
    assert_eq!(
        pass(result("$.o.q.r".into()), input.clone()).await.output(),
        &json!({"a": 1, "o": {"p": 2, "q": {"r": "new"}}})
    );
    let run = pass(result("$.a.b".into()), input).await;
    assert_eq!(run.failure().0, RESULT_PATH_MATCH_FAILURE);
}

#[tokio::test(start_paused = true)]
async fn a_result_path_applies_to_the_input_before_the_input_path() {
    let run = pass(json!({"InputPath": "$.a", "ResultPath": "$.copy"}), json!({"a": 1})).await;
    assert_eq!(run.output(), &json!({"a": 1, "copy": 1}));
}

#[tokio::test(start_paused = true)]
async fn parameters_mix_fixed_and_computed_values() {
    let parameters = json!({
        "fixed": {"x": [1, null]},
        "taken.$": "$.a",
        "deep": [{"name.$": "$$.State.Name", "id.$": "$$.Execution.Id"}, 7],
        "made.$": "States.Format('{}/{}', $.a, $$.StateMachine.Name)",
    });
    let run = pass(json!({"Parameters": parameters}), json!({"a": "A"})).await;
    let id = "arn:aws:states:eu-west-1:000000000000:execution:machine:run";
    assert_eq!(
        run.output(),
        &json!({"fixed": {"x": [1, null]}, "taken": "A", "deep": [{"name": "S", "id": id}, 7], "made": "A/machine"})
    );
}

#[tokio::test(start_paused = true)]
async fn the_context_object_has_the_shape_that_aws_documents() {
    let run = pass(json!({"InputPath": "$$"}), json!({"a": 1})).await;
    assert_eq!(
        run.output(),
        &json!({
            "Execution": {
                "Id": "arn:aws:states:eu-west-1:000000000000:execution:machine:run",
                "Input": {"a": 1},
                "Name": "run",
                "RedriveCount": 0,
                "RoleArn": "arn:aws:iam::000000000000:role/machine",
                "StartTime": "2026-01-02T03:04:05.000Z",
            },
            "State": {"EnteredTime": "2026-01-02T03:04:05.000Z", "Name": "S"},
            "StateMachine": {
                "Id": "arn:aws:states:eu-west-1:000000000000:stateMachine:machine",
                "Name": "machine",
            },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_path_without_a_value_fails_the_execution_with_the_message_of_aws() {
    let prefix = "An error occurred while executing the state 'S' (entered at the event id #2).";
    for (state, cause) in [
        (json!({"InputPath": "$.no"}), "Invalid path '$.no' : No results for path: $['no']"),
        (json!({"OutputPath": "$.no.such"}), "Invalid path '$.no.such' : Missing property in path $['no']"),
        (
            json!({"Parameters": {"v.$": "$.no"}}),
            "The JSONPath '$.no' specified for the field 'v.$' could not be found in the input '{\"a\":1}'",
        ),
        (
            json!({"Parameters": {"v.$": "$$.Task.Token"}}),
            "The JSONPath '$$.Task.Token' specified for the field 'v.$' could not be found in the input '{\"a\":1}'",
        ),
    ] {
        let run = pass(state, json!({"a": 1})).await;
        assert_eq!(run.failure(), (RUNTIME, format!("{prefix} {cause}").as_str()));
        assert_eq!(run.types(), ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_intrinsic_function_with_a_wrong_argument_fails_with_its_own_error() {
    let run = pass(json!({"Parameters": {"v.$": "States.ArrayLength($.a)"}}), json!({"a": 1})).await;
    assert_eq!(run.failure().0, INTRINSIC_FAILURE);
}

#[tokio::test(start_paused = true)]
async fn an_output_over_the_quota_fails_the_state() {
    let run = pass(json!({"Result": "x".repeat(262_143)}), json!({})).await;
    assert_eq!(
        run.failure(),
        (
            DATA_LIMIT_EXCEEDED,
            "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit."
        )
    );
    assert!(!run.types().contains(&"PassStateExited".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_task_sends_its_parameters_and_selects_from_its_result() {
    let state = task(&json!({
        "InputPath": "$.in",
        "Parameters": {"FunctionName": "f:7", "Payload": {"got.$": "$", "count.$": "$$.State.RetryCount"}},
        "ResultSelector": {"answer.$": "$.Payload.x", "version.$": "$.ExecutedVersion", "code.$": "$.StatusCode"},
        "ResultPath": "$.out",
    }));
    let functions = Functions::new([Answer::Returns(json!({"x": 5}))]);
    let run = functions.run(&machine(&state), json!({"in": 1})).await;
    assert_eq!(functions.payload(0), json!({"got": 1, "count": 0}));
    assert_eq!(run.output(), &json!({"in": 1, "out": {"answer": 5, "version": "7", "code": 200}}));
}

#[tokio::test(start_paused = true)]
async fn a_task_records_the_events_that_aws_records() {
    let run = Functions::new([]).run(&machine(&task(&json!({"TimeoutSeconds": 60}))), json!({"a": 1})).await;
    assert_eq!(
        run.types(),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(
        run.event("ExecutionStarted"),
        json!({
            "id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": 1_767_323_045.0,
            "executionStartedEventDetails": {
                "input": "{\"a\":1}",
                "inputDetails": {"truncated": false},
                "roleArn": "arn:aws:iam::000000000000:role/machine"
            }
        })
    );
    assert_eq!(run.event("TaskStateEntered")["previousEventId"], 0);
    assert_eq!(
        run.event("TaskStateEntered")["stateEnteredEventDetails"],
        json!({"name": "S", "input": "{\"a\":1}", "inputDetails": {"truncated": false}})
    );
    assert_eq!(
        run.event("TaskScheduled")["taskScheduledEventDetails"],
        json!({
            "resourceType": "lambda", "resource": "invoke", "region": "eu-west-1",
            "parameters": "{\"FunctionName\":\"f\",\"Payload\":{\"a\":1}}", "timeoutInSeconds": 60
        })
    );
    assert_eq!(
        run.event("TaskStarted")["taskStartedEventDetails"],
        json!({"resourceType": "lambda", "resource": "invoke"})
    );
    let output = "{\"ExecutedVersion\":\"$LATEST\",\"Payload\":{\"a\":1},\"StatusCode\":200}";
    assert_eq!(
        run.event("TaskSucceeded")["taskSucceededEventDetails"],
        json!({
            "resourceType": "lambda", "resource": "invoke", "output": output, "outputDetails": {"truncated": false}
        })
    );
    assert_eq!(
        run.event("TaskStateExited")["stateExitedEventDetails"],
        json!({"name": "S", "output": output, "outputDetails": {"truncated": false}})
    );
    assert_eq!(
        run.event("ExecutionSucceeded")["executionSucceededEventDetails"],
        json!({"output": output, "outputDetails": {"truncated": false}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_name_from_the_input_must_be_a_string() {
    let state = task(&json!({"Parameters": {"FunctionName.$": "$.f"}}));
    let run = Functions::new([]).run(&machine(&state), json!({"f": 5})).await;
    assert_eq!(run.failure().0, RUNTIME);
    assert!(!run.types().contains(&"TaskScheduled".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_fail_state_names_its_error() {
    let fail = |state: Value| async move {
        Functions::new([]).run(&machine(&state), json!({"e": "E", "n": 5})).await
    };
    let run = fail(json!({"Type": "Fail", "Error": "Named", "Cause": "why"})).await;
    assert_eq!(run.failure(), ("Named", "why"));
    assert_eq!(run.types(), ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]);
    let run =
        fail(json!({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.n)"})).await;
    assert_eq!(run.failure(), ("E", "5!"));
    let run = fail(json!({"Type": "Fail"})).await;
    assert_eq!(run.event("ExecutionFailed")["executionFailedEventDetails"], json!({}));
    let run = fail(json!({"Type": "Fail", "ErrorPath": "$.n"})).await;
    assert_eq!(run.failure().0, RUNTIME);
    let run = fail(json!({"Type": "Fail", "CausePath": "$.none"})).await;
    assert!(
        run.failure().1.contains("specified for the field 'CausePath' could not be found"),
        "{:?}",
        run.failure()
    );
}
