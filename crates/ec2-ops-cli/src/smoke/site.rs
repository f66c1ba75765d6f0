//! The deployment under test, and what all checks need of it.

use std::cell::RefCell;
use std::time::Duration;

use ec2_ops::ids::{AttemptId, ExecutionId};
use ec2_ops::tags::{self, OnEnd};
use ec2_ops_client::{Client, Error, Execution, InstanceRef, Invoked, Launch, Left, Timeline};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::SmokeArgs;
use crate::exit::Failure;

/// The deployment under test.
pub(super) struct Site {
    pub(super) client: Client,
    /// The buckets that were named, or that the sandbox got for the purpose.
    pub(super) buckets: Buckets,
    architecture: Architecture,
    subnet: Option<String>,
    /// The beginning of all names of this run.
    name: String,
    /// The ARNs of the executions of this run.
    started: RefCell<Vec<String>>,
}

/// Buckets of the deployment's `instances.output_buckets`.
pub(super) struct Buckets {
    pub(super) usual: Option<String>,
    pub(super) elsewhere: Option<String>,
    pub(super) under_key: Option<String>,
}

/// Images and type of the instances.
struct Architecture {
    amazon_linux: &'static str,
    ubuntu: &'static str,
    instance_type: &'static str,
}

/// <https://docs.aws.amazon.com/linux/al2023/ug/ec2.html> and
/// <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/> name the parameters.
const ARM64: Architecture = Architecture {
    amazon_linux: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    ubuntu: "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
    instance_type: "t4g.nano",
};
const X86_64: Architecture = Architecture {
    amazon_linux: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    ubuntu: "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    instance_type: "t3.nano",
};

/// The region of the sandbox's second bucket.
const ELSEWHERE: &str = "us-west-2";
/// How long anything may take that a check waits for.
const LONG: Duration = Duration::from_mins(20);

/// Why a check did not end well.
pub(super) enum Wrong {
    /// It needs what was not named.
    Missing(String),
    /// It found something else than it expects.
    Found(String),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Found(error.to_string())
    }
}

/// Fails the check unless `holds`.
pub(super) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong::Found(otherwise())) }
}

impl Site {
    /// Finds the deployment. A sandbox gets the buckets that an account has to have.
    pub(super) async fn open(args: &SmokeArgs) -> Result<Self, Failure> {
        let client = args.deployment.connect().await?;
        let mut buckets = Buckets {
            usual: args.bucket.clone(),
            elsewhere: args.bucket_elsewhere.clone(),
            under_key: args.bucket_under_key.clone(),
        };
        if client.sandbox().is_some() {
            for (bucket, name, region) in [
                (&mut buckets.usual, "smoke-usual", client.region()),
                (&mut buckets.elsewhere, "smoke-elsewhere", ELSEWHERE),
                (&mut buckets.under_key, "smoke-under-key", client.region()),
            ] {
                client.create_bucket(bucket.get_or_insert_with(|| name.to_owned()), region).await?;
            }
        }
        Ok(Self {
            client,
            buckets,
            architecture: if args.architecture == "arm64" { ARM64 } else { X86_64 },
            subnet: args.subnet.clone(),
            name: format!("smoke-{:08x}", fastrand::u32(..)),
            started: RefCell::default(),
        })
    }

    /// Stops every execution of this run.
    pub(super) async fn stop_all(&self) {
        for arn in self.started.take() {
            // One that has ended is left as it is.
            let _ = self.client.stop(&arn).await;
        }
    }
}

/// One run of a check.
pub(super) struct Trial<'a> {
    pub(super) site: &'a Site,
    /// The deployment's client that records for this check.
    pub(super) client: Client,
    pub(super) check: &'static str,
}

/// An execution that has ended, and nothing of which is running.
pub(super) struct Run {
    pub(super) arn: String,
    pub(super) execution: Execution,
    pub(super) timeline: Timeline,
}

