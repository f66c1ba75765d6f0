//! Instances as processes of this machine: each is a [`Guest`] with a directory of its own.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use crate::account::MachineEvent;
use crate::ec2::{Hypervisor, InstanceFacts};
use crate::lock::lock;
use crate::ssm::{EndStatus, Runner, Script, ScriptEnd};
use ec2_ops_guest::host::{Guest, GuestConfig, GuestEvent, RunCommand};
use ec2_ops_guest::{CommandResult, CommandStatus};

/// The machines of a sandbox: processes.
pub struct LocalMachines {
    /// The executable that contains the guest.
    tools: PathBuf,
    /// The directory above the instances' own.
    root: PathBuf,
    /// The endpoint that the instances' AWS clients use.
    endpoint: String,
    events: mpsc::UnboundedSender<MachineEvent>,
    guests: Mutex<HashMap<String, Guest>>,
}

impl LocalMachines {
    /// Machines below `root`, that report to the receiver.
    pub fn new(
        tools: PathBuf,
        root: PathBuf,
        endpoint: String,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        (Arc::new(Self { tools, root, endpoint, events, guests: Mutex::default() }), received)
    }

    /// Powers off every machine. Returns when nothing of them is left.
    ///
    /// # Errors
    /// If processes could not be killed; the message has their ids.
    pub async fn power_off_all(&self) -> io::Result<()> {
        let guests: Vec<_> = lock(&self.guests).drain().map(|(_, guest)| guest).collect();
        for guest in guests {
            guest.power_off().await?;
        }
        Ok(())
    }

    fn config(&self, instance: &InstanceFacts) -> GuestConfig {
        let env = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", &instance.region),
            ("AWS_DEFAULT_REGION", &instance.region),
            ("AWS_ACCESS_KEY_ID", "sandbox"),
            ("AWS_SECRET_ACCESS_KEY", "sandbox"),
        ];
        GuestConfig {
            tools: self.tools.clone(),
            root: self.root.join(&instance.instance_id),
            instance_id: instance.instance_id.clone(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }
}

impl Hypervisor for LocalMachines {
    fn power_on(&self, instance: &InstanceFacts) {
        let id = instance.instance_id.clone();
        match Guest::boot(self.config(instance)) {
            Ok((guest, told)) => {
                lock(&self.guests).insert(id.clone(), guest);
                tokio::spawn(pass_on(id, told, self.events.clone()));
            }
            // EC2 reports it to the callers.
            Err(_) => drop(self.events.send(MachineEvent::Died { instance: id })),
        }
    }

    fn power_off(&self, instance_id: &str) {
        let guest = lock(&self.guests).remove(instance_id);
        if let Some(guest) = guest {
            // A guest that fails to end is killed with its init when the sandbox ends.
            tokio::spawn(async move { guest.power_off().await.ok() });
        }
    }
}

impl Runner for LocalMachines {
    fn run(&self, instance_id: &str, script: &Script) {
        if let Some(guest) = lock(&self.guests).get(instance_id) {
            guest.run(RunCommand {
                id: script.command_id.clone(),
                script: script.text.clone(),
                timeout: script.timeout,
            });
        }
    }

    fn cancel(&self, instance_id: &str, command_id: &str) {
        if let Some(guest) = lock(&self.guests).get(instance_id) {
            guest.cancel(command_id);
        }
    }
}

async fn pass_on(
    instance: String,
    mut told: mpsc::UnboundedReceiver<GuestEvent>,
    events: mpsc::UnboundedSender<MachineEvent>,
) {
    while let Some(event) = told.recv().await {
        let instance = instance.clone();
        let event = match event {
            GuestEvent::Ready => MachineEvent::Ready { instance },
            GuestEvent::Printed { id, stream, bytes } => MachineEvent::Printed { command: id, stream, bytes },
            GuestEvent::Ended { id, result } => MachineEvent::Ended { command: id, end: script_end(result) },
            GuestEvent::ShutdownRequested { restart } => {
                MachineEvent::ShutdownRequested { instance, restart }
            }
            GuestEvent::Died { .. } => MachineEvent::Died { instance },
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

fn script_end(result: CommandResult) -> ScriptEnd {
    ScriptEnd {
        status: match result.status {
            CommandStatus::Success => EndStatus::Success,
            CommandStatus::Failed => EndStatus::Failed,
            CommandStatus::TimedOut => EndStatus::TimedOut,
            CommandStatus::Cancelled => EndStatus::Cancelled,
        },
        exit_code: result.exit_code,
        stdout: result.stdout,
        stderr: result.stderr,
        files: Some((result.stdout_path, result.stderr_path)),
    }
}
