//! Commands with unusual effects: large output, daemons, signals, shutdowns.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ec2_ops::{AttemptRecord, Outcome, Status};
use ec2_ops_sandbox::Conditions;
use ec2_ops_sandbox::ec2::InstanceRecord;
use ec2_ops_sandbox::s3::ListObjectsV2;
use serde_json::{Value, json};

use crate::harness::{TestSandbox, document};

/// Runs one command, and asserts its status and an empty account.
fn ends_in(command: &str, status: Status) {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&[command])).await;
        assert_eq!(outcome.status, status, "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn ten_megabytes_of_output_are_kept_whole() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&["head -c 10000000 /dev/zero | tr '\\0' x"])).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        let log = outcome.attempts[0].logs[0].clone();
        let prefix = log.strip_prefix("s3://ec2-ops-logs/").unwrap();
        let instance = &outcome.attempts[0].instances[0];
        let key = format!("{prefix}{instance}/awsrunShellScript/0.awsrunShellScript/stdout");
        let kept = sandbox.account().s3.get_object("ec2-ops-logs", &key).unwrap();
        assert_eq!(kept.body.len(), 10_000_000);
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_exit_code_that_the_agent_interprets_is_a_failure() {
    for command in ["exit 168", "exit 194"] {
        TestSandbox::with(async |sandbox| {
            let outcome = sandbox.run(&document(&[command])).await;
            assert_eq!(outcome.status, Status::CommandFailed, "{outcome:#?}");
            assert_eq!(outcome.attempts[0].exit_code, Some(1), "{outcome:#?}");
            sandbox.assert_empty().await;
        });
    }
}

#[test]
fn a_daemon_that_left_its_session_and_its_parent_ends_with_the_instance() {
    ends_in(
        "setsid sh -c 'sh -c \"sleep 3600\" >/dev/null 2>&1 &' >/dev/null 2>&1 </dev/null",
        Status::Succeeded,
    );
}

#[test]
fn a_daemon_that_ignores_signals_ends_with_the_instance() {
    ends_in("(trap '' TERM INT HUP; while :; do sleep 1; done) >/dev/null 2>&1 &", Status::Succeeded);
}

#[test]
fn commands_that_kill_their_own_shell_have_failed() {
    ends_in("kill -9 $$; sleep 5", Status::CommandFailed);
}

#[test]
fn commands_that_kill_all_their_ancestors_within_the_instance_have_not_succeeded() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&document(&["kill -9 $PPID; sleep 5"])).await;
        assert!(matches!(outcome.status, Status::CommandFailed | Status::InstanceLost), "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn commands_that_never_end_and_ignore_signals_time_out() {
    TestSandbox::with(async |sandbox| {
        let mut endless = document(&["trap '' TERM INT HUP; while :; do sleep 1; done"]);
        endless["run_options"]["timeout_s"] = 30.into();
        let outcome = sandbox.run(&endless).await;
        assert_eq!(outcome.status, Status::CommandTimedOut, "{outcome:#?}");
        sandbox.assert_empty().await;
    });
}

#[test]
fn an_instance_that_its_commands_power_off_is_lost() {
    ends_in("poweroff; sleep 30", Status::InstanceLost);
}

#[test]
fn commands_of_nearly_the_allowed_size_run_and_leave_nothing() {
    let padding = format!("# {}", "x".repeat(55 * 1024));
    ends_in(&padding, Status::Succeeded);
}

#[test]
fn unicode_and_quotes_reach_the_shell_unchanged() {
    TestSandbox::with(async |sandbox| {
        let text = r#"it's "çà" $HOME 🦀 \n `x`"#;
        let quoted = text.replace('\'', r"'\''");
        let command = format!("printf '%s' '{quoted}' | aws s3 cp - s3://sandbox-output/odd");
        let outcome = sandbox.run(&document(&[&command])).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        let object = sandbox.account().s3.get_object("sandbox-output", "odd").unwrap();
        assert_eq!(String::from_utf8_lossy(&object.body), text);
        sandbox.assert_empty().await;
    });
}

/// The document of that name in `tests/cases`: each is a report of a user of SSM, made small.
fn case(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name).with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs a document of `tests/cases`. Expects this status, nothing left, and these words in the warnings, one each.
fn case_ends_in(name: &str, status: Status, warned: &[&str]) -> Outcome {
    TestSandbox::under(Conditions::default(), &[], async |sandbox| {
        let outcome = sandbox.run(&case(name)).await;
        assert_eq!(outcome.status, status, "{outcome:#?}");
        assert_eq!(outcome.warnings.len(), warned.len(), "{outcome:#?}");
        for (warning, expected) in outcome.warnings.iter().zip(warned) {
            assert!(warning.contains(expected), "{outcome:#?}");
        }
        sandbox.assert_empty().await;
        outcome
    })
}

