//! A person stops an execution, and redrives it later.

use std::time::Duration;

use ec2_ops::Status;
use ec2_ops_sandbox::ec2::api::InstanceStateName::Terminated;
use ec2_ops_sandbox::stepfunctions::api::{RedriveExecutionRequest, StopExecutionRequest};
use serde_json::json;

use crate::harness::{TestSandbox, document};

/// The stop has ended the instance. The redriven EC2Poller finds that, and another attempt runs the commands.
#[test]
fn a_redriven_execution_reports_the_lost_instance_and_goes_on() {
    TestSandbox::with(async |sandbox| {
        let mut stopped_once = document(&["[ \"$EC2_OPS_ATTEMPT\" = 2 ] || sleep 600", "echo done"]);
        stopped_once["run_options"]["n_retries_allowed"] = json!(1);
        stopped_once["run_options"]["retry_backoff_base_s"] = json!(0);
        let execution = sandbox.start(&stopped_once);
        let entered = || {
            let events = serde_json::to_value(execution.history().events()).unwrap();
            events
                .as_array()
                .unwrap()
                .iter()
                .any(|event| event["stateEnteredEventDetails"]["name"] == "EC2Poller")
        };
        while !entered() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let arn = execution.identity().arn.to_string();
        let stepfunctions = &sandbox.account().stepfunctions;
        let stop = StopExecutionRequest { execution_arn: arn.clone(), error: None, cause: None };
        stepfunctions.stop_execution(&stop).unwrap();
        while sandbox.account().ec2.instances().iter().any(|one| one.state() != Terminated) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        let redrive = RedriveExecutionRequest { execution_arn: arn, client_token: None };
        stepfunctions.redrive_execution(redrive).unwrap();
        let outcome = sandbox.ended(&execution).await;
        let statuses: Vec<_> = outcome.attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [Status::InstanceLost, Status::Succeeded], "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}
