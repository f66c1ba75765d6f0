use super::*;
use crate::failure::RUNTIME;

/// Whether the rule held, or the error of the execution.
type Decision = Result<bool, String>;

/// Decides a Choice state with the one `rule`.
async fn decide(mut rule: Value, input: &Value) -> Decision {
    rule["Next"] = "T".into();
    let state = json!({"Type": "Choice", "Choices": [rule], "Default": "U"});
    let run = Functions::new([]).run(&machine(&state), input.clone()).await;
    match run.ending {
        Ending::Failed(failure) => Err(failure.error.unwrap().to_string()),
        _ => Ok(run.event("PassStateEntered")["stateEnteredEventDetails"]["name"] == "T"),
    }
}

#[track_caller]
fn assert_all(cases: &[(Value, Decision, Decision)]) {
    for (rule, expected, found) in cases {
        assert_eq!(expected, found, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_comparison_compares_values_of_its_type() {
    let input = json!({
        "s": "b", "n": 5, "f": 5.5, "b": true, "z": null, "t": "2020-01-01T00:00:00Z",
        "big": 9_007_199_254_740_992_u64, "e": 1e2, "huge": 1.234_567_890_123_456_8e22,
        "s2": "b", "n2": 5.0, "b2": true, "t2": "2020-01-01T01:00:00+01:00",
    });
    let mut cases = Vec::new();
    for (variable, comparison, operand, expected) in [
        ("$.s", "StringEquals", json!("b"), true),
        ("$.s", "StringEquals", json!("B"), false),
        ("$.s", "StringEqualsPath", json!("$.s2"), true),
        ("$.s", "StringLessThan", json!("c"), true),
        ("$.s", "StringLessThan", json!("b"), false),
        ("$.s", "StringLessThanEquals", json!("b"), true),
        ("$.s", "StringGreaterThan", json!("a"), true),
        ("$.s", "StringGreaterThanEquals", json!("c"), false),
        ("$.s", "StringMatches", json!("*"), true),
        ("$.n", "StringEquals", json!("5"), false),
        ("$.n", "NumericEquals", json!(5.0), true),
        ("$.n", "NumericEqualsPath", json!("$.n2"), true),
        ("$.n", "NumericEqualsPath", json!("$.s"), false),
        ("$.f", "NumericGreaterThan", json!(5), true),
        ("$.f", "NumericLessThanEquals", json!(5), false),
        ("$.n", "NumericGreaterThanEqualsPath", json!("$.f"), false),
        ("$.n", "NumericLessThanPath", json!("$.f"), true),
        ("$.s", "NumericEquals", json!(5), false),
        ("$.big", "NumericLessThan", json!(9_007_199_254_740_993_u64), true),
        ("$.e", "NumericEquals", json!(100), true),
        ("$.huge", "NumericGreaterThan", json!(u64::MAX), true),
        ("$.huge", "IsNumeric", json!(true), true),
        ("$.big", "NumericGreaterThan", json!(-0.5), true),
        ("$.b", "BooleanEquals", json!(true), true),
        ("$.b", "BooleanEquals", json!(false), false),
        ("$.b", "BooleanEqualsPath", json!("$.b2"), true),
        ("$.t", "TimestampEqualsPath", json!("$.t2"), true),
        ("$.t", "TimestampLessThan", json!("2020-01-01T00:00:00.001Z"), true),
        ("$.t", "TimestampGreaterThanEquals", json!("2020-01-01T00:00:00Z"), true),
        ("$.t", "TimestampGreaterThan", json!("2020-01-01T00:00:00Z"), false),
        ("$.s", "TimestampEquals", json!("2020-01-01T00:00:00Z"), false),
        ("$.z", "IsNull", json!(true), true),
        ("$.s", "IsNull", json!(false), true),
        ("$.s", "IsString", json!(true), true),
        ("$.n", "IsNumeric", json!(true), true),
        ("$.b", "IsBoolean", json!(true), true),
        ("$.t", "IsTimestamp", json!(true), true),
        ("$.s", "IsTimestamp", json!(true), false),
        ("$.s", "IsPresent", json!(true), true),
        ("$.none", "IsPresent", json!(true), false),
        ("$.none", "IsPresent", json!(false), true),
        ("$$.State.Name", "StringEquals", json!("S"), true),
    ] {
        let rule = json!({"Variable": variable, comparison: operand});
        let found = decide(rule.clone(), &input).await;
        cases.push((rule, Ok(expected), found));
    }
    assert_all(&cases);
}

#[tokio::test(start_paused = true)]
async fn a_pattern_matches_with_wildcards_and_escapes() {
    let mut cases = Vec::new();
    for (pattern, text, expected) in [
        ("log-*.txt", "log-1.txt", true),
        ("log-*.txt", "log-1.txt.gz", false),
        ("*a*b*", "xxayybzz", true),
        ("*a*b*", "xxbyyazz", false),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        (r"1\*", "1*", true),
        (r"1\*", "12", false),
        (r"a\\*", r"a\b", true),
        ("", "", true),
        ("*", "", true),
        ("ab", "abc", false),
    ] {
        let rule = json!({"Variable": "$", "StringMatches": pattern});
        cases.push((rule.clone(), Ok(expected), decide(rule, &json!(text)).await));
    }
    assert_all(&cases);
}

#[tokio::test(start_paused = true)]
async fn rules_combine_and_stop_at_the_first_that_decides() {
    let input = json!({"a": 1});
    let (yes, no) =
        (json!({"Variable": "$.a", "NumericEquals": 1}), json!({"Variable": "$.a", "NumericEquals": 2}));
    let missing = json!({"Variable": "$.b", "NumericEquals": 2});
    let runtime = Err(RUNTIME.to_owned());
    let mut cases = Vec::new();
    for (rule, expected) in [
        (json!({"And": [yes, yes]}), Ok(true)),
        (json!({"And": [yes, no]}), Ok(false)),
        (json!({"Or": [no, yes]}), Ok(true)),
        (json!({"Or": [no, no]}), Ok(false)),
        (json!({"Not": no}), Ok(true)),
        (json!({"Not": {"Or": [no, {"And": [yes, {"Not": no}]}]}}), Ok(false)),
        (json!({"And": [no, missing]}), Ok(false)),
        (json!({"Or": [yes, missing]}), Ok(true)),
        (json!({"And": [yes, missing]}), runtime.clone()),
        (missing.clone(), runtime.clone()),
        (json!({"Variable": "$.a", "NumericEqualsPath": "$.b"}), runtime),
    ] {
        cases.push((rule.clone(), expected, decide(rule, &input).await));
    }
    assert_all(&cases);
}

#[tokio::test(start_paused = true)]
async fn the_first_rule_that_holds_wins_and_none_is_an_error() {
    let rule =
        |expected: i32, next: &str| json!({"Variable": "$", "NumericGreaterThan": expected, "Next": next});
    let state = json!({"Type": "Choice", "Choices": [rule(10, "T"), rule(5, "U")]});
    let run = Functions::new([]).run(&machine(&state), json!(20)).await;
    assert_eq!(run.event("PassStateEntered")["stateEnteredEventDetails"]["name"], "T");
    assert_eq!(run.types()[1..4], ["ChoiceStateEntered", "ChoiceStateExited", "PassStateEntered"]);
    let run = Functions::new([]).run(&machine(&state), json!(7)).await;
    assert_eq!(run.event("PassStateEntered")["stateEnteredEventDetails"]["name"], "U");
    let run = Functions::new([]).run(&machine(&state), json!(1)).await;
    assert_eq!(
        run.failure(),
        (
            RUNTIME,
            "An error occurred while executing the state 'S' (entered at the event id #2). Failed to transition out \
             of the state. The state does not point to a next state."
        )
    );
    assert_eq!(run.types(), ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]);
}
