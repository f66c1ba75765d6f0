//! The verbs on a deployment, against a sandbox that is served: as a user types them in another terminal.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{Finished, Ops, document, until};

/// A sandbox that is served, and what is typed beside it.
pub(crate) struct Terminal(Ops);

impl Terminal {
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    fn open_with(options: &[&str]) -> Self {
        let serve = Ops::start([&["serve", "--port", "0"], options].concat());
        until("the guide", || serve.stdout().contains("Ctrl-C ends it"));
        Self(serve)
    }

    pub(crate) fn start(&self, arguments: &[&str], stdin: &Value) -> Ops {
        self.0.beside(arguments, &stdin.to_string())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments, &Value::Null).finish()
    }

    /// Starts an execution; its name.
    fn execute(&self, name: &str, document: &Value) -> String {
        let finished = self.start(&["start", "-", "--name", name], document).finish();
        assert_eq!(finished.code(), Some(0), "{}", finished.stderr);
        finished.stdout.trim_end().to_owned()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let finished = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(finished.code(), Some(0), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap()
    }

    fn until_the_commands_run(&self, name: &str) {
        until("the commands", || self.json(&["show", name])["waiting"]["state"] == "EC2Poller");
    }

    pub(crate) fn close(self) {
        assert_eq!(self.closed().code(), Some(0));
    }

    fn closed(self) -> Finished {
        self.0.signal(Signal::SIGINT);
        self.0.finish()
    }
}

/// It prints, and goes on.
fn endless() -> Value {
    document(&["echo to stdout", "echo to stderr >&2", "sleep 3600"])
}

#[test]
fn an_execution_is_listed_shown_followed_and_stopped() {
    let terminal = Terminal::open();
    assert_eq!(terminal.execute("endless", &endless()), "endless");
    terminal.until_the_commands_run("endless");
    assert_eq!(terminal.json(&["list", "--status", "Running"])[0]["name"], "endless");
    let shown = terminal.json(&["show", "endless"]);
    assert_eq!(shown["status"], "Running");
    assert_eq!(shown["waiting"]["reason"], "its commands to end");
    let instance = shown["attempts"][0]["instance"]["id"].as_str().unwrap();
    let text = terminal.run(&["show", "endless"]).stdout;
    assert!(text.contains(instance) && text.contains("waits in EC2Poller"), "{text}");

    let following = terminal.start(&["logs", "endless", "-f"], &Value::Null);
    until("the output", || following.stdout() == "to stdout\n");
    let stopped = terminal.run(&["stop", "endless"]);
    assert_eq!(stopped.stdout, "endless is stopped; nothing is left\n", "{}", stopped.stderr);
    let followed = following.finish();
    assert_eq!((followed.code(), followed.stderr.as_str()), (Some(0), "to stderr\n"));

    assert_eq!(terminal.json(&["show", "endless"])["status"], "Aborted");
    // What an execution had printed before it was stopped is kept.
    let lines = terminal.run(&["logs", "endless", "--json"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["stream"] == "stderr" && line["text"] == "to stderr"), "{lines:?}");
    terminal.close();
}

#[test]
fn start_wait_shows_the_output_and_its_exit_code_is_that_of_the_outcome() {
    let terminal = Terminal::open();
    for (command, status, code) in [("true", "Succeeded", 0), ("exit 3", "CommandFailed", 1)] {
        let document = document(&["echo visible", command]);
        let finished = terminal.start(&["start", "-", "--wait"], &document).finish();
        assert_eq!(finished.code(), Some(code), "{}", finished.stderr);
        assert_eq!(finished.outcome()["status"], status);
        assert!(finished.stderr.contains("| visible\n"), "{}", finished.stderr);
        assert_eq!(terminal.json(&["list", "--limit", "1"])[0]["status"], status);
    }
    let quiet = terminal.start(&["start", "-", "--wait", "--quiet"], &document(&["echo visible"])).finish();
    assert!(!quiet.stderr.contains("visible"), "{}", quiet.stderr);
    terminal.close();
}

#[test]
fn ctrl_c_at_start_wait_leaves_the_execution_running() {
    let terminal = Terminal::open();
    let waiting = terminal.start(&["start", "-", "--name", "left", "--wait"], &endless());
    until("the output", || waiting.stderr().contains("| to stdout"));
    waiting.signal(Signal::SIGINT);
    let finished = waiting.finish();
    assert_eq!(finished.code(), Some(130));
    assert!(finished.stderr.ends_with("left goes on; `ec2-ops stop left` stops it\n"), "{}", finished.stderr);
    assert_eq!(terminal.json(&["show", "left"])["status"], "Running");
    terminal.close();
}

