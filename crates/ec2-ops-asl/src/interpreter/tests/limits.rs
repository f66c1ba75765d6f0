use proptest::prelude::*;

use super::*;
use crate::failure::RUNTIME;
use crate::history::MAX_EVENTS;

fn spinning() -> Value {
    json!({"StartAt": "Loop", "States": {
        "Loop": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.stop", "BooleanEquals": true, "Next": "End"}],
            "Default": "Loop"
        },
        "End": {"Type": "Succeed"}
    }})
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_fills_its_history_fails() {
    let run = Functions::new([]).run(&spinning(), json!({"stop": false})).await;
    assert_eq!(
        run.failure(),
        (RUNTIME, "The execution reached the maximum number of history events (25000).")
    );
    assert_eq!(run.events.len(), MAX_EVENTS);
    assert_eq!(run.events[MAX_EVENTS - 2].event_type(), "ChoiceStateExited");
    assert_eq!(run.event("ExecutionFailed")["previousEventId"], 24_999);
}

#[tokio::test(start_paused = true)]
async fn no_catcher_catches_a_full_history() {
    let state = task(&json!({
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 99_999_999, "MaxDelaySeconds": 2}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}],
    }));
    let functions = Functions::new(vec![fails("E"); MAX_EVENTS]);
    let run = functions.run(&machine(&state), json!({})).await;
    assert_eq!(run.failure().0, RUNTIME);
}

/// A machine that never waits must not block other tasks.
#[tokio::test(start_paused = true)]
async fn a_machine_that_spins_can_be_aborted() {
    let functions = Functions::new([]);
    let execution = Arc::new(Execution::for_tests(json!({"stop": false})));
    let machine = StateMachine::parse(&spinning().to_string()).unwrap();
    let (running, spinning) = (Arc::clone(&execution), Arc::clone(&functions));
    let run = tokio::spawn(async move { running.run(&machine, &*spinning, &spinning.tokens).await });
    tokio::task::yield_now().await;
    execution.abort(functions.now(), Failure::default());
    assert_eq!(run.await.unwrap().status(), "ABORTED");
    assert!(execution.history().events().len() < MAX_EVENTS);
}

/// The behaviour of one invocation.
fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Returns(json!({"x": 1}))),
        Just(fails("E")),
        Just(fails("F")),
        Just(Answer::Hangs),
        Just(Answer::Returns("x".repeat(262_144).into())),
        (0..20u64).prop_map(|seconds| takes(seconds, Answer::Returns(json!(2)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_history_is_dense_ordered_and_ends_once(
        script in prop::collection::vec(any_answer(), 0..12),
        timeout in 1..40u64,
        abort_after in prop::option::of(0..60u64),
    ) {
        let definition = json!({"StartAt": "Work", "TimeoutSeconds": timeout, "States": {
            "Work": task(&json!({
                "TimeoutSeconds": 5,
                "Retry": [{"ErrorEquals": ["E", "States.Timeout"], "MaxAttempts": 2}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Again"}],
                "ResultPath": "$.r",
            })),
            "Again": {"Type": "Wait", "Seconds": 3, "Next": "Work"}
        }});
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let functions = Functions::new(script);
            let (execution, run) = functions.start(&definition).await;
            if let Some(seconds) = abort_after {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                execution.abort(functions.now(), Failure::default());
            }
            let ending = run.await.unwrap();
            check_shape(&execution.history().events());
            assert_eq!(execution.history().ending().map(|(ending, _)| ending), Some(ending));
        });
    }
}
