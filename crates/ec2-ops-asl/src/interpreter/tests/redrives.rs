use super::*;
use crate::history::NotRedrivable;

fn two_states(second: &Value) -> Value {
    let mut first = task(&json!({}));
    first.as_object_mut().unwrap().remove("End");
    first["Next"] = "T".into();
    json!({"StartAt": "S", "States": {"S": first, "T": second}})
}

fn types(execution: &Execution) -> Vec<String> {
    execution.history().events().iter().map(Event::event_type).collect()
}

/// Redrives the execution and runs it to its end.
async fn redrive(functions: &Functions, execution: &Execution, definition: &Value) -> Ending {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    execution.redrive(&machine, functions.now()).unwrap();
    assert_eq!(execution.history().ending(), None);
    execution.run(&machine, functions, &functions.tokens).await
}

#[tokio::test(start_paused = true)]
async fn a_redrive_schedules_the_failed_task_again_with_its_input_and_all_its_retries() {
    let retry = json!({
        "Parameters": {"FunctionName": "f", "Payload": {
            "tries.$": "$$.State.RetryCount",
            "redrives.$": "$$.Execution.RedriveCount",
            "entered.$": "$$.State.EnteredTime",
            "input.$": "$",
        }},
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    });
    let definition = two_states(&task(&retry));
    let first = Answer::Returns(json!({"from": "S"}));
    let functions = Functions::new([first, fails("E"), fails("E"), fails("E")]);
    let (execution, run) = functions.start(&definition).await;
    assert_eq!(run.await.unwrap().status(), "FAILED");
    let ending = redrive(&functions, &execution, &definition).await;
    assert_eq!(ending.status(), "SUCCEEDED");

    let payloads: Vec<_> = (1..5).map(|call| functions.payload(call)).collect();
    let counts = |name: &str| payloads.iter().map(|payload| payload[name].clone()).collect::<Vec<_>>();
    assert_eq!(counts("tries"), [0, 1, 0, 1]);
    assert_eq!(counts("redrives"), [0, 0, 1, 1]);
    assert_eq!(payloads[2]["input"], payloads[0]["input"]);
    assert_eq!(payloads[2]["entered"], payloads[0]["entered"]);
    let types = types(&execution);
    let redriven = types.iter().position(|event| event == "ExecutionRedriven").unwrap();
    assert_eq!(types[redriven - 1..redriven + 2], ["ExecutionFailed", "ExecutionRedriven", "TaskScheduled"]);
    let event = serde_json::to_value(&execution.history().events()[redriven]).unwrap();
    assert_eq!(event["executionRedrivenEventDetails"], json!({"redriveCount": 1}));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_enters_every_other_state_again() {
    let wait = json!({"Type": "Wait", "Seconds": 100, "End": true});
    let definition = two_states(&wait);
    let functions = Functions::new([]);
    let (execution, run) = functions.start(&definition).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    execution.abort(functions.now(), Failure::default());
    let waited = Instant::now();
    assert_eq!(redrive(&functions, &execution, &definition).await.status(), "SUCCEEDED");
    assert_eq!(run.await.unwrap().status(), "ABORTED");
    assert_eq!(waited.elapsed().as_secs(), 100);
    let types = types(&execution);
    let end =
        ["WaitStateEntered", "ExecutionAborted", "ExecutionRedriven", "WaitStateEntered", "WaitStateExited"];
    assert_eq!(types[types.len() - 6..types.len() - 1], end);
}

#[tokio::test(start_paused = true)]
async fn an_execution_can_be_stopped_and_redriven_over_and_over() {
    let definition = machine(&task(&json!({})));
    let functions = Functions::new([Answer::Hangs, Answer::Hangs, Answer::Hangs]);
    let (execution, run) = functions.start(&definition).await;
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    for count in 1..3 {
        execution.abort(functions.now(), Failure::default());
        execution.redrive(&machine, functions.now()).unwrap();
        assert_eq!(execution.redrives(), (count, Some(functions.now())));
        let (machine, functions, running) = (machine.clone(), Arc::clone(&functions), Arc::clone(&execution));
        tokio::spawn(async move { running.run(&machine, &*functions, &functions.tokens).await });
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    execution.abort(functions.now(), Failure::default());
    // A stale stop does not stop the next run.
    execution.abort(functions.now(), Failure::default());
    assert_eq!(run.await.unwrap().status(), "ABORTED");
    assert_eq!(redrive(&functions, &execution, &definition).await.status(), "SUCCEEDED");
    assert_eq!(functions.call_times().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_an_execution_that_ended_without_success_can_be_redriven() {
    let definition = machine(&task(&json!({})));
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let functions = Functions::new([takes(5, Answer::Returns(json!(1)))]);
    let (execution, run) = functions.start(&definition).await;
    assert_eq!(execution.redrive(&machine, functions.now()), Err(NotRedrivable::Running));
    assert_eq!(run.await.unwrap().status(), "SUCCEEDED");
    assert_eq!(execution.redrive(&machine, functions.now()), Err(NotRedrivable::Succeeded));
}
