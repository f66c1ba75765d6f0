//! A whole deployment on this machine: an account over HTTP, the real Lambda binaries, instances that are processes.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::deployment::{FUNCTIONS, Function, Names, Template, deploy};
use crate::ec2::{Ec2Config, Times};
use crate::fault_plan::{FaultPlan, PlannedRuntime};
use crate::http::Endpoint;
use crate::lambda::{FunctionBinary, FunctionLog, ProcessRuntime, Runtime};
use crate::ssm::SsmConfig;
use crate::{AccessKeys, Account, AccountConfig, AwsError, LocalMachines};

/// The account's quota of vCPUs: what AWS gives an account that has been in use.
const VCPUS: u32 = 1152;

/// The settings of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// The port of its endpoint; 0 takes any free one.
    pub port: u16,
    /// A directory of its own, for instances and logs.
    pub root: PathBuf,
    /// The executable that contains the guest: it calls [`ec2_ops_guest::main`].
    pub tools: PathBuf,
    /// The directory of the Lambda binaries, which are named like their packages.
    pub lambdas: PathBuf,
    /// Buckets to create, beside the deployment's own.
    pub buckets: Vec<String>,
    /// The access keys of its callers.
    pub keys: AccessKeys,
}

/// Differences of a sandbox from the real deployment, for tests.
#[derive(Clone, Default)]
pub struct Conditions {
    /// The deployment.
    pub template: Template,
    /// From `SendCommand` until `ListCommands` knows of it.
    pub listed_after: Duration,
    /// What goes wrong.
    pub faults: FaultPlan,
}

/// A running sandbox. Dropping it ends its instances and its functions, without waiting for them.
pub struct Sandbox {
    account: Account,
    machines: Arc<LocalMachines>,
    functions: HashMap<&'static str, Arc<ProcessRuntime>>,
    names: Names,
    keys: AccessKeys,
    faults: FaultPlan,
    url: String,
    state_machine_arn: String,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts an account with everything deployed.
    ///
    /// # Errors
    /// If the port is taken, a Lambda binary is missing, or a bucket's name is not valid.
    pub async fn start(config: SandboxConfig) -> io::Result<Self> {
        Self::start_under(config, Conditions::default()).await
    }

    /// The same under other conditions.
    ///
    /// # Errors
    /// As for [`Sandbox::start`].
    pub async fn start_under(config: SandboxConfig, conditions: Conditions) -> io::Result<Self> {
        let Conditions { template, listed_after, faults } = conditions;
        check_binaries(&config)?;
        make_private(&config.root)?;
        let logs = config.root.join("logs");
        std::fs::create_dir_all(&logs)?;
        let endpoint = Endpoint::bind(config.port).await?;
        let url = endpoint.url();
        let (machines, events) = LocalMachines::new(
            config.tools,
            config.root.join("instances"),
            url.clone(),
            config.keys.owner().to_owned(),
        );
        let account_config = AccountConfig {
            seed: u64::from(std::process::id()) ^ Timestamp::now().as_millisecond().unsigned_abs(),
            ec2: Ec2Config { times: Times::fast(), vcpus: Some(VCPUS), ..Ec2Config::default() },
            ssm: SsmConfig { listed_after, ..SsmConfig::fast() },
        };
        let account = Account::new(Timestamp::now(), account_config, Arc::clone(&machines), events);
        let plan = faults.clone();
        account.platform.events.deliver_by(move |event| plan.arrivals(event));
        let names = Names::default();
        let runtime = |function: Function| {
            let binary = FunctionBinary {
                name: function.name.to_owned(),
                path: config.lambdas.join(function.package),
                owner: config.keys.owner().to_owned(),
                env: environment(&names, &url),
                log: FunctionLog {
                    file: logs.join(format!("{}.log", function.name)),
                    logs: account.logs.clone(),
                    region: names.region.clone(),
                    group: names.function_log_group(function),
                },
            };
            (function.name, Arc::new(ProcessRuntime::new(binary, Arc::clone(&account.platform))))
        };
        let functions = HashMap::from(FUNCTIONS.map(runtime));
        let runtime_of = |function: Function| -> Arc<dyn Runtime> {
            let (plan, runtime) = (faults.clone(), Arc::clone(&functions[function.name]) as _);
            Arc::new(PlannedRuntime { function: function.name, plan, runtime })
        };
        let state_machine_arn = deploy(&account, &names, &template, runtime_of).map_err(refused)?;
        for bucket in &config.buckets {
            account.s3.create_bucket(bucket, &names.region).map_err(refused)?;
        }
        let server = tokio::spawn(endpoint.serve(account.clone(), config.keys.clone(), faults.clone()));
        Ok(Self {
            faults,
            keys: config.keys,
            account,
            machines,
            functions,
            names,
            url,
            state_machine_arn,
            server,
        })
    }

    /// The account's state, in process.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The URL to give to clients as `--endpoint-url` or `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What goes wrong in it; more can be added.
    pub fn faults(&self) -> &FaultPlan {
        &self.faults
    }

    /// The access keys of its callers.
    pub fn keys(&self) -> &AccessKeys {
        &self.keys
    }

    /// The names of what is deployed.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The ARN of the state machine.
    pub fn state_machine_arn(&self) -> &str {
        &self.state_machine_arn
    }

    /// Ends the idle environments of the functions: the next invocations start cold.
    pub async fn reclaim_idle_functions(&self) {
        for function in self.functions.values() {
            function.reclaim_idle().await;
        }
    }

    /// Ends every function, then every instance. Returns when nothing of them is left.
    ///
    /// # Errors
    /// If processes could not be killed; the message has their ids.
    pub async fn shut_down(self) -> io::Result<()> {
        for function in self.functions.values() {
            function.shut_down().await;
        }
        self.machines.power_off_all().await
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Makes a directory that no other user can look into, or closes one that is there.
fn make_private(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::set_permissions(directory, Permissions::from_mode(0o700))
}

fn check_binaries(config: &SandboxConfig) -> io::Result<()> {
    let missing =
        FUNCTIONS.iter().map(|function| config.lambdas.join(function.package)).find(|path| !path.exists());
    match missing {
        Some(path) => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the Lambda binary {} does not exist; `cargo ops` builds what it runs", path.display()),
        )),
        None => Ok(()),
    }
}

/// The environment of a function on AWS, with the sandbox's endpoint, and a short back-off.
fn environment(names: &Names, url: &str) -> Vec<(String, String)> {
    let mut env = names.environment();
    let own = [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_SECRET_ACCESS_KEY", "sandbox"),
        // Capacity is never short here, and a person is waiting.
        ("EC2_OPS_BACKOFF_S", "1"),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}

fn refused(error: AwsError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_user_can_look_into_the_directory() {
        let directory = std::env::temp_dir().join(format!("ec2-ops-private-{}", std::process::id()));
        let mode = || std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777;
        make_private(&directory).unwrap();
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        make_private(&directory).unwrap();
        assert_eq!(mode(), 0o700);
        std::fs::remove_dir(&directory).unwrap();
    }
}
