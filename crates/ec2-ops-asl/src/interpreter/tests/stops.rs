use super::*;
use crate::tokens::TokenError;

fn waiting_task() -> Value {
    machine(&task(&json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload.$": "$$.Task.Token"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}],
    })))
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_at_once_final_and_closes_the_token() {
    let functions = Functions::new([]);
    let (execution, run) = functions.start(&waiting_task()).await;
    let reason = Failure::new("Operator", "enough");
    assert_eq!(execution.abort(functions.now(), reason.clone()), Ending::Aborted(reason.clone()));
    assert_eq!(run.await.unwrap(), Ending::Aborted(reason.clone()));
    assert!(functions.started.elapsed() < Duration::from_secs(1));
    let token = functions.payload(0).as_str().unwrap().to_owned();
    assert_eq!(functions.tokens.send_success(&token, "1"), Err(TokenError::TaskTimedOut));
    assert_eq!(execution.abort(functions.now(), Failure::default()), Ending::Aborted(reason));
    let events = execution.history().events();
    check_shape(&events);
    let last = serde_json::to_value(events.last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["previousEventId"]), (&json!("ExecutionAborted"), &json!(0)));
    assert_eq!(last["executionAbortedEventDetails"], json!({"error": "Operator", "cause": "enough"}));
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_the_running_task_and_no_catcher_catches_it() {
    let functions = Functions::new([Answer::Hangs]);
    let state = task(&json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]}));
    let (execution, run) = functions.start(&machine(&state)).await;
    execution.abort(functions.now(), Failure::default());
    assert_eq!(run.await.unwrap(), Ending::Aborted(Failure::default()));
    let types: Vec<_> = execution.history().events().iter().map(Event::event_type).collect();
    assert_eq!(types[3..], ["TaskStarted", "ExecutionAborted"]);
}

#[tokio::test(start_paused = true)]
async fn an_abort_before_the_run_keeps_it_from_starting() {
    let functions = Functions::new([]);
    let execution = Execution::for_tests(json!({}));
    execution.abort(functions.now(), Failure::default());
    let machine = StateMachine::parse(&machine(&task(&json!({}))).to_string()).unwrap();
    let ending = execution.run(&machine, &*functions, &functions.tokens).await;
    assert_eq!(ending.status(), "ABORTED");
    assert!(functions.call_times().is_empty());
    check_shape(&execution.history().events());
}

#[tokio::test(start_paused = true)]
async fn an_abort_after_the_end_changes_nothing() {
    let functions = Functions::new([]);
    let (execution, run) = functions.start(&machine(&task(&json!({})))).await;
    let ending = run.await.unwrap();
    assert_eq!(execution.abort(functions.now(), Failure::default()), ending);
    assert_eq!(ending.status(), "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_a_wait_and_a_back_off() {
    let retry = json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1000}]});
    for state in [json!({"Type": "Wait", "Seconds": 1000, "End": true}), task(&retry)] {
        let functions = Functions::new([fails("E")]);
        let (execution, run) = functions.start(&machine(&state)).await;
        execution.abort(functions.now(), Failure::default());
        assert_eq!(run.await.unwrap().status(), "ABORTED");
        assert!(functions.started.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_leaves_no_token_behind_and_no_ending() {
    let functions = Functions::new([]);
    let (execution, run) = functions.start(&waiting_task()).await;
    assert_eq!(functions.tokens.open(), 1);
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    assert_eq!(functions.tokens.open(), 0);
    assert_eq!(execution.history().ending(), None);
}

#[tokio::test(start_paused = true)]
async fn the_machines_own_timeout_ends_the_execution_past_every_catcher() {
    let mut definition = waiting_task();
    definition["TimeoutSeconds"] = 30.into();
    let functions = Functions::new([]);
    let run = functions.run(&definition, json!({})).await;
    assert_eq!(run.ending, Ending::TimedOut);
    assert_eq!(run.took.as_secs(), 30);
    let last = run.event("ExecutionTimedOut");
    assert_eq!(last["executionTimedOutEventDetails"], json!({"error": "States.Timeout"}));
    assert_eq!(last["previousEventId"], 0);
    let token = functions.payload(0).as_str().unwrap().to_owned();
    assert_eq!(functions.tokens.send_success(&token, "1"), Err(TokenError::TaskTimedOut));
}