#[test]
fn a_process_in_the_background_that_holds_the_output_does_not_hold_up_the_run() {
    let started = Instant::now();
    case_ends_in("background-process-holds-output", Status::Succeeded, &[]);
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

#[test]
fn a_script_that_starts_itself_again_under_bash_works() {
    case_ends_in("bash-reexec-guard", Status::Succeeded, &["pipefail"]);
}

#[test]
fn line_ends_of_windows_are_no_syntax_error() {
    case_ends_in("crlf-line-endings", Status::Succeeded, &["[0]: its line ends", "[1]: its line ends"]);
}

#[test]
fn home_is_set_and_is_where_commands_start() {
    case_ends_in("home-is-set", Status::Succeeded, &[]);
}

#[test]
fn a_reference_that_ssm_would_resolve_is_refused() {
    let outcome = case_ends_in("parameter-store-reference", Status::InvalidExecution, &[]);
    let reason = outcome.attempts[0].reason.as_deref().unwrap();
    assert!(reason.contains("$.commands[0]: found {{ssm:/prod/db/user}}, "), "{reason}");
}

#[test]
fn a_pipe_that_hides_a_failure_is_warned_of() {
    case_ends_in("pipeline-hides-failure", Status::Succeeded, &["$.commands[0]: found a pipe into tee"]);
}

/// Long before the limit, since a reboot ends the commands.
#[test]
fn an_instance_that_reboots_is_lost_and_its_commands_run_once() {
    let started = Instant::now();
    let outcome = case_ends_in("reboot-in-the-middle", Status::InstanceLost, &[]);
    assert_eq!(outcome.attempts.len(), 1, "{outcome:#?}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

/// Many programs explain a failure on stdout.
#[test]
fn the_outcome_shows_the_end_of_stdout_as_well() {
    let outcome = case_ends_in("error-written-to-stdout", Status::CommandFailed, &[]);
    assert_eq!(outcome.attempts[0].stdout_tail, "Traceback: the real reason is on stdout\n");
}

/// SSM keeps the first 24,000 characters of stdout and the first 8,000 of stderr; what matters comes last.
#[test]
fn the_outcome_shows_the_end_of_output_that_ssm_has_cut() {
    TestSandbox::with(async |sandbox| {
        let long = "seq 20000; seq 20000 >&2; echo the end; exit 4";
        let outcome = sandbox.run(&document(&["true", long])).await;
        let [attempt] = &outcome.attempts[..] else { panic!("{outcome:#?}") };
        assert!(attempt.stdout_tail.ends_with("20000\nthe end\n"), "{}", attempt.stdout_tail);
        // The agent adds a line of its own.
        let ours = "20000\nec2-ops: command 2 of 2 ended with exit code 4\n";
        assert!(attempt.stderr_tail.contains(ours), "{}", attempt.stderr_tail);
    });
}

/// The instance of an attempt, while EC2 shows it.
fn record(sandbox: &TestSandbox, attempt: &AttemptRecord) -> Option<Arc<InstanceRecord>> {
    let mut instances = sandbox.account().ec2.instances().into_iter();
    instances.find(|record| record.instance.instance_id == attempt.instances[0].as_str())
}

/// Without a second hop no container on the instance has the role's credentials.
#[test]
fn the_metadata_service_answers_to_containers() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&case("container-needs-credentials")).await;
        let instance = record(sandbox, &outcome.attempts[0]).unwrap();
        let options = json!(instance.instance.metadata_options);
        assert_eq!(
            (&options["HttpTokens"], &options["HttpPutResponseHopLimit"]),
            (&json!("required"), &json!(2))
        );
    });
}

#[test]
fn a_date_between_underscores_is_filled_in() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&case("daily-joined-by-underscore")).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        let query = ListObjectsV2 { prefix: "krig/", ..ListObjectsV2::default() };
        let found = sandbox.account().s3.list_objects_v2("sandbox-output", query).unwrap();
        let keys: Vec<_> = found.contents.iter().map(|(key, _)| key.rsplit('/').next().unwrap()).collect();
        assert!(
            keys.iter().any(|key| key.starts_with("grid_out_2") && key.ends_with(".parquet")),
            "{keys:?}"
        );
    });
}

/// The program uploads its metadata first and its result last.
#[test]
fn an_upload_of_metadata_is_not_the_result() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&case("partial-upload-under-prefix")).await;
        assert_eq!(outcome.status, Status::OutputMissing, "{outcome:#?}");
    });
}

#[test]
fn a_failed_attempt_that_is_repeated_leaves_no_stopped_machine_behind() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&case("defaults-leave-stopped-machines")).await;
        let states = outcome
            .attempts
            .iter()
            .map(|attempt| record(sandbox, attempt).map_or("terminated", |record| record.state().as_str()));
        assert_eq!(states.collect::<Vec<_>>(), ["terminated", "terminated", "stopped"]);
        assert!(outcome.warnings.iter().any(|warning| warning.contains('$')), "{outcome:#?}");
    });
}

#[test]
fn a_spot_instance_that_should_be_stopped_is_warned_of() {
    TestSandbox::with(async |sandbox| {
        let outcome = sandbox.run(&case("spot-that-should-be-stopped")).await;
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:#?}");
        assert!(outcome.warnings.iter().any(|warning| warning.contains("Spot")), "{outcome:#?}");
    });
}

#[test]
fn a_shebang_of_bash_is_followed() {
    case_ends_in("shebang-bash-first-line", Status::Succeeded, &[]);
}

#[test]
fn a_failing_entry_fails_the_run_whatever_the_entries_before_it_did() {
    for before in ["export PATH=/opt/tool/bin", "set +e", "set -n", "trap 'true' EXIT"] {
        TestSandbox::with(async |sandbox| {
            let outcome =
                sandbox.run(&document(&[before, "cd /missing 2>/dev/null && echo in", "echo after"])).await;
            assert_eq!(outcome.status, Status::CommandFailed, "{before}: {outcome:#?}");
        });
    }
}
