//! Nothing outlives an instance, however it ends.

use std::process::{Child, Command, Stdio};

use ec2_ops_guest::host::{Guest, GuestEvent};
use serde_json::json;

use crate::harness::{Instance, LONG, alive, until};

/// A daemon of the old school: it forks twice, leaves its session, ignores every signal it can, and has let go of its output.
const DAEMON: &str =
    "setsid sh -c 'trap \"\" TERM HUP INT; (sh -c \"echo \\$\\$ > daemon; exec sleep 1000\" &) ' >/dev/null 2>&1 &
while [ ! -s daemon ]; do sleep 0.01; done";

#[tokio::test]
async fn a_daemon_does_not_outlive_its_instance() {
    let mut instance = Instance::boot().await;
    instance.prints(DAEMON).await;
    assert_ne!(alive(&instance.marker), Vec::<String>::new());
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}

#[tokio::test]
async fn processes_are_asked_before_they_are_killed() {
    let instance = Instance::boot().await;
    let script = "trap 'echo bye > farewell; exit' TERM; touch begun; while :; do sleep 0.01; done";
    instance.start("polite", script, LONG);
    instance.until_exists("root/begun").await;
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(
        std::fs::read_to_string(instance.config.root.join("root/farewell")).expect("a farewell"),
        "bye\n"
    );
}

#[tokio::test]
async fn a_tree_that_keeps_forking_is_killed_too() {
    let instance = Instance::boot().await;
    let script =
        "touch begun; fork() { (sleep 0.001; fork) & (sleep 0.005) & }; fork; fork; fork; wait; sleep 1000";
    instance.start("forking", script, LONG);
    instance.until_exists("root/begun").await;
    instance.guest.power_off().await.expect("powers off");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}

#[tokio::test]
async fn dropping_the_guest_ends_everything_inside() {
    let mut instance = Instance::boot().await;
    instance.prints(DAEMON).await;
    instance.start("long", "touch begun; sleep 1000", LONG);
    instance.until_exists("root/begun").await;
    drop(instance.guest);
    until("the instance to be gone", || alive(&instance.marker).is_empty()).await;
}

/// A process that is killed at the end of the test, if not before.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It may have been killed and waited for already.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// The host here is `tail -f`: it has the other end of the guest's stdin, and is killed like any process can be.
#[tokio::test]
async fn a_host_that_is_killed_leaves_nothing() {
    let outer = Instance::boot().await;
    let (tools, root) = (outer.config.tools.clone(), outer.config.root.join("inner"));
    let marker = format!("{}-inner", outer.marker);
    let script = format!("cd \"$EC2_OPS_INSTANCE_ROOT/root\"\n{DAEMON}\nsleep 1000");
    let env = [marker.split_once('=').expect("a pair")];
    let requests = [
        json!({ "boot": { "tools": tools, "root": root, "instance_id": "i-1", "env": env } }),
        json!({ "run": { "id": "endless", "script": script, "timeout_ms": 600_000 } }),
    ];
    let file = outer.config.root.join("requests");
    std::fs::write(&file, requests.map(|request| format!("{request}\n")).concat()).expect("a file");
    let tail = Command::new("tail").args(["-n", "+1", "-f"]).arg(file).stdout(Stdio::piped()).spawn();
    let mut host = Host(tail.expect("a host"));
    let stdin = host.0.stdout.take().expect("a pipe");
    let guest = Command::new(tools).args(["guest", "init"]).stdin(stdin).stdout(Stdio::null()).spawn();
    until("the daemon", || root.join("root/daemon").exists()).await;
    assert!(alive(&marker).len() >= 2, "{:?}", alive(&marker));
    drop(host);
    guest.expect("a guest").wait().expect("ended");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn signals_of_a_terminal_do_not_end_an_instance() {
    let mut instance = Instance::boot().await;
    let init = instance.guest.process_id().expect("a process");
    for signal in ["INT", "TERM", "HUP"] {
        instance.prints(&format!("kill -{signal} {init}")).await;
    }
    assert_eq!(instance.prints("trap 'echo mine; exit' TERM; kill -TERM $$; sleep 1").await, "mine\n");
}

#[tokio::test]
async fn a_guest_that_is_killed_is_reported_when_nothing_is_left_of_it() {
    let mut instance = Instance::boot().await;
    instance.prints(DAEMON).await;
    let init = instance.guest.process_id().expect("a process");
    instance.start("murder", &format!("kill -9 {init}; sleep 1000"), LONG);
    let GuestEvent::Died { reason } = instance.event().await else { panic!("it should have died") };
    assert!(reason.contains("signal: 9"), "{reason}");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
    instance.guest.power_off().await.expect_err("it is dead");
}

#[tokio::test]
async fn a_guest_that_cannot_boot_says_why() {
    let mut instance = Instance::boot().await;
    instance.config.env.push(("A\nB".to_owned(), String::new()));
    let (_guest, mut events) = Guest::boot(instance.config.clone()).expect("starts");
    let Some(GuestEvent::Died { reason }) = events.recv().await else { panic!("it should not have booted") };
    assert!(reason.contains("does not fit on a line"), "{reason}");
    instance.config.tools = "guest".into();
    let error = Guest::boot(instance.config.clone()).expect_err("a relative path");
    assert!(error.to_string().contains("absolute path, not guest"), "{error}");
}

#[tokio::test]
async fn a_reboot_keeps_the_files_and_no_process() {
    let mut instance = Instance::boot().await;
    instance.prints("echo kept > ~/file; (setsid sleep 1000 > /dev/null 2>&1 &)").await;
    instance = instance.again(true).await;
    assert_eq!(instance.prints("cat ~/file").await, "kept\n");
    assert_eq!(alive(&instance.marker), Vec::<String>::new());
}