impl Trial<'_> {
    /// A document on Amazon Linux, whose instance and volume are deleted at the end.
    pub(super) fn document(&self, commands: &[&str]) -> Value {
        json!({
            "commands": commands,
            "run_options": { "ii_terminate_instance": true, "ii_delete_volume": true, "timeout_s": 300 },
            "instance_parameters": {
                "ImageId": self.site.architecture.amazon_linux,
                "InstanceType": self.site.architecture.instance_type,
            },
        })
    }

    /// The image of Ubuntu.
    pub(super) fn ubuntu(&self) -> &'static str {
        self.site.architecture.ubuntu
    }

    /// A command that runs while the execution looks at it once, and that ends before the first poll.
    pub(super) fn a_while(&self) -> &'static str {
        if self.client.sandbox().is_some() { "sleep 3" } else { "sleep 20" }
    }

    /// The name of the execution of this check.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.site.name, self.check)
    }

    /// Starts the execution of this check.
    pub(super) async fn start(&self, document: &Value) -> Result<String, Wrong> {
        let arn = self.client.start(&self.name(), &document.to_string()).await?;
        self.site.started.borrow_mut().push(arn.clone());
        Ok(arn)
    }

    /// Runs `document` to its end, and checks that it left nothing.
    pub(super) async fn run(&self, document: &Value) -> Result<Run, Wrong> {
        let arn = self.start(document).await?;
        let run = self.ended(&arn).await?;
        self.nothing_is_left(&arn).await?;
        Ok(run)
    }

    /// Waits for the end of an execution.
    pub(super) async fn ended(&self, arn: &str) -> Result<Run, Wrong> {
        let execution = self
            .until("the execution still runs", async || {
                let execution = self.client.describe(arn).await?;
                Ok((!execution.standing().is_running()).then_some(execution))
            })
            .await?;
        let left = self.left(arn).await?;
        let ended_by_itself = execution.standing().as_str() != "Aborted";
        expect(left.running.is_empty() || !ended_by_itself, || format!("at its end it had {left}"))?;
        let timeline = self.client.timeline(arn).await?;
        Ok(Run { arn: arn.to_owned(), execution, timeline })
    }

    /// Waits until nothing of an execution is left.
    pub(super) async fn nothing_is_left(&self, arn: &str) -> Result<(), Wrong> {
        self.until("something is left", async || Ok((self.left(arn).await? == Left::default()).then_some(())))
            .await
    }

    pub(super) async fn left(&self, arn: &str) -> Result<Left, Error> {
        self.client.left(arn, self.client.region()).await
    }

    /// Waits until the commands of an execution run. Returns its instance.
    pub(super) async fn commands_run(&self, arn: &str) -> Result<InstanceRef, Wrong> {
        self.until("no commands run", async || {
            let timeline = self.client.timeline(arn).await?;
            if timeline.ended() {
                return Err(Wrong::Found("it ended before its commands ran".to_owned()));
            }
            let waits = timeline.waiting().is_some_and(|waiting| waiting.state == "EC2Poller");
            let attempt = timeline.attempts().last().filter(|_| waits);
            Ok(attempt.and_then(|attempt| attempt.instance.clone()))
        })
        .await
    }

    /// Launches an instance in the name of an execution, past the state machine. Returns its id.
    pub(super) async fn launch_for(&self, execution: &str) -> Result<String, Wrong> {
        let attempt = AttemptId { execution: ExecutionId::new(execution), attempt: 1 };
        let on_end = OnEnd { terminate: true, delete_volumes: true };
        let machine = self.client.state_machine_arn();
        let deployment = machine.rsplit(':').next().unwrap_or(machine);
        let launch = Launch {
            region: self.client.region(),
            image: self.site.architecture.amazon_linux,
            instance_type: self.site.architecture.instance_type,
            subnet: self.site.subnet.as_deref(),
            tags: tags::of_attempt(&attempt, deployment, on_end),
        };
        Ok(self.client.launch(&launch).await?)
    }

    /// Invokes the function whose ARN has `name`.
    pub(super) async fn invoke(&self, name: &str, payload: &Value) -> Result<Invoked, Wrong> {
        let functions = self.client.machine().await?.functions;
        let function = functions.iter().find(|arn| arn.contains(name));
        let function = function.ok_or_else(|| Wrong::Found(format!("there is no function {name}")))?;
        Ok(self.client.invoke(function, payload).await?)
    }

    /// Asks until there is an answer, or it has taken too long.
    pub(super) async fn until<T>(
        &self,
        otherwise: &str,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, Wrong>,
    ) -> Result<T, Wrong> {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            tokio::time::sleep(self.client.look_every()).await;
        }
        Err(Wrong::Found(format!("after {} minutes {otherwise}", LONG.as_secs() / 60)))
    }
}

impl Run {
    /// Expects this status.
    pub(super) fn expect(&self, status: &str) -> Result<(), Wrong> {
        let standing = self.execution.standing();
        expect(standing.as_str() == status, || {
            let reason = self.execution.reason().unwrap_or_default();
            format!("expected {status}, and the outcome is {standing}: {reason}")
        })
    }

    /// A field of the only attempt.
    pub(super) fn attempt(&self, field: &str) -> Value {
        let outcome = self.execution.outcome().unwrap_or_default();
        outcome["attempts"][0][field].clone()
    }

    /// The same as text; nothing if it is none.
    pub(super) fn text(&self, field: &str) -> String {
        self.attempt(field).as_str().unwrap_or_default().to_owned()
    }
}
