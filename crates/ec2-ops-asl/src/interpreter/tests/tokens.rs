use super::*;
use crate::failure::TIMEOUT;
use crate::tokens::TokenError;

/// A task that waits for its token, changed by `change`.
fn waiting(change: &Value) -> Value {
    let mut state = task(&json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
    }));
    state.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    machine(&state)
}

impl Functions {
    fn token(&self, call: usize) -> String {
        self.payload(call)["token"].as_str().unwrap().to_owned()
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn types(execution: &Execution) -> Vec<String> {
    execution.history().events().iter().map(Event::event_type).collect()
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_waiting_task_comes_with_its_token() {
    let functions = Functions::new([]);
    let (execution, run) =
        functions.start(&waiting(&json!({"HeartbeatSeconds": 5000, "TimeoutSeconds": 9000}))).await;
    seconds(3600).await;
    assert!(!run.is_finished());
    functions.tokens.send_success(&functions.token(0), r#"{"done": true}"#).unwrap();
    let ending = run.await.unwrap();
    assert_eq!(ending, Ending::Succeeded { output: Arc::new(json!({"done": true}).into()) });
    assert_eq!(
        types(&execution)[2..],
        [
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    let scheduled = serde_json::to_value(&execution.history().events()[2]).unwrap();
    let details = &scheduled["taskScheduledEventDetails"];
    assert_eq!(
        (&details["resource"], &details["heartbeatInSeconds"]),
        (&json!("invoke.waitForTaskToken"), &json!(5000))
    );
    assert_eq!(functions.tokens.send_success(&functions.token(0), "1"), Err(TokenError::TaskTimedOut));
    assert_eq!(functions.tokens.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_a_waiting_task_comes_with_its_token() {
    let functions = Functions::new([]);
    let catch = json!({"Catch": [{"ErrorEquals": ["InstanceLost"], "Next": "T"}]});
    let (_, run) = functions.start(&waiting(&catch)).await;
    functions.tokens.send_failure(&functions.token(0), Failure::new("InstanceLost", "gone")).unwrap();
    let output = Arc::new(json!({"Error": "InstanceLost", "Cause": "gone"}).into());
    assert_eq!(run.await.unwrap(), Ending::Succeeded { output });
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_a_name_is_caught_by_all_as_null() {
    let functions = Functions::new([]);
    let (_, run) =
        functions.start(&waiting(&json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]}))).await;
    functions.tokens.send_failure(&functions.token(0), Failure::default()).unwrap();
    let output = Arc::new(json!({"Error": null, "Cause": null}).into());
    assert_eq!(run.await.unwrap(), Ending::Succeeded { output });
}

#[tokio::test(start_paused = true)]
async fn a_token_may_be_completed_before_its_function_returns() {
    let functions = Functions::new([takes(30, Answer::Returns(json!("ignored")))]);
    let (execution, run) = functions.start(&waiting(&json!({}))).await;
    functions.tokens.send_success(&functions.token(0), "1").unwrap();
    assert_eq!(run.await.unwrap(), Ending::Succeeded { output: Arc::new(json!(1).into()) });
    assert!(!types(&execution).contains(&"TaskSubmitted".to_owned()));
    assert!(functions.started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_completes_its_own_task_may_fail_afterwards() {
    for then in [fails("Broken"), Answer::Hangs, Answer::Returns(json!("ignored"))] {
        let functions = Functions::new([Answer::Completes(Box::new(then))]);
        let (_, run) = functions.start(&waiting(&json!({"TimeoutSeconds": 5}))).await;
        assert_eq!(run.await.unwrap(), Ending::Succeeded { output: Arc::new(json!(1).into()) });
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_fails_the_task_and_closes_the_token() {
    let functions = Functions::new([takes(1, fails("Broken"))]);
    let (_, run) = functions.start(&waiting(&json!({}))).await;
    let token = functions.token(0);
    assert_eq!(run.await.unwrap(), Ending::Failed(Failure::new("Broken", "because")));
    assert_eq!(functions.tokens.send_success(&token, "1"), Err(TokenError::TaskTimedOut));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_timeout_has_a_new_token_and_the_old_one_has_timed_out() {
    let functions = Functions::new([]);
    let change =
        json!({"TimeoutSeconds": 60, "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 10}]});
    let (execution, run) = functions.start(&waiting(&change)).await;
    seconds(65).await;
    let old = functions.token(0);
    assert_eq!(functions.tokens.send_success(&old, "1"), Err(TokenError::TaskTimedOut));
    assert_eq!(functions.tokens.send_heartbeat(&old), Err(TokenError::TaskTimedOut));
    seconds(10).await;
    assert_ne!(functions.token(1), old);
    functions.tokens.send_success(&functions.token(1), "2").unwrap();
    assert_eq!(run.await.unwrap(), Ending::Succeeded { output: Arc::new(json!(2).into()) });
    assert_eq!(functions.call_times(), [0.0, 70.0]);
    assert_eq!(types(&execution)[4..8], ["TaskSubmitted", "TaskTimedOut", "TaskScheduled", "TaskStarted"]);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_task_alive_until_they_stop() {
    let functions = Functions::new([]);
    let (_, run) = functions
        .start(&waiting(&json!({"HeartbeatSecondsPath": "$$.Execution.RedriveCount", "Retry": []})))
        .await;
    assert!(matches!(run.await.unwrap(), Ending::Failed(_)), "a heartbeat of 0 seconds is refused");
    let functions = Functions::new([]);
    let (_, run) = functions.start(&waiting(&json!({"HeartbeatSeconds": 10}))).await;
    for _ in 0..5 {
        seconds(8).await;
        functions.tokens.send_heartbeat(&functions.token(0)).unwrap();
    }
    let ending = run.await.unwrap();
    assert!(matches!(ending, Ending::Failed(failure) if failure.error.as_deref() == Some(TIMEOUT)));
    assert_eq!(functions.started.elapsed().as_secs(), 50);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_do_not_extend_the_timeout() {
    let functions = Functions::new([]);
    let (_, run) = functions.start(&waiting(&json!({"HeartbeatSeconds": 10, "TimeoutSeconds": 20}))).await;
    for _ in 0..2 {
        seconds(8).await;
        functions.tokens.send_heartbeat(&functions.token(0)).unwrap();
    }
    run.await.unwrap();
    assert_eq!(functions.started.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_missing_heartbeat_matches_both_of_its_names() {
    for (name, expected) in [
        ("States.HeartbeatTimeout", "SUCCEEDED"),
        ("States.Timeout", "SUCCEEDED"),
        ("States.ALL", "SUCCEEDED"),
        ("States.TaskFailed", "FAILED"),
    ] {
        let functions = Functions::new([]);
        let change = json!({"HeartbeatSeconds": 10, "Catch": [{"ErrorEquals": [name], "Next": "T"}]});
        let (_, run) = functions.start(&waiting(&change)).await;
        assert_eq!(run.await.unwrap().status(), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_over_the_quota_does_not_complete_the_task() {
    let functions = Functions::new([]);
    let (_, run) = functions.start(&waiting(&json!({}))).await;
    let token = functions.token(0);
    let large = format!("\"{}\"", "x".repeat(262_144));
    assert!(matches!(functions.tokens.send_success(&token, &large), Err(TokenError::InvalidOutput(_))));
    assert!(!run.is_finished());
    functions.tokens.send_success(&token, "1").unwrap();
    assert_eq!(run.await.unwrap().status(), "SUCCEEDED");
}

/// On real threads: if a caller gets `Ok`, its completion decides the ending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_completion_wins_over_a_timeout_at_the_same_moment() {
    let rounds = (0..64).map(|round| {
        tokio::spawn(async move {
            let functions = Functions::new([]);
            let (_, run) = functions.start(&waiting(&json!({"TimeoutSeconds": 1}))).await;
            tokio::time::sleep(Duration::from_micros(994_000 + round * 125)).await;
            let accepted = functions.tokens.send_success(&functions.token(0), "1");
            let ending = run.await.unwrap();
            assert_eq!(accepted.is_ok(), ending.status() == "SUCCEEDED", "{accepted:?} {ending:?}");
        })
    });
    for round in rounds.collect::<Vec<_>>() {
        round.await.unwrap();
    }
}
