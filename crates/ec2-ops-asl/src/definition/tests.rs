use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn invoke() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
        "End": true,
    })
}

/// A machine of the one state `S`.
fn only(state: &Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

fn problems(definition: &Value) -> Vec<String> {
    match StateMachine::parse(&definition.to_string()) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(Problem::to_string).collect(),
    }
}

/// The problems of a machine of one state: `state` after `change`.
fn problems_with(mut state: Value, change: Value) -> Vec<String> {
    let Value::Object(change) = change else { panic!("expected an object") };
    state.as_object_mut().unwrap().extend(change);
    state.as_object_mut().unwrap().retain(|_, value| value != "absent");
    problems(&only(&state))
}

#[track_caller]
fn refused(problems: &[String], expected: &str) {
    assert!(problems.len() == 1 && problems[0].contains(expected), "expected '{expected}' in {problems:#?}");
}

#[test]
fn a_definition_of_every_supported_field_loads() {
    let definition = json!({
        "Comment": "all", "Version": "1.0", "QueryLanguage": "JSONPath", "TimeoutSeconds": 100, "StartAt": "Task",
        "States": {
            "Task": {
                "Type": "Task", "Comment": "c", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "InputPath": "$.a", "OutputPath": null, "ResultPath": "$.r", "ResultSelector": {"x.$": "$.y"},
                "Parameters": {"FunctionName.$": "$.f", "Payload": {"t.$": "$$.Task.Token"}},
                "TimeoutSecondsPath": "$.t", "HeartbeatSeconds": 5,
                "Retry": [
                    {"ErrorEquals": ["A", "States.Timeout"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 0,
                     "MaxDelaySeconds": 31_622_400, "JitterStrategy": "FULL", "Comment": "c"},
                    {"ErrorEquals": ["States.ALL"]}
                ],
                "Catch": [{"ErrorEquals": ["B"], "ResultPath": null, "Next": "Fail"}],
                "Next": "Choice"
            },
            "Choice": {
                "Type": "Choice",
                "Choices": [{"And": [
                    {"Variable": "$.x", "IsPresent": true},
                    {"Not": {"Variable": "$.x", "StringEqualsPath": "$$.Execution.Name"}}
                ], "Next": "Wait"}],
                "Default": "Pass"
            },
            "Wait": {"Type": "Wait", "TimestampPath": "$.x", "Next": "Pass"},
            "Pass": {"Type": "Pass", "Result": [1], "ResultPath": "$.p", "Next": "Succeed"},
            "Succeed": {"Type": "Succeed", "InputPath": "$.p"},
            "Fail": {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "States.Format('{}', $.Cause)"}
        }
    });
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    assert_eq!(machine.timeout(), Some(Duration::from_secs(100)));
    assert_eq!(machine.state_names().count(), 6);
    assert_eq!(
        machine.error_names().into_iter().collect::<Vec<_>>(),
        ["A", "B", "States.ALL", "States.Timeout"]
    );
    assert!(machine.function_names().is_empty());
}

#[test]
fn literal_function_names_are_known() {
    let mut other = invoke();
    other["Parameters"] = json!({"FunctionName": "g", "Payload.$": "$"});
    other["Next"] = "F".into();
    other.as_object_mut().unwrap().remove("End");
    let definition = json!({"StartAt": "G", "States": {"F": invoke(), "G": other}});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    assert_eq!(machine.function_names().into_iter().collect::<Vec<_>>(), ["f", "g"]);
}

#[test]
fn every_problem_is_listed_with_its_path() {
    let definition = json!({
        "StartAt": "Strat", "Versoin": "1.0",
        "States": {
            "Other": {"Type": "Parallel"},
            "Start": {"Type": "Pass", "InputPaht": "$", "Next": "Nowhere"},
        }
    });
    assert_eq!(
        problems(&definition),
        [
            "$.States.Other.Type: type 'Parallel' is not supported; supported are Task, Map, Choice, \
             Pass, Wait, Succeed, Fail",
            "$.States.Start.Next: there is no state 'Nowhere'",
            "$.States.Start.InputPaht: field 'InputPaht' is not supported in a Pass state (did you mean 'InputPath'?)",
            "$.StartAt: there is no state 'Strat' (did you mean 'Start'?)",
            "$.Versoin: field 'Versoin' is not supported in a state machine (did you mean 'Version'?)",
        ]
    );
}

#[test]
fn text_that_is_not_json_or_names_a_member_twice_is_refused() {
    for (text, reason) in [
        ("{", "not valid JSON"),
        ("[]", "expected an object"),
        (r#"{"StartAt": "A", "StartAt": "B", "States": {}}"#, "'StartAt' occurs twice"),
    ] {
        let error = StateMachine::parse(text).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn the_fields_of_the_machine_are_checked() {
    let pass = json!({"Type": "Pass", "End": true});
    let with = |name: &str, value: Value| {
        let mut definition = only(&pass);
        definition[name] = value;
        problems(&definition)
    };
    refused(&with("Version", "2.0".into()), "expected '1.0'");
    refused(&with("QueryLanguage", "JSONata".into()), "only 'JSONPath' is supported");
    refused(&with("TimeoutSeconds", 0.into()), "expected an integer from 1 to 99999999, found 0");
    refused(&problems(&json!({"States": {"S": pass}})), "'StartAt' is required");
    refused(&problems(&json!({"StartAt": "S"})), "'States' is required");
}

#[test]
fn every_state_can_be_reached_and_one_ends_the_execution() {
    let unreachable = json!({"StartAt": "A", "States": {
        "A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "A"}
    }});
    refused(&problems(&unreachable), "$.States.B: no state leads here");
    let endless = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}
    }});
    refused(&problems(&endless), "$.States: no state that can be reached ends the execution");
}

