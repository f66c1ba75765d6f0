use super::*;
use crate::failure::{DATA_LIMIT_EXCEEDED, RESULT_PATH_MATCH_FAILURE, RUNTIME, TIMEOUT};

fn retrying(retry: &Value) -> Value {
    machine(&task(&json!({"Retry": retry})))
}

#[tokio::test(start_paused = true)]
async fn back_off_grows_by_its_rate_up_to_its_limit() {
    let functions = Functions::new(vec![fails("E"); 5]);
    let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 20, "MaxAttempts": 5}]);
    let run = functions.run(&retrying(&retry), json!({})).await;
    assert_eq!(run.ending.status(), "SUCCEEDED");
    assert_eq!(functions.call_times(), [0.0, 2.0, 8.0, 26.0, 46.0, 66.0]);
}

#[tokio::test(start_paused = true)]
async fn by_default_there_are_three_attempts_after_one_two_and_four_seconds() {
    let functions = Functions::new(vec![fails("E"); 9]);
    let run = functions.run(&retrying(&json!([{"ErrorEquals": ["States.ALL"]}])), json!({})).await;
    assert_eq!(run.failure(), ("E", "because"));
    assert_eq!(functions.call_times(), [0.0, 1.0, 3.0, 7.0]);
}

#[tokio::test(start_paused = true)]
async fn full_jitter_takes_a_fraction_of_the_delay() {
    let functions = Functions::with_fraction(vec![fails("E"); 3], 0.25);
    let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 4, "JitterStrategy": "FULL"}]);
    functions.run(&retrying(&retry), json!({})).await;
    assert_eq!(functions.call_times(), [0.0, 1.0, 3.0, 7.0]);
}

#[tokio::test(start_paused = true)]
async fn each_retrier_counts_its_own_attempts() {
    let functions = Functions::new(["A", "B", "C", "B"].map(fails));
    let retry = json!([
        {"ErrorEquals": ["A", "B"], "MaxAttempts": 2, "BackoffRate": 2},
        {"ErrorEquals": ["C"], "IntervalSeconds": 5},
    ]);
    let state = task(&json!({"Retry": retry, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]}));
    let run = functions.run(&machine(&state), json!({})).await;
    assert_eq!(functions.call_times(), [0.0, 1.0, 3.0, 8.0]);
    assert_eq!(run.output(), &json!({"Error": "B", "Cause": "because"}));
}

