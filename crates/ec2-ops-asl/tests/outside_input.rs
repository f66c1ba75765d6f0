//! Text from outside never makes the crate panic or overflow the stack: it is loaded, or it is refused.

// The lint table's exception for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use ec2_ops_asl::{
    Ending, Environment, Execution, Failure, Identity, Invocation, Json, StateMachine, TaskTokens, TokenError,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Functions that return their payload.
struct Echo;

impl Environment for Echo {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Value, Failure> {
        Ok(invocation.payload().clone())
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// How an execution of `machine` with `input` ends, in virtual time.
fn run(machine: &StateMachine, input: Json) -> Ending {
    let identity = Identity::new("us-east-1", "123456789012", "machine", "run");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let execution = Execution::new(identity, input, Timestamp::UNIX_EPOCH);
    runtime.unwrap().block_on(execution.run(machine, &Echo, &TaskTokens::default()))
}

/// A machine of one Pass state with `change`.
fn pass(change: &Value) -> String {
    let mut state = json!({"Type": "Pass", "End": true});
    state.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    json!({"StartAt": "S", "States": {"S": state}}).to_string()
}

/// Why `definition` is refused.
#[track_caller]
fn refusal(definition: &str) -> String {
    StateMachine::parse(definition).unwrap_err().to_string()
}

fn nested_calls(depth: usize) -> String {
    format!("{}1{}", "States.Array(".repeat(depth), ")".repeat(depth))
}

#[test]
fn ten_intrinsic_functions_fit_into_a_field_and_more_are_refused() {
    let with = |call: &str| pass(&json!({"Parameters": {"v.$": call}}));
    assert!(StateMachine::parse(&with(&nested_calls(10))).is_ok());
    let side_by_side = format!("States.Array({})", ["States.Array()"; 10].join(", "));
    for call in [nested_calls(11), side_by_side, nested_calls(20_000)] {
        assert!(refusal(&with(&call)).contains("at most 10 intrinsic functions"));
    }
}

#[test]
fn a_path_is_no_longer_than_a_payload_is_deep() {
    let with = |steps: usize| pass(&json!({"Result": 1, "ResultPath": format!("${}", ".a".repeat(steps))}));
    assert!(StateMachine::parse(&with(127)).is_ok());
    for steps in [128, 10_000] {
        let refusal = refusal(&with(steps));
        assert!(refusal.contains("more than 127 steps") && refusal.len() < 300, "{refusal}");
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused_wherever_it_stands() {
    let depth = 20_000;
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let rules = format!(
        r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Choice", "Choices": [{}1{}]}}}}}}"#,
        r#"{"Not": "#.repeat(depth),
        "}".repeat(depth)
    );
    let parameters = pass(&json!({"Parameters": "HERE"})).replace("\"HERE\"", &arrays);
    for definition in [&arrays, &rules, &parameters] {
        assert!(refusal(definition).contains("recursion limit exceeded"));
    }
    assert!(Json::parse(&arrays).is_err());
    let output = TaskTokens::default().send_success("token", &arrays);
    assert!(matches!(output, Err(TokenError::InvalidOutput(_))), "{output:?}");
    let text = StateMachine::parse(&pass(&json!({"Parameters": {"v.$": "States.StringToJson($)"}}))).unwrap();
    assert!(matches!(run(&text, Value::from(arrays).into()), Ending::Failed(_)));
}

#[test]
fn a_loop_that_wraps_its_document_fails_before_the_stack_ends() {
    let definition = json!({"StartAt": "S", "States": {
        "S": {"Type": "Pass", "Parameters": {"a": [[[[{"v.$": "$"}]]]]}, "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "End"}], "Default": "S"},
        "End": {"Type": "Succeed"},
    }});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let Ending::Failed(failure) = run(&machine, json!({}).into()) else { panic!("expected a failure") };
    assert_eq!(failure.error.as_deref(), Some("States.DataLimitExceeded"));
    assert!(failure.cause.unwrap().contains("127 nested arrays and objects"));
}

/// Texts of which many are almost a path, a call or a timestamp.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$"),
        Just("$$"),
        Just("."),
        Just("['"),
        Just("']"),
        Just("["),
        Just("]"),
        Just("0"),
        Just("\\"),
        Just("'"),
        Just("\""),
        Just("{}"),
        Just("("),
        Just(")"),
        Just(","),
        Just(" "),
        Just("é"),
        Just("a"),
        Just("States.Format("),
        Just("States.Array("),
        Just("States.MathAdd("),
        Just("States.StringToJson("),
        Just("$.a"),
        Just("1e999"),
        Just("-0"),
        Just("2026-01-02T03:04:05Z"),
        Just("+99:99"),
        Just("*"),
        Just("S"),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// JSON whose members have names that definitions use.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "Type",
        "Next",
        "End",
        "Choices",
        "Default",
        "And",
        "Or",
        "Not",
        "Variable",
        "StringMatches",
        "NumericEquals",
        "TimestampEquals",
        "IsNull",
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
        "Parameters",
        "Result",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "TimestampPath",
        "Resource",
        "FunctionName",
        "Payload",
        "Payload.$",
        "TimeoutSeconds",
        "TimeoutSecondsPath",
        "Retry",
        "Catch",
        "ErrorEquals",
        "BackoffRate",
        "IntervalSeconds",
        "MaxAttempts",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Error",
        "CausePath",
        "a",
        "a.$",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(vec!["0", "-1", "1e2", "1e308", "1.5", "12345678901234567890123", "-0"])
            .prop_map(|number| serde_json::from_str(number).unwrap()),
        any_text().prop_map(Value::String),
        prop::sample::select(vec![
            "S",
            "Pass",
            "Task",
            "Wait",
            "Choice",
            "Fail",
            "Succeed",
            "FULL",
            "States.ALL",
            "arn:aws:states:::lambda:invoke",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_a_definition_or_refused(text in ".{0,200}", cut in 0usize..400) {
        let _ = StateMachine::parse(&text);
        let whole = pass(&json!({"Parameters": {"v.$": text}}));
        let _ = StateMachine::parse(&whole.chars().take(cut).collect::<String>());
    }

    #[test]
    fn any_state_is_loaded_or_refused_with_a_place(state in any_json()) {
        let definition = json!({"StartAt": "S", "States": {"S": state}});
        if let Err(refusal) = StateMachine::parse(&definition.to_string()) {
            prop_assert!(!refusal.problems.is_empty());
            prop_assert!(refusal.problems.iter().all(|problem| problem.path.starts_with('$')), "{}", refusal);
        }
    }

    #[test]
    fn any_path_or_call_that_loads_also_runs(text in any_text(), input in any_json()) {
        for change in [
            json!({"Parameters": {"v.$": text}}),
            json!({"InputPath": text}),
            json!({"Result": [1], "ResultPath": text}),
            json!({"Type": "Fail", "CausePath": text, "End": "absent"}),
        ] {
            let definition = pass(&change).replace(r#""End":"absent","#, "").replace(r#","End":"absent""#, "");
            if let Ok(machine) = StateMachine::parse(&definition) {
                run(&machine, input.clone().into());
            }
        }
    }

    #[test]
    fn any_rule_that_loads_also_decides(rule in any_json(), input in any_json()) {
        let mut rule = rule;
        if let Some(rule) = rule.as_object_mut() {
            rule.insert("Next".into(), "E".into());
        }
        let choice = json!({"Type": "Choice", "Choices": [rule], "Default": "E"});
        let definition = json!({"StartAt": "S", "States": {"S": choice, "E": {"Type": "Succeed"}}});
        if let Ok(machine) = StateMachine::parse(&definition.to_string()) {
            run(&machine, input.into());
        }
    }

    #[test]
    fn a_token_is_refused_whatever_it_looks_like(token in "(AQCAAAAAKgAAAAMAAAAA)?[0-9a-fé+-]{0,18}", output in ".{0,40}") {
        prop_assert!(TaskTokens::default().send_success(&token, &output).is_err());
    }

    #[test]
    fn what_is_read_keeps_its_text(value in any_json()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let read = Json::parse(&pretty).unwrap();
        prop_assert_eq!(&*read, &value);
        prop_assert_eq!(read.to_string(), pretty);
    }
}
