//! Instances as processes of this machine: each is a [`Guest`] with a directory of its own.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

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
    /// Their access key id.
    key: String,
    events: UnboundedSender<MachineEvent>,
    machines: Mutex<HashMap<String, Machine>>,
}

/// One machine: a task that carries out orders one after another, so that it never boots before it has ended.
struct Machine {
    orders: UnboundedSender<Order>,
    /// Powers the machine off when `orders` is closed.
    task: JoinHandle<io::Result<()>>,
}

enum Order {
    PowerOn(GuestConfig),
    PowerOff,
    Reboot(GuestConfig),
    Run(RunCommand),
    Cancel(String),
}

impl LocalMachines {
    /// Machines below `root`, that report to the receiver.
    pub fn new(
        tools: PathBuf,
        root: PathBuf,
        endpoint: String,
        key: String,
    ) -> (Arc<Self>, UnboundedReceiver<MachineEvent>) {
        let (events, received) = mpsc::unbounded_channel();
        (Arc::new(Self { tools, root, endpoint, key, events, machines: Mutex::default() }), received)
    }

    /// Powers off every machine. Returns when nothing of them is left.
    ///
    /// # Errors
    /// If processes could not be killed; the message has their ids.
    pub async fn power_off_all(&self) -> io::Result<()> {
        let machines: Vec<_> = lock(&self.machines).drain().map(|(_, machine)| machine).collect();
        let tasks: Vec<_> = machines.into_iter().map(|machine| machine.task).collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    }

    fn order(&self, instance_id: &str, order: Order) {
        let mut machines = lock(&self.machines);
        let machine = machines.entry(instance_id.to_owned()).or_insert_with(|| {
            let (orders, pending) = mpsc::unbounded_channel();
            let task = tokio::spawn(live(instance_id.to_owned(), pending, self.events.clone()));
            Machine { orders, task }
        });
        // The task ends only when `orders` is closed.
        let _ = machine.orders.send(order);
    }

    fn config(&self, instance: &InstanceFacts) -> GuestConfig {
        let env = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", &instance.region),
            ("AWS_DEFAULT_REGION", &instance.region),
            ("AWS_ACCESS_KEY_ID", &self.key),
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
        self.order(&instance.instance_id, Order::PowerOn(self.config(instance)));
    }

    fn power_off(&self, instance_id: &str) {
        self.order(instance_id, Order::PowerOff);
    }

    fn reboot(&self, instance: &InstanceFacts) {
        self.order(&instance.instance_id, Order::Reboot(self.config(instance)));
    }
}

impl Runner for LocalMachines {
    fn run(&self, instance_id: &str, script: &Script) {
        let command = RunCommand {
            id: script.command_id.clone(),
            script: script.text.clone(),
            timeout: script.timeout,
        };
        self.order(instance_id, Order::Run(command));
    }

    fn cancel(&self, instance_id: &str, command_id: &str) {
        self.order(instance_id, Order::Cancel(command_id.to_owned()));
    }
}

/// The life of one machine.
async fn live(
    instance: String,
    mut orders: UnboundedReceiver<Order>,
    events: UnboundedSender<MachineEvent>,
) -> io::Result<()> {
    let mut on: Option<Guest> = None;
    while let Some(order) = orders.recv().await {
        match (order, on.take()) {
            (Order::PowerOn(config), _) => on = boot(&instance, config, &events),
            (Order::PowerOff, Some(guest)) => {
                // A guest that fails to end is killed with its init when the sandbox ends.
                guest.power_off().await.ok();
            }
            (Order::Reboot(config), Some(guest)) => {
                guest.go_down_for_reboot().await.ok();
                on = boot(&instance, config, &events);
            }
            (Order::Run(command), Some(guest)) => {
                guest.run(command);
                on = Some(guest);
            }
            (Order::Cancel(command), Some(guest)) => {
                guest.cancel(&command);
                on = Some(guest);
            }
            // A machine that is off hears nothing.
            (_, None) => {}
        }
    }
    match on {
        Some(guest) => guest.power_off().await,
        None => Ok(()),
    }
}

fn boot(instance: &str, config: GuestConfig, events: &UnboundedSender<MachineEvent>) -> Option<Guest> {
    match Guest::boot(config) {
        Ok((guest, reports)) => {
            tokio::spawn(pass_on(instance.to_owned(), reports, events.clone()));
            Some(guest)
        }
        // EC2 reports it to the callers.
        Err(_) => {
            drop(events.send(MachineEvent::Died { instance: instance.to_owned() }));
            None
        }
    }
}

async fn pass_on(
    instance: String,
    mut reports: UnboundedReceiver<GuestEvent>,
    events: UnboundedSender<MachineEvent>,
) {
    while let Some(event) = reports.recv().await {
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