#[test]
fn a_name_has_at_most_80_characters() {
    let named = |name: &str| problems(&json!({"StartAt": name, "States": {name: {"Type": "Succeed"}}}));
    assert!(named(&"é".repeat(80)).is_empty());
    refused(&named(&"n".repeat(81)), "expected a name of 1 to 80 characters, found 81");
}

#[test]
fn a_state_has_either_a_next_state_or_an_end() {
    let pass = || json!({"Type": "Pass", "End": true});
    refused(&problems_with(pass(), json!({"Next": "S"})), "only one of 'Next' and 'End'");
    refused(&problems_with(pass(), json!({"End": "absent"})), "'Next' or 'End' is required");
    refused(&problems_with(pass(), json!({"End": false})), "expected true, found false");
    refused(
        &problems_with(json!({"Type": "Succeed"}), json!({"End": true})),
        "field 'End' is not supported in a Succeed",
    );
    refused(&problems_with(pass(), json!({"Type": "absent"})), "'Type' is required");
}

#[test]
fn a_task_is_one_of_the_integrations_that_are_modelled() {
    for resource in [
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:lambda:us-east-1:1:function:f",
        "arn:aws:states:::sqs:sendMessage",
    ] {
        refused(
            &problems_with(invoke(), json!({"Resource": resource})),
            "is not supported; supported are arn:aws:states:::lambda:invoke,",
        );
    }
    let parameters = |parameters: Value| problems_with(invoke(), json!({"Parameters": parameters}));
    refused(&parameters(json!({"Payload": {}})), "'FunctionName' is required");
    let nested = |parameters: Value| {
        let resource = "arn:aws:states:::states:startExecution.sync:2";
        problems_with(invoke(), json!({"Resource": resource, "Parameters": parameters}))
    };
    assert_eq!(
        nested(json!({"StateMachineArn": "m", "Name.$": "$.n", "Input": {"a": 1}})),
        Vec::<String>::new()
    );
    refused(&nested(json!({"Name": "n"})), "'StateMachineArn' is required");
    refused(&nested(json!({"StateMachineArn": "m", "TraceHeader": "t"})), "'TraceHeader' is not supported");
    refused(&parameters(json!({"FunctionName": 7})), "FunctionName: expected a string");
    refused(&parameters(json!({"FunctionName": ""})), "found an empty string");
    refused(
        &parameters(json!({"FunctionName": "f", "FunctionName.$": "$.f"})),
        "only one of 'FunctionName' and",
    );
    refused(
        &parameters(json!({"FunctionName": "f", "InvocationType": "Event"})),
        "'InvocationType' is not supported in the parameters",
    );
    refused(
        &parameters(json!({"FunctionName": "f", "Payload": {"a.$": 5}})),
        "$.States.S.Parameters.Payload['a.$']: a field whose name",
    );
    refused(
        &parameters(json!({"FunctionName": "f", "Payload": [{"a.$": "b"}]})),
        "Payload[0]['a.$']: 'b' is not a path",
    );
    refused(&problems_with(invoke(), json!({"Parameters": "absent"})), "'Parameters' is required");
    refused(&problems_with(invoke(), json!({"ResultSelector": 5})), "ResultSelector: expected an object");
    refused(&problems_with(invoke(), json!({"ResultPath": "$$.Task"})), "cannot be written");
}