#[test]
fn after_the_timeout_the_execution_goes_on() {
    let terminal = Terminal::open();
    let arguments = ["start", "-", "--name", "slow", "--wait", "--timeout", "1"];
    let finished = terminal.start(&arguments, &endless()).finish();
    assert_eq!(finished.code(), Some(4), "{}", finished.stderr);
    assert!(finished.stderr.contains("slow still runs after 1 s"), "{}", finished.stderr);
    assert_eq!(terminal.json(&["show", "slow"])["status"], "Running");
    terminal.close();
}

#[test]
fn a_name_may_be_shortened_while_no_other_begins_so() {
    let terminal = Terminal::open();
    terminal.execute("forecast-01", &endless());
    terminal.execute("forecast-02", &endless());
    terminal.execute("forecast", &endless());
    assert_eq!(terminal.json(&["show", "forecast-01"])["name"], "forecast-01");
    // A whole name is meant before a beginning.
    assert_eq!(terminal.json(&["show", "forecast"])["name"], "forecast");
    let ambiguous = terminal.run(&["show", "forecast-"]);
    assert_eq!(ambiguous.code(), Some(2));
    assert!(ambiguous.stderr.contains("forecast-02, forecast-01"), "{}", ambiguous.stderr);
    // A name that is wrong stops nothing, whatever stands before it.
    let stopped = terminal.run(&["stop", "forecast-01", "nothing"]);
    assert_eq!(stopped.code(), Some(2));
    assert!(stopped.stderr.contains("\"nothing\""), "{}", stopped.stderr);
    assert_eq!(terminal.json(&["show", "forecast-01"])["status"], "Running");
    terminal.close();
}

#[test]
fn a_document_is_changed_and_checked_before_it_is_started() {
    let terminal = Terminal::open();
    let set = ["start", "-", "--wait", "--set", "commands[0]=echo changed"];
    let finished = terminal.start(&set, &document(&["true"])).finish();
    assert!(finished.stderr.contains("| changed\n"), "{}", finished.stderr);
    let wrong =
        terminal.start(&["start", "-", "--set", "run_options.timeout_s=1"], &document(&["true"])).finish();
    assert_eq!(wrong.code(), Some(2));
    assert!(wrong.stderr.contains("$.run_options.timeout_s: found 1, expected"), "{}", wrong.stderr);
    assert_eq!(terminal.json(&["list"]).as_array().unwrap().len(), 1);
    terminal.close();
}

#[test]
fn a_deployment_that_is_not_there_is_named_with_what_to_type() {
    let alone = Ops::start(["list"]).finish();
    assert_eq!(alone.code(), Some(2));
    for way in ["--state-machine", "EC2_OPS_STATE_MACHINE", "terraform apply", "ec2-ops serve"] {
        assert!(alone.stderr.contains(way), "{}", alone.stderr);
    }
    let gone = [
        "list",
        "--endpoint-url",
        "http://127.0.0.1:9",
        "--state-machine",
        "arn:aws:states:us-east-1:123456789012:stateMachine:ec2-ops",
    ];
    let gone = Ops::start(gone).finish();
    assert_eq!(gone.code(), Some(3), "{}", gone.stderr);
    assert!(gone.stderr.contains("ListExecutions"), "{}", gone.stderr);
}

#[test]
fn two_sandboxes_are_told_apart_by_their_endpoints() {
    let terminal = Terminal::open();
    let second = terminal.start(&["serve", "--port", "0"], &Value::Null);
    until("the guide", || second.stdout().contains("Ctrl-C ends it"));
    let which = terminal.run(&["list"]);
    assert_eq!(which.code(), Some(2));
    let url = second.stdout().split("is at ").nth(1).unwrap().split(". ").next().unwrap().to_owned();
    assert!(which.stderr.contains(&url), "{}", which.stderr);
    assert_eq!(terminal.run(&["list", "--endpoint-url", &url]).code(), Some(0));
    second.signal(Signal::SIGINT);
    second.finish();
    assert_eq!(terminal.run(&["list"]).code(), Some(0));
    terminal.close();
}

