use serde_json::json;

use super::*;
use crate::data::context::Context;
use crate::failure::{INTRINSIC_FAILURE, RUNTIME};
use crate::identity::Identity;

fn evaluate(text: &str, input: &Value) -> Result<Value, DataError> {
    let (identity, start) = (Identity::for_tests(), json!({"from": "start"}));
    let epoch = jiff::Timestamp::UNIX_EPOCH;
    let context = Context::new(&identity, &start, epoch, "State", epoch);
    Call::parse(text).unwrap().evaluate(Scope { input, context: &context })
}

fn value(text: &str, input: &Value) -> Value {
    evaluate(text, input).unwrap()
}

#[test]
fn format_fills_each_brace_pair_in_order() {
    let input = json!({"a": "x", "b": 2, "c": [1, null]});
    assert_eq!(
        value("States.Format('{}-{}-{}-{}', $.a, $.b, true, $.c)", &input),
        json!("x-2-true-[1,null]")
    );
    assert_eq!(value(r"States.Format('it\'s \{{}\} \\', $.a)", &input), json!(r"it's {x} \"));
    assert_eq!(value("States.Format($$.Execution.Input.from)", &input), json!("start"));
}

#[test]
fn format_requires_as_many_values_as_brace_pairs() {
    for text in ["States.Format('{}')", "States.Format('x', 1)", "States.Format('{', 1)"] {
        assert_eq!(evaluate(text, &json!({})).unwrap_err().error, INTRINSIC_FAILURE, "{text}");
    }
}

#[test]
fn json_and_text_convert_both_ways() {
    let input = json!({"text": r#"{"a": [1]}"#, "value": {"b": null}});
    assert_eq!(value("States.StringToJson($.text)", &input), json!({"a": [1]}));
    assert_eq!(value("States.StringToJson('')", &input), Value::Null);
    assert_eq!(value("States.JsonToString($.value)", &input), json!(r#"{"b":null}"#));
    assert_eq!(evaluate("States.StringToJson('{')", &input).unwrap_err().error, INTRINSIC_FAILURE);
}

#[test]
fn arrays_are_made_counted_searched_and_read() {
    let input = json!({"list": [5, 6, "x"]});
    assert_eq!(value("States.Array()", &input), json!([]));
    assert_eq!(value("States.Array(1, 'two', $.list[2], null)", &input), json!([1, "two", "x", null]));
    assert_eq!(value("States.ArrayLength($.list)", &input), json!(3));
    assert_eq!(value("States.ArrayGetItem($.list, 1)", &input), json!(6));
    assert_eq!(value("States.ArrayContains($.list, 'x')", &input), json!(true));
    assert_eq!(value("States.ArrayContains($.list, 'y')", &input), json!(false));
    assert_eq!(value("States.ArrayContains(States.Array(1e2), 100.0)", &input), json!(true));
    assert_eq!(value("States.ArrayContains(States.Array(100), 100.0)", &input), json!(false));
    assert_eq!(evaluate("States.ArrayGetItem($.list, 3)", &input).unwrap_err().error, INTRINSIC_FAILURE);
}

#[test]
fn numbers_are_added_as_integers() {
    let input = json!({"attempt": 2, "half": 1.6});
    assert_eq!(value("States.MathAdd($.attempt, 1)", &input), json!(3));
    assert_eq!(value("States.MathAdd($.attempt, -5)", &input), json!(-3));
    assert_eq!(value("States.MathAdd($.half, 1)", &input), json!(3));
    assert_eq!(evaluate("States.MathAdd('1', 1)", &input).unwrap_err().error, INTRINSIC_FAILURE);
}

#[test]
fn objects_merge_shallowly_and_the_right_one_wins() {
    let input = json!({"l": {"a": {"x": 1}, "b": 1}, "r": {"a": {"y": 2}}});
    assert_eq!(value("States.JsonMerge($.l, $.r, false)", &input), json!({"a": {"y": 2}, "b": 1}));
    let error = evaluate("States.JsonMerge($.l, $.r, true)", &input).unwrap_err();
    assert!(error.message.contains("shallow"), "{}", error.message);
}

#[test]
fn calls_nest() {
    let input = json!({"a": ["x"]});
    assert_eq!(
        value("States.Format('{}!', States.ArrayGetItem( States.Array($.a[0], 2) , 0))", &input),
        json!("x!")
    );
}

#[test]
fn a_path_without_a_value_is_a_runtime_error_that_names_the_path() {
    let error = evaluate("States.Format('{}', $.nope)", &json!({})).unwrap_err();
    assert_eq!(error.error, RUNTIME);
    assert!(error.message.contains("'$.nope' could not be found in the input '{}'"), "{}", error.message);
}

#[test]
fn an_invalid_or_unsupported_call_is_refused_with_a_reason() {
    for (text, reason) in [
        ("States.UUID()", "not supported"),
        ("States.Fromat('x')", "did you mean 'States.Format'?"),
        ("States.Format('x'", "expected ',' or ')'"),
        ("States.Format('x", "not closed"),
        ("States.Format('x') y", "unexpected ' y'"),
        (r"States.Format('\x')", "backslash"),
        ("States.Format(x)", "'x' is not an argument"),
        ("States.MathAdd(1)", "takes two arguments, found 1"),
        ("States.Format()", "takes a format string"),
        ("States.Array($.a[*])", "not a reference path"),
        ("States.Format('{}', $.detail.request-id)", "['in-brackets']"),
        ("States.Format", "a '(' is missing"),
    ] {
        let error = Call::parse(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}