#[test]
fn timeouts_and_heartbeats_fit_together() {
    let waiting = || {
        let mut state = invoke();
        state["Resource"] = "arn:aws:states:::lambda:invoke.waitForTaskToken".into();
        state
    };
    assert!(problems_with(waiting(), json!({"TimeoutSeconds": 10, "HeartbeatSeconds": 9})).is_empty());
    refused(
        &problems_with(waiting(), json!({"TimeoutSeconds": 10, "HeartbeatSeconds": 10})),
        "expected less than TimeoutSeconds (10)",
    );
    refused(
        &problems_with(waiting(), json!({"TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"})),
        "only one of",
    );
    refused(&problems_with(invoke(), json!({"HeartbeatSeconds": 1})), "a heartbeat needs a task token");
    refused(&problems_with(invoke(), json!({"TimeoutSeconds": 0})), "expected an integer from 1");
    refused(&problems_with(invoke(), json!({"TimeoutSeconds": 1.5})), "expected an integer from 1");
}

#[test]
fn a_retrier_keeps_within_the_limits_of_aws() {
    let retry = |retrier: Value| problems_with(invoke(), json!({"Retry": [retrier]}));
    refused(&retry(json!({})), "'ErrorEquals' is required");
    refused(&retry(json!({"ErrorEquals": []})), "expected at least one element");
    refused(
        &retry(json!({"ErrorEquals": ["A"], "IntervalSeconds": 0})),
        "Retry[0].IntervalSeconds: expected an integer from 1",
    );
    refused(
        &retry(json!({"ErrorEquals": ["A"], "MaxAttempts": 100_000_000})),
        "expected an integer from 0 to 99999999",
    );
    refused(
        &retry(json!({"ErrorEquals": ["A"], "BackoffRate": 0.9})),
        "expected a number of at least 1.0, found 0.9",
    );
    refused(
        &retry(json!({"ErrorEquals": ["A"], "MaxDelaySeconds": 31_622_401})),
        "expected an integer from 1 to 31622400",
    );
    refused(
        &retry(json!({"ErrorEquals": ["A"], "IntervalSeconds": 5, "MaxDelaySeconds": 5})),
        "expected more than IntervalSeconds (5)",
    );
    refused(&retry(json!({"ErrorEquals": ["A"], "JitterStrategy": "full"})), "expected 'FULL' or 'NONE'");
    refused(&retry(json!({"ErrorEquals": ["A"], "Backofrate": 2})), "did you mean 'BackoffRate'?");
    refused(&retry(json!({"ErrorEquals": ["States.TimeOut"]})), "did you mean 'States.Timeout'?");
    refused(&retry(json!({"ErrorEquals": [1]})), "ErrorEquals[0]: expected a string, found 1");
}

