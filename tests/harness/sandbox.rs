//! A sandbox in this process, with access to its account.

use std::sync::Arc;
use std::time::Duration;

use ec2_ops::Outcome;
use ec2_ops_asl::{Ending, Execution};
use ec2_ops_sandbox::ec2::api::InstanceStateName;
use ec2_ops_sandbox::stepfunctions::api::StartExecutionRequest;
use ec2_ops_sandbox::{AccessKeys, Account, Conditions, Sandbox, SandboxConfig};
use serde_json::Value;

use super::build::binaries;
use super::{LONG, below};

/// The sandbox of one test, with the bucket `sandbox-output`.
pub(crate) struct TestSandbox {
    sandbox: Sandbox,
    directory: tempfile::TempDir,
}

impl TestSandbox {
    /// Runs `test` with a sandbox, then ends the sandbox, and asserts that no process is left.
    pub(crate) fn with<F: AsyncFnOnce(&Self)>(test: F) {
        Self::with_buckets(&[], test);
    }

    /// The same with more buckets.
    pub(crate) fn with_buckets<F: AsyncFnOnce(&Self)>(buckets: &[String], test: F) {
        Self::under(Conditions::default(), buckets, test);
    }

    /// The same under other conditions, for example with faults.
    pub(crate) fn under<T, F>(conditions: Conditions, buckets: &[String], test: F) -> T
    where
        F: AsyncFnOnce(&Self) -> T,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let directory = tempfile::Builder::new().prefix("ec2-ops-e2e-").tempdir().expect("a directory");
            let config = SandboxConfig {
                port: 0,
                root: directory.path().to_owned(),
                tools: binaries().join("ec2-ops"),
                lambdas: binaries().to_owned(),
                buckets: [&["sandbox-output".to_owned()], buckets].concat(),
                keys: AccessKeys::random().expect("random numbers"),
            };
            let sandbox = Sandbox::start_under(config, conditions).await.expect("a sandbox");
            let own = Self { sandbox, directory };
            let result = test(&own).await;
            own.sandbox.shut_down().await.expect("everything ends");
            assert_eq!(below(own.directory.path()), [""; 0], "processes are left");
            result
        })
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) fn account(&self) -> &Account {
        self.sandbox.account()
    }

    pub(crate) fn state_machine_arn(&self) -> &str {
        self.sandbox.state_machine_arn()
    }

    pub(crate) fn start(&self, document: &Value) -> Arc<Execution> {
        let request = StartExecutionRequest {
            state_machine_arn: self.state_machine_arn().to_owned(),
            name: None,
            input: Some(document.to_string()),
        };
        let stepfunctions = &self.account().stepfunctions;
        let started = stepfunctions.start_execution(request).expect("an execution");
        stepfunctions.execution(&started.execution_arn).expect("an execution")
    }

    /// Runs `document` to the end.
    pub(crate) async fn run(&self, document: &Value) -> Outcome {
        let execution = self.start(document);
        self.ended(&execution).await
    }

    /// The outcome of an execution that ends as SUCCEEDED.
    pub(crate) async fn ended(&self, execution: &Execution) -> Outcome {
        match self.ending(execution).await {
            Ending::Succeeded { output } => {
                serde_json::from_value(output["outcome"].clone()).expect("an outcome")
            }
            other => panic!("{other:#?}"),
        }
    }

    pub(crate) async fn ending(&self, execution: &Execution) -> Ending {
        let ending = tokio::time::timeout(LONG, async {
            loop {
                if let Some((ending, _)) = execution.history().ending() {
                    return ending;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        ending.await.unwrap_or_else(|_| panic!("still running: {:#?}", execution.history().events().last()))
    }

    /// Waits until the account is empty: every instance is terminated, and no volume and no process of an instance is left.
    pub(crate) async fn assert_empty(&self) {
        let settled = tokio::time::timeout(LONG, async {
            while !self.left().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(settled.await.is_ok(), "left: {:?}", self.left());
    }

    fn left(&self) -> Vec<String> {
        let instances = self.account().ec2.instances();
        let volumes = self.account().ec2.volumes();
        let instances = instances
            .iter()
            .filter(|instance| instance.state() != InstanceStateName::Terminated)
            .map(|instance| format!("{} is {}", instance.instance.instance_id, instance.state().as_str()));
        let volumes = volumes.iter().map(|volume| volume.volume.volume_id.clone());
        instances.chain(volumes).chain(below(&self.directory.path().join("instances"))).collect()
    }
}
