//! One AWS account: all services on one platform, and the machines that its instances are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::dynamodb::DynamoDb;
use crate::ec2::{Ec2, Ec2Config, Hypervisor};
use crate::lambda::Lambda;
use crate::lock::lock;
use crate::logs::Logs;
use crate::s3::S3;
use crate::ssm::{OutputStream, Runner, ScriptEnd, Ssm, SsmConfig};
use crate::stepfunctions::StepFunctions;
use crate::sts::Sts;
use crate::{Clock, Event, Platform};
use tokio::sync::mpsc;

/// What runs an account's instances: machines that can be switched on and off and that run scripts.
pub trait Machines: Hypervisor + Runner {}

impl<M: Hypervisor + Runner> Machines for M {}

/// A report from a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineEvent {
    /// It has booted, and its agent can take commands.
    Ready {
        /// The instance.
        instance: String,
    },
    /// A script has printed something.
    Printed {
        /// The command that carried it.
        command: String,
        /// Where to.
        stream: OutputStream,
        /// What.
        bytes: Vec<u8>,
    },
    /// A script has ended, and all that it printed was reported.
    Ended {
        /// The command that carried it.
        command: String,
        /// How it ended.
        end: ScriptEnd,
    },
    /// A program on the machine asked for a shutdown or a reboot.
    ShutdownRequested {
        /// The instance.
        instance: String,
        /// Whether to start it again.
        restart: bool,
    },
    /// It ended without a request.
    Died {
        /// The instance.
        instance: String,
    },
}

/// The settings of an account.
#[derive(Clone, Default)]
pub struct AccountConfig {
    /// Every id and every random choice follows from it.
    pub seed: u64,
    /// How EC2 behaves.
    pub ec2: Ec2Config,
    /// How SSM behaves.
    pub ssm: SsmConfig,
}

/// An AWS account: every service's model over one [`Platform`]. Clones share it.
///
/// Its services can be called in process, as typed methods, or through an [`Endpoint`](crate::http::Endpoint). Its
/// instances run on [`Machines`], which report back through a channel; a report makes EC2 and SSM change. Here they are
/// machines that do nothing, and the clock is virtual:
///
/// ```
/// use std::sync::Arc;
///
/// use ec2_ops_sandbox::ec2::api::{RunInstancesRequest, InstanceStateName};
/// use ec2_ops_sandbox::ec2::{Hypervisor, InstanceFacts};
/// use ec2_ops_sandbox::ssm::{Runner, Script};
/// use ec2_ops_sandbox::{Account, AccountConfig};
///
/// struct Idle;
/// impl Hypervisor for Idle {
///     fn power_on(&self, _: &InstanceFacts) {}
///     fn power_off(&self, _: &str) {}
/// }
/// impl Runner for Idle {
///     fn run(&self, _: &str, _: &Script) {}
///     fn cancel(&self, _: &str, _: &str) {}
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
/// # runtime.block_on(async {
/// let (_reports, events) = tokio::sync::mpsc::unbounded_channel();
/// let epoch = "2026-01-01T00:00:00Z".parse().unwrap();
/// let account = Account::new(epoch, AccountConfig::default(), Arc::new(Idle), events);
///
/// let request = RunInstancesRequest {
///     image_id: Some("ami-0123456789abcdef0".to_owned()),
///     instance_type: Some("t3.micro".to_owned()),
///     min_count: Some(1),
///     max_count: Some(1),
///     ..RunInstancesRequest::default()
/// };
/// account.ec2.run_instances("us-east-1", &request).unwrap();
/// assert_eq!(account.ec2.instances()[0].state(), InstanceStateName::Pending);
/// tokio::time::sleep(std::time::Duration::from_secs(30)).await;
/// assert_eq!(account.ec2.instances()[0].state(), InstanceStateName::Running);
/// # });
/// ```
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
    /// Log groups.
    pub logs: Logs,
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
        let logs = Logs::new(Arc::clone(&platform));
        let lambda = Lambda::new(Arc::clone(&platform));
        let hypervisor: Arc<dyn Hypervisor> = Arc::clone(&machines) as _;
        let account = Self {
            ec2: Ec2::new(Arc::clone(&platform), hypervisor, config.ec2),
            ssm: Ssm::new(Arc::clone(&platform), Arc::clone(&s3), logs.clone(), machines, config.ssm),
            dynamodb: Arc::new(DynamoDb::new(Arc::clone(&platform))),
            stepfunctions: StepFunctions::new(Arc::clone(&platform), lambda.clone(), Arc::clone(&s3)),
            sts: Sts::new(Arc::clone(&platform)),
            s3,
            logs,
            lambda,
            platform,
        };
        let agents = Arc::new(Agents { ssm: account.ssm.clone(), known: Mutex::default() });
        let watcher = Arc::clone(&agents);
        let (journal, clock) = (account.platform.journal.clone(), account.platform.clock);
        account.platform.events.subscribe(move |event| journal.published(event, clock.now()));
        account.platform.events.subscribe(move |event| watcher.instance_changed(event));
        tokio::spawn(listen(account.ec2.clone(), agents, events));
        account
    }
}

impl Account {
    /// Drops its functions and rules, which hold references to the account. For simulations with thousands of accounts.
    pub fn dissolve(&self) {
        self.lambda.clear();
        self.platform.events.clear();
    }
}

/// Passes the reports of machines to the services.
async fn listen(ec2: Ec2, agents: Arc<Agents>, mut events: mpsc::UnboundedReceiver<MachineEvent>) {
    while let Some(event) = events.recv().await {
        // EC2 refuses a report that arrives when its instance is already ending. The instance ends anyway.
        let _ = match event {
            MachineEvent::Ready { instance } => {
                agents.ready(&instance);
                Ok(())
            }
            MachineEvent::Printed { command, stream, bytes } => {
                agents.ssm.printed(&command, stream, &bytes);
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