#[test]
fn states_all_stands_alone_and_last() {
    let (all, a) = (json!({"ErrorEquals": ["States.ALL"]}), json!({"ErrorEquals": ["A"]}));
    assert!(problems_with(invoke(), json!({"Retry": [a, all]})).is_empty());
    refused(&problems_with(invoke(), json!({"Retry": [all, a]})), "must stand alone, and in the last");
    refused(
        &problems_with(invoke(), json!({"Retry": [{"ErrorEquals": ["A", "States.ALL"]}]})),
        "must stand alone",
    );
    let catch = json!({"Catch": [{"ErrorEquals": ["States.ALL", "A"], "Next": "S"}]});
    refused(&problems_with(invoke(), catch), "Catch[0].ErrorEquals: 'States.ALL' must stand alone");
    refused(&problems_with(invoke(), json!({"Catch": [{"ErrorEquals": ["A"]}]})), "'Next' is required");
}

#[test]
fn a_choice_rule_has_one_comparison_of_the_right_type() {
    let choices = |rule: Value| {
        problems(&json!({"StartAt": "S", "States": {
            "S": {"Type": "Choice", "Choices": [rule], "Default": "E"}, "E": {"Type": "Succeed"}
        }}))
    };
    assert!(choices(json!({"Variable": "$.a", "NumericLessThanEqualsPath": "$.b", "Next": "E"})).is_empty());
    refused(&choices(json!({"Variable": "$.a", "Next": "E"})), "a comparison is required");
    refused(
        &choices(json!({"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "E"})),
        "only one of 'IsNull' and 'IsString'",
    );
    refused(&choices(json!({"IsNull": true, "Next": "E"})), "'Variable' is required");
    refused(&choices(json!({"Variable": "$.a", "IsNull": true})), "'Next' is required");
    refused(
        &choices(json!({"Variable": "$.a", "StringEquals": 5, "Next": "E"})),
        "expected a string, found 5",
    );
    refused(&choices(json!({"Variable": "$.a", "NumericEquals": "5", "Next": "E"})), "expected a number");
    refused(
        &choices(json!({"Variable": "$.a", "TimestampEquals": "2020-01-01 00:00:00Z", "Next": "E"})),
        "expected an RFC 3339 timestamp",
    );
    refused(
        &choices(json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "E"}, "Next": "E"})),
        "'Next' is not supported in a nested choice rule",
    );
    refused(&choices(json!({"And": [], "Next": "E"})), "And: expected at least one element");
    let misspelt = choices(json!({"Variable": "$.a", "StringEqals": "x", "Next": "E"}));
    assert!(misspelt.iter().any(|problem| problem.contains("did you mean 'StringEquals'?")), "{misspelt:#?}");
    refused(
        &problems_with(json!({"Type": "Choice"}), json!({"Choices": []})),
        "expected at least one element",
    );
}

#[test]
fn a_wait_has_one_way_to_end() {
    let wait = |way: Value| problems_with(json!({"Type": "Wait", "End": true}), way);
    assert!(wait(json!({"Timestamp": "2016-03-14T01:59:00.5+02:00"})).is_empty());
    refused(
        &wait(json!({})),
        "exactly one of 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath' is required",
    );
    refused(&wait(json!({"Seconds": 1, "SecondsPath": "$.s"})), "exactly one of");
    refused(&wait(json!({"Seconds": -1})), "expected an integer from 0");
    for text in
        ["2016-03-14 01:59:00Z", "2016-03-14T01:59:00", "2016-13-14T01:59:00Z", "2016-03-14t01:59:00z"]
    {
        refused(&wait(json!({"Timestamp": text})), "expected an RFC 3339 timestamp");
    }
}

#[test]
fn a_fail_state_has_at_most_one_error_and_one_cause() {
    let fail = |fields: Value| problems_with(json!({"Type": "Fail"}), fields);
    assert!(fail(json!({"Error": "E", "CausePath": "$$.State.Name"})).is_empty());
    refused(&fail(json!({"Error": "E", "ErrorPath": "$.e"})), "only one of 'Error' and 'ErrorPath'");
    refused(&fail(json!({"InputPath": "$"})), "field 'InputPath' is not supported in a Fail state");
    refused(&fail(json!({"CausePath": "States.UUID()"})), "'States.UUID' is not supported");
}