#[test]
fn an_object_that_can_be_no_file_is_named_and_the_others_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("run.json").display().to_string();
    let writes =
        ["a", "a/b", "last"].map(|key| format!("echo {key} | aws s3 cp - s3://sandbox-output/{key}"));
    fs::write(&file, document(&writes.each_ref().map(String::as_str)).to_string()).unwrap();
    let out = directory.path().join("out").display().to_string();
    let finished = Ops::start(["run", &file, "--out", &out]).finish();
    assert_eq!(finished.code(), Some(3), "{}", finished.stderr);
    assert!(finished.stderr.contains("cannot keep s3://sandbox-output/a/b"), "{}", finished.stderr);
    let kept = |key: &str| fs::read_to_string(format!("{out}/sandbox-output/{key}")).unwrap();
    assert_eq!((kept("a"), kept("last")), ("a\n".to_owned(), "last\n".to_owned()));
}

#[test]
fn several_documents_are_run_and_their_objects_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, document: &Value| {
        let path = directory.path().join(name);
        fs::write(&path, document.to_string()).unwrap();
        path.display().to_string()
    };
    let mut writes = document(&["echo result | aws s3 cp - s3://my-results/a/b.txt"]);
    writes["bucket"] = json!("my-results");
    writes["obj_key"] = json!("a/b.txt");
    let (first, second) =
        (file("first.json", &writes), file("second.json", &document(&["echo printed", "exit 7"])));
    let out = directory.path().join("out").display().to_string();
    let finished = Ops::start(["run", &first, &second, "--out", &out]).finish();
    assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("the sandbox gets the bucket my-results"), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(format!("{out}/my-results/a/b.txt")).unwrap(), "result\n");
    let outcomes: Vec<Value> =
        serde_json::Deserializer::from_str(&finished.stdout).into_iter().collect::<Result<_, _>>().unwrap();
    let [succeeded, failed] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(succeeded["attempts"][0]["output"], format!("{out}/my-results/a/b.txt"));
    assert_eq!(failed["status"], "CommandFailed");
    let logs = failed["attempts"][0]["logs"][0].as_str().unwrap();
    let stdout = fs::read_dir(logs).unwrap().flatten().next().unwrap().path();
    let stdout = stdout.join("awsrunShellScript/0.awsrunShellScript/stdout");
    assert_eq!(fs::read_to_string(stdout).unwrap(), "printed\n");
}

