//! Fleets: one document, and a row for each execution, started as a user of AWS starts them, and by the command.

use std::fs;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ec2_ops_asl::{Ending, Execution};
use ec2_ops_sandbox::Sandbox;
use ec2_ops_sandbox::stepfunctions::api::{
    ListExecutionsRequest, StartExecutionRequest, StopExecutionRequest,
};
use serde_json::{Value, json};

use crate::harness::{Finished, TestSandbox, document, until};
use crate::verbs::Terminal;

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

/// A template, and a file of rows with a `FAIL` of 1 for every row whose number is a multiple of `failing`.
struct Files(tempfile::TempDir);

impl Files {
    fn new(commands: &[&str], rows: u32, failing: Option<u32>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut template = document(commands);
        template["variables"] = json!({ "FAIL": "0" });
        fs::write(directory.path().join("template.json"), template.to_string()).unwrap();
        let row =
            |n: u32| format!("{n},{}\n", u32::from(failing.is_some_and(|failing| n.is_multiple_of(failing))));
        let text: String = std::iter::once("N,FAIL\n".to_owned()).chain((0..rows).map(row)).collect();
        fs::write(directory.path().join("rows.csv"), text).unwrap();
        Self(directory)
    }

    fn start(&self, terminal: &Terminal, more: &[&str]) -> Finished {
        let file = |name: &str| self.0.path().join(name).display().to_string();
        let (template, rows) = (file("template.json"), file("rows.csv"));
        terminal.run(&[&["fleet", "start", &template, &rows], more].concat())
    }
}