#[tokio::test(start_paused = true)]
async fn a_later_retrier_does_not_replace_one_that_is_used_up() {
    let functions = Functions::new(vec![fails("A"); 5]);
    let retry = json!([{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"]}]);
    functions.run(&retrying(&retry), json!({})).await;
    assert_eq!(functions.call_times().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_computes_the_parameters_again_and_enters_the_state_once() {
    let state = task(&json!({
        "Parameters": {"FunctionName": "f", "Payload.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["E"]}],
    }));
    let functions = Functions::new([fails("E")]);
    let run = functions.run(&machine(&state), json!({})).await;
    assert_eq!((functions.payload(0), functions.payload(1)), (json!(0), json!(1)));
    assert_eq!(
        run.types(),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(
        run.event("TaskFailed")["taskFailedEventDetails"],
        json!({"resourceType": "lambda", "resource": "invoke", "error": "E", "cause": "because"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_entered_again_counts_from_zero() {
    let definition = json!({"StartAt": "S", "States": {
        "S": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
            "ResultPath": null, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "S"}], "End": true
        }
    }});
    let functions = Functions::new(vec![fails("E"); 3]);
    let run = functions.run(&definition, json!({})).await;
    assert_eq!(run.ending.status(), "SUCCEEDED");
    assert_eq!(functions.call_times(), [0.0, 1.0, 1.0, 2.0]);
}

/// Whether a catcher of `name` catches the failure of `answer`.
async fn catches(name: &str, answer: Answer) -> bool {
    let state = task(&json!({"TimeoutSeconds": 5, "Catch": [{"ErrorEquals": [name], "Next": "T"}]}));
    Functions::new([answer]).run(&machine(&state), json!({})).await.ending.status() == "SUCCEEDED"
}

#[tokio::test(start_paused = true)]
async fn wildcards_match_the_errors_that_aws_documents() {
    let large = || Answer::Returns("x".repeat(262_144).into());
    for (name, answer, expected) in [
        ("E", fails("E"), true),
        ("E", fails("F"), false),
        ("States.TaskFailed", fails("E"), true),
        ("States.ALL", fails("E"), true),
        ("States.TaskFailed", Answer::Hangs, false),
        ("States.Timeout", Answer::Hangs, true),
        ("States.HeartbeatTimeout", Answer::Hangs, false),
        ("States.ALL", Answer::Hangs, true),
        ("States.ALL", large(), false),
        ("States.TaskFailed", large(), false),
        ("States.DataLimitExceeded", large(), true),
        ("States.ALL", Answer::Fails(Failure::default()), true),
    ] {
        assert_eq!(catches(name, answer).await, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_catches_or_retries_a_runtime_error() {
    for name in ["States.ALL", RUNTIME] {
        let state = task(&json!({
            "OutputPath": "$.no.such.path",
            "Retry": [{"ErrorEquals": [name]}],
            "Catch": [{"ErrorEquals": [name], "Next": "T"}],
        }));
        let functions = Functions::new([]);
        let run = functions.run(&machine(&state), json!({})).await;
        assert_eq!(run.failure().0, RUNTIME);
        assert_eq!(functions.call_times().len(), 1);
        assert_eq!(run.types()[4..], ["TaskSucceeded", "ExecutionFailed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caught_error_is_put_at_the_result_path_of_its_catcher() {
    let caught = |catcher: Value| {
        let mut catcher = catcher;
        catcher["ErrorEquals"] = json!(["States.ALL"]);
        catcher["Next"] = "T".into();
        let state = task(&json!({"OutputPath": "$.no.such.path", "Catch": [catcher]}));
        async move { Functions::new([fails("E")]).run(&machine(&state), json!({"a": 1})).await }
    };
    let error = json!({"Error": "E", "Cause": "because"});
    assert_eq!(caught(json!({})).await.output(), &error);
    assert_eq!(caught(json!({"ResultPath": "$.e"})).await.output(), &json!({"a": 1, "e": error}));
    assert_eq!(caught(json!({"ResultPath": null})).await.output(), &json!({"a": 1}));
    assert_eq!(caught(json!({"ResultPath": "$.a.b"})).await.failure().0, RESULT_PATH_MATCH_FAILURE);
    let run = caught(json!({})).await;
    assert_eq!(
        run.types()[4..],
        ["TaskFailed", "TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_times_out_and_may_be_retried() {
    let functions = Functions::new([Answer::Hangs, takes(4, Answer::Returns(json!("late but fine")))]);
    let state = task(&json!({"TimeoutSecondsPath": "$.t", "Retry": [{"ErrorEquals": ["States.Timeout"]}]}));
    let run = functions.run(&machine(&state), json!({"t": 5})).await;
    assert_eq!(functions.call_times(), [0.0, 6.0]);
    assert_eq!(run.took.as_secs(), 10);
    assert_eq!(
        run.event("TaskTimedOut")["taskTimedOutEventDetails"],
        json!({"resourceType": "lambda", "resource": "invoke", "error": "States.Timeout"})
    );
    let run =
        Functions::new([Answer::Hangs]).run(&machine(&task(&json!({"TimeoutSeconds": 5}))), json!({})).await;
    assert_eq!(run.failure(), (TIMEOUT, ""));
    assert_eq!(
        run.event("ExecutionFailed")["executionFailedEventDetails"],
        json!({"error": "States.Timeout"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_caught_timeout_has_an_empty_cause() {
    let state =
        task(&json!({"TimeoutSeconds": 5, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "T"}]}));
    let run = Functions::new([Answer::Hangs]).run(&machine(&state), json!({})).await;
    assert_eq!(run.output(), &json!({"Error": "States.Timeout", "Cause": ""}));
}

#[tokio::test(start_paused = true)]
async fn limits_from_paths_are_checked_when_the_task_starts() {
    for (value, cause) in [
        (json!(0), "TimeoutSeconds must be positive: 0"),
        (json!(-5), "The TimeoutSecondsPath parameter references a negative value: $.t == -5"),
        (json!("5"), "The TimeoutSecondsPath parameter cannot be parsed as a long value: $.t == 5"),
    ] {
        let state = task(&json!({"TimeoutSecondsPath": "$.t"}));
        let run = Functions::new([]).run(&machine(&state), json!({"t": value})).await;
        assert_eq!(run.failure().0, RUNTIME);
        assert!(run.failure().1.ends_with(cause), "{:?}", run.failure());
        assert_eq!(run.types(), ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_over_the_quota_is_a_failure_of_the_task() {
    let run = Functions::new([Answer::Returns("x".repeat(262_144).into())])
        .run(&machine(&task(&json!({}))), json!({}))
        .await;
    assert_eq!(
        run.failure(),
        (
            DATA_LIMIT_EXCEEDED,
            "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit."
        )
    );
    assert_eq!(run.types()[4..], ["TaskFailed", "ExecutionFailed"]);
}