/// What `serve` takes is what happens: the retry of the state machine, and the end of an interrupted instance.
#[test]
fn faults_are_planned_and_instances_interrupted_from_the_command_line() {
    let faults = ["--fault", "throttle RunInstances", "--fault", "lose command 7"];
    let terminal = Terminal::open_with(&faults);
    let mut document = endless();
    document["instance_parameters"]["InstanceMarketOptions"] = json!({ "MarketType": "spot" });
    terminal.execute("spot", &document);
    terminal.until_the_commands_run("spot");
    let shown = terminal.json(&["show", "spot"]);
    let instance = shown["attempts"][0]["instance"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shown["attempts"][0]["states"][0]["tries"], 2, "{shown:#}");

    let interrupted = terminal.run(&["interrupt", &instance]);
    assert_eq!(interrupted.code(), Some(0), "{}", interrupted.stderr);
    until("the end", || terminal.json(&["show", "spot"])["status"] == "SpotInterrupted");
    for (id, why) in [("i-0123456789abcdef0", "InvalidInstanceID.NotFound"), ("i-1", "InvalidInstanceID")] {
        let refused = terminal.run(&["interrupt", id]);
        assert_eq!(refused.code(), Some(3), "{}", refused.stderr);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let finished = terminal.closed();
    assert!(
        finished.stderr.contains("this fault did not happen: EC2 Command Invocation"),
        "{}",
        finished.stderr
    );
    let wrong = Ops::start(["serve", "--fault", "throttle RunInstance"]).finish();
    assert_eq!(wrong.code(), Some(2));
    assert!(wrong.stderr.contains("expected an action of AWS"), "{}", wrong.stderr);
}

#[test]
fn what_was_run_is_counted_and_priced_from_the_ledger() {
    let terminal = Terminal::open();
    for command in ["true", "exit 3"] {
        let mut document = document(&[command]);
        document["instance_parameters"]["TagSpecifications"] =
            json!([{ "ResourceType": "instance", "Tags": [{ "Key": "Project", "Value": "rivers" }] }]);
        document["run_options"]["ii_cheapo"] = json!(true);
        document["run_options"]["n_retries_allowed"] = json!(1);
        document["run_options"]["retry_on"] = json!(["SpotInterrupted"]);
        terminal.start(&["start", "-", "--wait"], &document).finish();
    }
    let by_project = &terminal.json(&["runs", "--by", "project"])[0];
    assert_eq!(by_project["key"], "rivers");
    assert_eq!([&by_project["attempts"], &by_project["succeeded"], &by_project["spot"]], [2, 1, 2]);
    assert!(by_project["instance_seconds"].as_u64().unwrap() > 0, "{by_project}");
    assert!(by_project["median_boot_seconds"].as_f64().unwrap() > 0.0, "{by_project}");
    let failed = terminal.json(&["runs", "--status", "commandfailed", "--by", "type"]);
    assert_eq!(failed[0]["key"], "t4g.nano");
    assert_eq!((failed[0]["attempts"].as_u64(), failed.as_array().unwrap().len()), (Some(1), 1));

    let cost = terminal.json(&["cost", "--by", "status"]);
    let rows: Vec<_> =
        cost["rows"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(rows, ["CommandFailed", "Succeeded", "total"]);
    // Each is billed for a minute, at the sandbox's price of Spot capacity.
    let total = cost["rows"][2]["usd"].as_f64().unwrap();
    assert!((total - 2.0 * 0.01 / 60.0).abs() < 1e-9, "{cost}");
    assert_eq!((&cost["unpriced"], &cost["control_plane"]["measured"]), (&json!({}), &json!(2)));
    assert!(cost["control_plane"]["usd_each"].as_f64().unwrap() > 0.0002, "{cost}");
    let text = terminal.run(&["cost"]).stdout;
    assert!(text.contains("control plane: ") && text.contains("total"), "{text}");
    let none = terminal.run(&["runs", "--type", "c7g.large"]);
    assert!(none.stderr.starts_with("no such attempt in the ledger of the sandbox"), "{}", none.stderr);
    terminal.close();
}

/// EC2Stopper writes the line of a stopped execution only when nothing of it can appear any more.
#[test]
fn a_line_that_the_ledger_lacks_is_written_from_the_history() {
    let terminal = Terminal::open();
    terminal.execute("cut", &endless());
    terminal.until_the_commands_run("cut");
    terminal.run(&["stop", "cut"]);
    assert_eq!(terminal.json(&["runs"]), json!([]));
    let repaired = terminal.run(&["runs", "--repair", "--by", "status"]);
    assert!(repaired.stderr.contains("/cut-1.json\n"), "{}", repaired.stderr);
    assert!(repaired.stdout.contains("Aborted"), "{}", repaired.stdout);
    let again = terminal.run(&["runs", "--repair"]);
    assert!(again.stderr.contains("the ledger lacks nothing"), "{}", again.stderr);
    terminal.close();
}

/// The checks of `document`, and the exit code.
fn checked(terminal: &Terminal, document: &Value) -> (Vec<Value>, Option<i32>) {
    let finished = terminal.start(&["check", "-", "--json"], document).finish();
    let findings: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
    (findings.as_array().cloned().unwrap_or_default(), finished.code())
}

#[test]
fn a_document_is_checked_with_the_rights_of_the_deployment_and_nothing_is_launched() {
    let terminal = Terminal::open();
    let mut document = document(&["true"]);
    document["bucket"] = json!("sandbox-output");
    document["obj_key"] = json!("out");
    let (findings, code) = checked(&terminal, &document);
    assert_eq!(code, Some(0), "{findings:?}");
    assert!(findings.iter().all(|finding| finding["verdict"] == "ok"), "{findings:?}");
    let about: Vec<_> = findings.iter().map(|finding| finding["about"].as_str().unwrap()).collect();
    let words =
        ["you", "state", "functions", "document", "bucket", "image", "type", "subnet", "launch", "quota"];
    assert_eq!(about.iter().map(|about| about.split(' ').next().unwrap()).collect::<Vec<_>>(), words);

    document["bucket"] = json!("nowhere");
    document["instance_parameters"]["ImageId"] = json!("ami-00000000000000000");
    let (findings, code) = checked(&terminal, &document);
    assert_eq!(code, Some(1));
    let wrong: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "wrong").collect();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert_eq!(wrong[0]["todo"], "aws s3 mb s3://nowhere --region us-east-1");
    assert!(wrong[2]["says"].as_str().unwrap().contains("InvalidAMIID.NotFound"), "{wrong:?}");

    let text = terminal.start(&["check", "-"], &document).finish();
    assert!(text.stdout.contains("wrong  bucket nowhere"), "{}", text.stdout);
    assert_eq!(terminal.json(&["list"]), json!([]));
    terminal.close();
}