#[test]
fn the_path_of_a_problem_quotes_names_that_need_it() {
    let definition = json!({"StartAt": "My state", "States": {"My state": {"Type": "Pass", "Next": "It's"}}});
    refused(&problems(&definition), "$.States['My state'].Next: there is no state 'It's'");
}

fn map() -> Value {
    json!({
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Row", "States": {"Row": {"Type": "Pass", "End": true}},
        },
        "End": true,
    })
}

#[test]
fn a_map_state_is_distributed_and_reads_json_or_lines() {
    assert_eq!(problems_with(map(), json!({})), Vec::<String>::new());
    let processor = |change: Value| {
        let mut processor = map()["ItemProcessor"].clone();
        processor.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        problems_with(map(), json!({"ItemProcessor": processor}))
    };
    let config =
        |mode: &str, kind: &str| processor(json!({"ProcessorConfig": {"Mode": mode, "ExecutionType": kind}}));
    refused(
        &config("INLINE", "STANDARD"),
        "ProcessorConfig.Mode: only 'DISTRIBUTED' is supported, found 'INLINE'",
    );
    refused(&config("DISTRIBUTED", "EXPRESS"), "ExecutionType: only 'STANDARD' is supported");
    refused(
        &processor(json!({"StartAt": "Rwo"})),
        "$.States.S.ItemProcessor.StartAt: there is no state 'Rwo'",
    );
    let unreachable = json!({"Row": {"Type": "Pass", "End": true}, "Lost": {"Type": "Pass", "End": true}});
    refused(
        &processor(json!({"States": unreachable})),
        "$.States.S.ItemProcessor.States.Lost: no state leads here",
    );
    refused(
        &processor(json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}})),
        "more than one state has the name 'S'",
    );
    refused(&problems_with(map(), json!({"ItemBatcher": {}})), "field 'ItemBatcher' is not supported");
    refused(&problems_with(map(), json!({"Label": "a b"})), "Label: expected 1 to 40 characters");
    refused(
        &problems_with(map(), json!({"ToleratedFailureCount": 1})),
        "not modelled without a ResultWriter",
    );
    let writer = |config: Value| {
        let writer = json!({
            "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"},
            "WriterConfig": config,
        });
        problems_with(map(), json!({"ResultWriter": writer}))
    };
    assert_eq!(writer(json!({"Transformation": "NONE", "OutputType": "JSONL"})), Vec::<String>::new());
    refused(
        &writer(json!({"Transformation": "COMPACT", "OutputType": "JSON"})),
        "Transformation: only 'NONE'",
    );
    let reader = |change: Value| {
        let mut reader = json!({
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        });
        reader.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        problems_with(map(), json!({"ItemReader": reader}))
    };
    assert_eq!(reader(json!({})), Vec::<String>::new());
    refused(&reader(json!({"ReaderConfig": {"InputType": "CSV"}})), "only 'JSON' and 'JSONL' are supported");
    refused(&reader(json!({"Resource": "arn:aws:states:::s3:listObjectsV2"})), "ItemReader.Resource: only");
    refused(&reader(json!({"Parameters": {"Bucket": "b"}})), "'Key' is required");
}

#[test]
fn the_names_of_errors_and_functions_are_those_of_inner_machines_too() {
    let mut map = map();
    map["ItemProcessor"]["States"]["Row"] = invoke();
    map["ItemProcessor"]["States"]["Row"]["Retry"] = json!([{"ErrorEquals": ["Inner"]}]);
    let machine = StateMachine::parse(&only(&map).to_string()).unwrap();
    assert_eq!(machine.function_names().into_iter().collect::<Vec<_>>(), ["f"]);
    assert_eq!(machine.error_names().into_iter().collect::<Vec<_>>(), ["Inner"]);
}