#[test]
fn a_fleet_is_started_followed_and_its_failed_rows_run_again() {
    let terminal = Terminal::open();
    let files = Files::new(&["echo row $EC2_OPS_ROW is $N", "test $FAIL = 0"], 6, Some(3));
    let finished = files.start(&terminal, &["--name", "vpus", "--at-once", "3", "--wait", "--json"]);
    assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
    let ended: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&ended["status"], &ended["rows"]), (&json!("RowsFailed"), &json!(6)));
    assert_eq!(ended["by_status"], json!({ "CommandFailed": 2, "Succeeded": 4 }));
    let failed =
        |number: u32, name: &str| json!({ "row": number, "status": "CommandFailed", "execution": name });
    assert_eq!(ended["failures"], json!([failed(0, "vpus-0-1"), failed(3, "vpus-3-1")]));

    let logs = terminal.run(&["fleet", "logs", "vpus", "--failed"]);
    assert_eq!(logs.stdout, "row 0 is 0\nrow 3 is 3\n", "{}", logs.stderr);
    assert!(logs.stderr.contains("row 3, vpus-3-1: CommandFailed"), "{}", logs.stderr);

    let again = terminal.run(&["fleet", "again", "vp", "--row", "3", "--wait", "--json"]);
    assert_eq!(again.code(), Some(1), "{}", again.stderr);
    let set = ["--set", "commands[1]=echo fine", "--wait", "--json"];
    let again = terminal.run(&[&["fleet", "again", "vpus"][..], &set].concat());
    assert_eq!(again.code(), Some(0), "{}", again.stderr);
    let ended: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&ended["run"], &ended["by_status"]), (&json!(3), &json!({ "Succeeded": 6 })));
    let names = terminal.json(&["list"]);
    let mut names: Vec<_> =
        names.as_array().unwrap().iter().map(|execution| execution["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let first: Vec<_> = (0..6).map(|row| format!("vpus-{row}-1")).collect();
    let again = ["vpus-0-3", "vpus-3-2", "vpus-3-3"].map(str::to_owned);
    let mut expected = [first, again.into()].concat();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let nothing = terminal.run(&["fleet", "again", "vpus"]);
    assert!(nothing.stderr.contains("no row of vpus is left to run again"), "{}", nothing.stderr);
    assert_eq!(terminal.json(&["fleet", "status"]).as_array().unwrap().len(), 3);
    terminal.close();
}

#[test]
fn a_row_whose_name_is_taken_counts_as_one_that_has_not_run() {
    let terminal = Terminal::open();
    let files = Files::new(&["echo row $EC2_OPS_ROW"], 2, None);
    let template = files.0.path().join("template.json").display().to_string();
    let other = terminal.run(&["start", &template, "--name", "taken-1-1", "--wait"]);
    assert_eq!(other.code(), Some(0), "{}", other.stderr);
    let finished = files.start(&terminal, &["--name", "taken", "--wait", "--json"]);
    assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
    let ended: Value = serde_json::from_str(&finished.stdout).unwrap();
    let refused = "StepFunctions.ExecutionAlreadyExistsException";
    assert_eq!(ended["by_status"], json!({ refused: 1, "Succeeded": 1 }), "{ended}");
    let again = terminal.run(&["fleet", "again", "taken", "--wait", "--json"]);
    assert_eq!(again.code(), Some(0), "{}", again.stderr);
    assert_eq!(terminal.run(&["logs", "taken-1-2"]).stdout, "row 1\n");
    terminal.close();
}

#[test]
fn a_fleet_that_is_stopped_goes_on_with_what_is_left_of_it() {
    let terminal = Terminal::open();
    let files = Files::new(&["true"], 6, None);
    let set = ["--set", "commands[0]=test $N -lt 2 || sleep 600"];
    let finished = files.start(&terminal, &[&["--name", "f", "--at-once", "2"][..], &set].concat());
    assert_eq!((finished.code(), finished.stdout.as_str()), (Some(0), "f\n"), "{}", finished.stderr);
    let status = || terminal.json(&["fleet", "status", "f"]);
    until("two rows to end", || status()["by_status"]["Succeeded"] == 2 && status()["running"] == 2);
    let more = terminal.run(&["fleet", "at-once", "f", "3"]);
    assert_eq!(more.stdout, "f: 3 rows at once, not 2\n", "{}", more.stderr);
    until("three rows to run", || status()["running"] == 3);
    let running = terminal.run(&["fleet", "again", "f"]);
    assert_eq!(running.code(), Some(2));
    assert!(running.stderr.contains("f runs"), "{}", running.stderr);
    // Those that have sent their commands: nothing is in the middle of a launch.
    until("the commands", || {
        let running = terminal.json(&["list", "--status", "Running"]);
        running.as_array().unwrap().iter().all(|one| {
            terminal.json(&["show", one["name"].as_str().unwrap()])["waiting"]["state"] == "EC2Poller"
        })
    });

    let stopped = terminal.run(&["fleet", "stop", "f"]);
    assert_eq!(stopped.code(), Some(0), "{}", stopped.stderr);
    assert!(
        stopped.stdout.starts_with("f is stopped; 3 rows were running; nothing is left"),
        "{}",
        stopped.stdout
    );
    let ended = status();
    assert_eq!(ended["status"], "Aborted");
    assert_eq!(
        (&ended["by_status"]["Aborted"], &ended["by_status"]["NotStarted"]),
        (&json!(3), &json!(1)),
        "{ended}"
    );

    let again = terminal.run(&["fleet", "again", "f", "--set", "commands[0]=echo fine", "--wait", "--json"]);
    assert_eq!(again.code(), Some(0), "{}", again.stderr);
    let ended: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(ended["by_status"], json!({ "Succeeded": 6 }));
    assert_eq!(terminal.json(&["list", "--limit", "100"]).as_array().unwrap().len(), 5 + 4);
    terminal.close();
}

/// A tenth of the rows fails, and the whole is stopped in the middle. The next run takes up what is left, and one after it only
/// what has failed.
fn aborted_and_resumed(rows: u32, at_once: u32) {
    let terminal = Terminal::open();
    let files = Files::new(&["echo row $N", "test $FAIL = 0"], rows, Some(10));
    let at_once = at_once.to_string();
    let finished = files.start(&terminal, &["--name", "f", "--at-once", &at_once]);
    assert_eq!(finished.code(), Some(0), "{}", finished.stderr);
    let ended = |status: &Value| -> u64 {
        let by_status = status["by_status"].as_object().into_iter().flatten();
        by_status.filter_map(|(_, count)| count.as_u64()).sum()
    };
    let status = || terminal.json(&["fleet", "status", "f"]);
    patiently("a third to end", || {
        let status = status();
        assert!(
            status["running"].as_u64().is_none_or(|running| running <= at_once.parse().unwrap()),
            "{status}"
        );
        ended(&status) >= u64::from(rows) / 3
    });
    let stopped = terminal.run(&["fleet", "stop", "f"]);
    assert!(stopped.stdout.ends_with("nothing is left\n"), "{}{}", stopped.stdout, stopped.stderr);
    let first = status();
    let successes = first["by_status"]["Succeeded"].as_u64().unwrap();
    assert!(successes > 0 && first["by_status"]["NotStarted"].as_u64().unwrap() > 0, "{first}");

    let again = |more: &[&str]| {
        let started = terminal.run(&[&["fleet", "again", "f"], more].concat());
        assert_eq!(started.code(), Some(0), "{}", started.stderr);
        patiently("the end", || status()["status"] != "Running");
        status()
    };
    let second = again(&[]);
    let expected = json!({ "CommandFailed": rows / 10, "Succeeded": rows - rows / 10 });
    assert_eq!((&second["status"], &second["by_status"]), (&json!("RowsFailed"), &expected));
    let last = again(&["--set", "commands[1]=echo fine"]);
    assert_eq!((&last["status"], &last["by_status"]), (&json!("Succeeded"), &json!({ "Succeeded": rows })));
    let all = terminal.json(&["list", "--limit", "10000"]);
    let names: Vec<_> = all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let run = |number: u32| names.iter().filter(|name| name.ends_with(&format!("-{number}"))).count() as u64;
    assert_eq!((run(2), run(3)), (u64::from(rows) - successes, u64::from(rows / 10)));
    terminal.close();
}

/// Waits much longer than `until`: many rows take minutes.
fn patiently(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(20);
    while !condition() {
        assert!(Instant::now() < deadline, "still waiting for {what}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_fleet_that_is_aborted_is_resumed_where_it_was() {
    aborted_and_resumed(20, 4);
}

/// `cargo test --workspace --test end_to_end -- --ignored two_hundred_rows`
#[test]
#[ignore = "takes minutes"]
fn two_hundred_rows_are_aborted_and_resumed() {
    aborted_and_resumed(200, 10);
}

#[test]
fn a_row_that_is_wrong_starts_nothing() {
    let terminal = Terminal::open();
    let files = Files::new(&["true"], 2, None);
    let wrong = files.start(&terminal, &["--set", "obj_key=$M", "--set", "bucket=sandbox-output"]);
    assert_eq!(wrong.code(), Some(2));
    assert!(wrong.stderr.contains("rows.csv:2:1: error: $.obj_key: found \"$M\""), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("(and in one more row)"), "{}", wrong.stderr);
    assert_eq!(terminal.json(&["fleet", "status"]), json!([]));
    fs::write(files.0.path().join("rows.csv"), "N\n1\n\"2\n3\n").unwrap();
    let open = files.start(&terminal, &[]);
    assert_eq!(open.code(), Some(2));
    assert!(open.stderr.contains("rows.csv:3:1: error: not CSV: a quote"), "{}", open.stderr);
    let unknown = terminal.run(&["fleet", "stop", "f"]);
    assert_eq!(unknown.code(), Some(2));
    assert!(unknown.stderr.contains("no fleet has a name that begins with \"f\""), "{}", unknown.stderr);
    terminal.close();
}
