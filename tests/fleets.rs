//! Fleets: one document, and a row for each execution, started as a user of AWS starts them.

use std::sync::Arc;
use std::time::Duration;

use ec2_ops_asl::{Ending, Execution};
use ec2_ops_sandbox::Sandbox;
use ec2_ops_sandbox::stepfunctions::api::{
    ListExecutionsRequest, StartExecutionRequest, StopExecutionRequest,
};
use serde_json::{Value, json};

use crate::harness::{TestSandbox, document};

/// Starts the fleet `name` of these rows, two at once.
fn start(sandbox: &TestSandbox, name: &str, template: &Value, rows: &[Value]) -> Arc<Execution> {
    let lines: String = rows.iter().flat_map(|row| [row.to_string(), "\n".to_owned()]).collect();
    sandbox.account().s3.put_object("sandbox-output", "rows.jsonl", lines.into_bytes()).unwrap();
    let input = json!({
        "template": template,
        "rows": { "bucket": "sandbox-output", "key": "rows.jsonl" },
        "max_concurrency": 2,
    });
    let request = StartExecutionRequest {
        state_machine_arn: format!("{}-fleet", sandbox.state_machine_arn()),
        name: Some(name.to_owned()),
        input: Some(input.to_string()),
    };
    let stepfunctions = &sandbox.account().stepfunctions;
    let started = stepfunctions.start_execution(request).unwrap();
    stepfunctions.execution(&started.execution_arn).unwrap()
}

/// The names of the executions that the rows started, with their statuses.
fn executions(sandbox: &Sandbox) -> Vec<(String, String)> {
    let request = ListExecutionsRequest {
        state_machine_arn: Some(sandbox.state_machine_arn().to_owned()),
        map_run_arn: None,
        status_filter: None,
        max_results: None,
        next_token: None,
    };
    let listed = sandbox.account().stepfunctions.list_executions("us-east-1", &request).unwrap();
    let mut names: Vec<_> = listed.executions.into_iter().map(|item| (item.name, item.status)).collect();
    names.sort();
    names
}

#[test]
fn each_row_is_an_execution_and_the_summary_says_which_failed_and_why() {
    TestSandbox::with(async |sandbox| {
        let mut template =
            document(&["test \"$N\" != 1", "echo $N | aws s3 cp - s3://sandbox-output/fleet/$N"]);
        template["run_options"]["ii_check_s3"] = json!({ "bucket": "sandbox-output", "key": "fleet/$N" });
        let row = |n: &str| json!({ "variables": { "N": n } });
        let fleet = start(sandbox, "f", &template, &[row("0"), row("1"), row("2")]);
        let Ending::Failed(failure) = sandbox.ending(&fleet).await else { panic!("a row failed") };
        assert_eq!(failure.error.as_deref(), Some("RowsFailed"));
        let section: Value = serde_json::from_str(&failure.cause.unwrap()).unwrap();
        assert_eq!(section["by_status"], json!({ "CommandFailed": 1, "Succeeded": 2 }));
        let s3 = &sandbox.account().s3;
        let key = section["summary"].as_str().unwrap().strip_prefix("s3://ec2-ops-logs/").unwrap();
        let summary: Value =
            serde_json::from_slice(&s3.get_object("ec2-ops-logs", key).unwrap().body).unwrap();
        let failed = &summary["failures"][0];
        assert_eq!((&failed["row"], &failed["name"]), (&json!(1), &json!("f-1-1")));
        assert!(failed["reason"].as_str().unwrap().contains("exit code 1"), "{failed}");
        assert_eq!(s3.get_object("sandbox-output", "fleet/2").unwrap().body, "2\n");
        let names: Vec<_> = executions(sandbox.sandbox()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["f-0-1", "f-1-1", "f-2-1"]);
        sandbox.assert_empty().await;
    });
}

#[test]
fn a_fleet_that_is_stopped_leaves_nothing_running() {
    TestSandbox::with(async |sandbox| {
        let rows = vec![json!({}); 5];
        let fleet = start(sandbox, "f", &document(&["sleep 600"]), &rows);
        while sandbox.account().ec2.instances().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let execution_arn = fleet.identity().arn.to_string();
        let request = StopExecutionRequest { execution_arn, error: None, cause: None };
        sandbox.account().stepfunctions.stop_execution(&request).unwrap();
        assert_eq!(sandbox.ending(&fleet).await.status(), "ABORTED");
        sandbox.assert_empty().await;
        let statuses: Vec<_> = executions(sandbox.sandbox()).into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, ["ABORTED"; 2]);
    });
}
