//! A booted instance in a temporary directory, and a look at which of its processes live.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ec2_ops_guest::CommandResult;
use ec2_ops_guest::host::{Guest, GuestConfig, GuestEvent, RunCommand};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes, shorter than anyone's patience.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Makes a script start in root's home.
const AT_HOME: &str = "HOME=$(getent passwd root | cut -d: -f6); export HOME; cd\n";

static INSTANCES: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Instance {
    pub(crate) guest: Guest,
    pub(crate) events: UnboundedReceiver<GuestEvent>,
    pub(crate) config: GuestConfig,
    /// In the environment of every process of this instance and of no other.
    pub(crate) marker: String,
    _directory: Directory,
}

/// Removed at the end of the test.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Instance {
    pub(crate) async fn boot() -> Self {
        Self::boot_with(&[]).await
    }

    pub(crate) async fn boot_with(env: &[(&str, &str)]) -> Self {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed);
        let marker = format!("EC2_OPS_TEST_MARKER={}-{number}", std::process::id());
        // Longer than the path of a socket may be, with a space and a quote in it.
        let name = format!("ec2-ops guest's {} {number} {}", std::process::id(), "long".repeat(25));
        let root = std::env::temp_dir().join(name);
        let (marker_name, marker_value) = marker.split_once('=').expect("a pair");
        let mut variables = vec![(marker_name.to_owned(), marker_value.to_owned())];
        variables.extend(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = GuestConfig {
            tools: env!("CARGO_BIN_EXE_ec2-ops-guest").into(),
            root: root.clone(),
            instance_id: "i-0123456789abcdef0".to_owned(),
            env: variables,
        };
        let (guest, events) = Guest::boot(config.clone()).expect("boots");
        let mut instance = Self { guest, events, config, marker, _directory: Directory(root) };
        assert!(matches!(instance.event().await, GuestEvent::Ready));
        instance
    }

    /// The next event, other than output as it comes.
    pub(crate) async fn event(&mut self) -> GuestEvent {
        loop {
            let event = timeout(LONG, self.events.recv()).await.expect("an event in time");
            match event.expect("a guest that speaks") {
                GuestEvent::Printed { .. } => {}
                event => return event,
            }
        }
    }

    /// Starts a script as the agent does: without HOME, in `/usr/bin`.
    pub(crate) fn start_as_sent(&self, id: &str, script: &str, timeout: Duration) {
        self.guest.run(RunCommand { id: id.to_owned(), script: script.to_owned(), timeout });
    }

    /// Starts a script in root's home.
    pub(crate) fn start(&self, id: &str, script: &str, timeout: Duration) {
        self.start_as_sent(id, &format!("{AT_HOME}{script}"), timeout);
    }

    /// The end of that command.
    pub(crate) async fn end_of(&mut self, id: &str) -> CommandResult {
        match self.event().await {
            GuestEvent::Ended { id: ended, result } if ended == id => result,
            other => panic!("{id} should have ended, but {other:?}"),
        }
    }

    /// Runs a script in root's home, to its end.
    pub(crate) async fn run(&mut self, script: &str) -> CommandResult {
        self.run_as_sent(&format!("{AT_HOME}{script}")).await
    }

    /// Runs a script to its end as the agent does: without HOME, in `/usr/bin`.
    pub(crate) async fn run_as_sent(&mut self, script: &str) -> CommandResult {
        static COMMANDS: AtomicU32 = AtomicU32::new(0);
        let id = format!("command-{}", COMMANDS.fetch_add(1, Ordering::Relaxed));
        self.start_as_sent(&id, script, LONG);
        self.end_of(&id).await
    }

    /// What a script that is to succeed prints.
    pub(crate) async fn prints(&mut self, script: &str) -> String {
        let result = self.run(script).await;
        assert_eq!((result.exit_code, result.stderr.as_str()), (0, ""), "{script}\n{result:?}");
        result.stdout
    }

    /// Reboots it, or switches it off and on.
    pub(crate) async fn again(self, restart: bool) -> Self {
        let Self { guest, config, marker, _directory: directory, .. } = self;
        let down = if restart { guest.go_down_for_reboot().await } else { guest.power_off().await };
        down.expect("goes down");
        let (guest, events) = Guest::boot(config.clone()).expect("boots");
        let mut instance = Self { guest, events, config, marker, _directory: directory };
        assert!(matches!(instance.event().await, GuestEvent::Ready));
        instance
    }

    pub(crate) fn home(&self, inside: &str) -> String {
        self.config.root.join(inside).display().to_string()
    }

    /// Waits until a script has written the file at this path inside the instance.
    pub(crate) async fn until_exists(&self, inside: &str) {
        let path = self.config.root.join(inside);
        until(&format!("{inside} to exist"), || path.exists()).await;
    }
}

/// Waits for what other processes do in their own time.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// The command lines of all living processes with this marker in their environment.
pub(crate) fn alive(marker: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let processes = entries.flatten().map(|entry| entry.path()).filter(|path| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == marker.as_bytes())
    });
    processes
        .map(|path| {
            String::from_utf8_lossy(&std::fs::read(path.join("cmdline")).unwrap_or_default()).into_owned()
        })
        .collect()
}
