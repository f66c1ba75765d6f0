//! One AWS account: all services on one platform, and the machines that its instances are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::dynamodb::DynamoDb;
use crate::ec2::{Ec2, Ec2Config, Hypervisor};
use crate::lambda::Lambda;
use crate::lock::lock;
use crate::s3::S3;
use crate::ssm::{Runner, ScriptEnd, Ssm, SsmConfig};
use crate::stepfunctions::StepFunctions;
use crate::sts::Sts;
use crate::{Clock, Event, Platform};
use tokio::sync::mpsc;

/// What instances are made of: something to switch on and off that runs scripts.
pub trait Machines: Hypervisor + Runner {}

impl<M: Hypervisor + Runner> Machines for M {}

/// What a machine tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineEvent {
    /// It has booted, and its agent can take commands.
    Ready {
        /// The instance.
        instance: String,
    },
    /// A script has ended.
    Ended {
        /// The command that carried it.
        command: String,
        /// How it ended.
        end: ScriptEnd,
    },
    /// Something inside asked for a shutdown, or a reboot.
    ShutdownRequested {
        /// The instance.
        instance: String,
        /// Whether it is to start again.
        restart: bool,
    },
    /// It is gone, without anybody having asked.
    Died {
        /// The instance.
        instance: String,
    },
}

/// What an account is made of.
#[derive(Clone, Default)]
pub struct AccountConfig {
    /// From which ids and chance follow.
    pub seed: u64,
    /// How EC2 behaves.
    pub ec2: Ec2Config,
    /// How SSM behaves.
    pub ssm: SsmConfig,
}

/// An AWS account. Clones share it.
#[derive(Clone)]
pub struct Account {
    /// Clock, ids, events.
    pub platform: Arc<Platform>,
    /// Instances and volumes.
    pub ec2: Ec2,
    /// Agents and commands.
    pub ssm: Ssm,
    /// Objects.
    pub s3: Arc<S3>,
    /// Tables.
    pub dynamodb: Arc<DynamoDb>,
    /// Functions.
    pub lambda: Lambda,
    /// State machines.
    pub stepfunctions: StepFunctions,
    /// Identities.
    pub sts: Sts,
}

impl Account {
    /// An empty account whose clock shows `epoch` now. Must be called inside a tokio runtime.
    pub fn new(
        epoch: Timestamp,
        config: AccountConfig,
        machines: Arc<impl Machines + 'static>,
        events: mpsc::UnboundedReceiver<MachineEvent>,
    ) -> Self {
        let platform = Arc::new(Platform::new(Clock::starting_at(epoch), config.seed));
        let s3 = Arc::new(S3::new(Arc::clone(&platform)));
        let lambda = Lambda::new(Arc::clone(&platform));
        let hypervisor: Arc<dyn Hypervisor> = Arc::clone(&machines) as _;
        let account = Self {
            ec2: Ec2::new(Arc::clone(&platform), hypervisor, config.ec2),
            ssm: Ssm::new(Arc::clone(&platform), Arc::clone(&s3), machines, config.ssm),
            dynamodb: Arc::new(DynamoDb::new(Arc::clone(&platform))),
            stepfunctions: StepFunctions::new(Arc::clone(&platform), lambda.clone()),
            sts: Sts::new(Arc::clone(&platform)),
            s3,
            lambda,
            platform,
        };
        let agents = Arc::new(Agents { ssm: account.ssm.clone(), known: Mutex::default() });
        let watcher = Arc::clone(&agents);
        account.platform.events.subscribe(move |event| watcher.instance_changed(event));
        tokio::spawn(listen(account.ec2.clone(), agents, events));
        account
    }
}

impl Account {
    /// Lets go of what holds the account itself: its functions and its rules. Of use where accounts come by the thousand.
    pub fn dissolve(&self) {
        self.lambda.clear();
        self.platform.events.clear();
    }
}

/// Carries what machines tell to the services that it concerns.
async fn listen(ec2: Ec2, agents: Arc<Agents>, mut events: mpsc::UnboundedReceiver<MachineEvent>) {
    while let Some(event) = events.recv().await {
        // EC2 refuses what comes too late for an instance that is already ending; it ends all the same.
        let _ = match event {
            MachineEvent::Ready { instance } => {
                agents.ready(&instance);
                Ok(())
            }
            MachineEvent::Ended { command, end } => {
                agents.ssm.ended(&command, end);
                Ok(())
            }
            MachineEvent::ShutdownRequested { instance, restart: true } => ec2.reboot(&instance),
            MachineEvent::ShutdownRequested { instance, restart: false } => ec2.guest_shutdown(&instance),
            MachineEvent::Died { instance } => {
                agents.ssm.agent_offline(&instance);
                ec2.vanish(&instance)
            }
        };
    }
}

/// An agent is online once its machine has booted and EC2 says that the instance runs, whichever comes last.
struct Agents {
    ssm: Ssm,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    ready: bool,
    /// The region in which the instance runs.
    running: Option<String>,
}

impl Agents {
    fn ready(&self, instance: &str) {
        self.learn(instance, |known| known.ready = true);
    }

    fn instance_changed(&self, event: &Event) {
        let (Some(instance), Some(state)) =
            (event.detail["instance-id"].as_str(), event.detail["state"].as_str())
        else {
            return;
        };
        match state {
            "running" => self.learn(instance, |known| known.running = Some(event.region.clone())),
            "pending" => {}
            _ => {
                lock(&self.known).remove(instance);
                self.ssm.agent_offline(instance);
            }
        }
    }

    fn learn(&self, instance: &str, fact: impl FnOnce(&mut Known)) {
        let online = {
            let mut known = lock(&self.known);
            let known = known.entry(instance.to_owned()).or_default();
            fact(known);
            known.running.clone().filter(|_| known.ready)
        };
        if let Some(region) = online {
            self.ssm.agent_online(&region, instance);
        }
    }
}
