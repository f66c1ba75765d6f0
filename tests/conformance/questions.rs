//! The questions to every implementation of the ports.

use std::fmt::Debug;
use std::time::Duration;

use ec2_ops::AwsError;
use ec2_ops::ids::{CommandId, ExecutionId, InstanceId, Region, TaskToken, VolumeId};
use ec2_ops::ports::{
    Agents, Command, Commands, Executions, FleetResults, Instance, Instances, KeptOutput, Launch, Ledger,
    Logs, Objects, OutputTarget, SentCommand, ShutdownBehavior, Volumes, Wake, WakeTokens, Watch,
};
use ec2_ops::tags::Tags;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::scene::REGION;

/// One implementation of every port.
pub(super) struct Ports<'a, E, M, O, T, X> {
    pub(super) ec2: &'a E,
    pub(super) ssm: &'a M,
    pub(super) s3: &'a O,
    pub(super) tokens: &'a T,
    pub(super) executions: &'a X,
}

impl<'a, P> Ports<'a, P, P, P, P, P> {
    /// One value that implements all ports.
    pub(super) fn of_one(all: &'a P) -> Self {
        Self { ec2: all, ssm: all, s3: all, tokens: all, executions: all }
    }
}

/// The answers so far, one line each.
struct Answers(Vec<String>);

impl Answers {
    fn record<T: Debug>(&mut self, question: &str, answer: Result<T, AwsError>) {
        self.0.push(match answer {
            Ok(answer) => format!("{question}: {answer:?}"),
            Err(AwsError { action, code, kind, .. }) => format!("{question}: {action} {code} {kind:?}"),
        });
    }
}

fn region() -> Region {
    Region::new(REGION)
}

fn instance(about: &Value, name: &str) -> InstanceId {
    InstanceId::new(about[name].as_str().unwrap())
}

fn unknown() -> InstanceId {
    InstanceId::new("i-0123456789abcdef0")
}

fn tags(name: &str) -> Tags {
    Tags::from([("scene".to_owned(), name.to_owned())])
}

fn launch(token: &str, image: &str, options: &Value) -> Launch {
    let mut parameters = json!({ "ImageId": image, "InstanceType": "t4g.nano" });
    parameters.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    Launch {
        client_token: token.to_owned(),
        parameters: serde_json::from_value(parameters).unwrap(),
        shutdown_behavior: ShutdownBehavior::Terminate,
    }
}

fn command(instance: InstanceId) -> Command {
    Command {
        instance,
        comment: "asked".to_owned(),
        script: "true".to_owned(),
        execution_timeout: Duration::from_mins(1),
        delivery_timeout: Duration::from_mins(5),
        logs: Logs::default(),
    }
}

fn wake(token: &str) -> Wake {
    let watch = json!({
        "execution": "arn:x", "attempt": 1, "region": REGION, "instance": unknown(), "command": "c-1",
        "deliver_by": "2026-01-01T00:05:00Z", "end_by": "2026-01-01T01:00:00Z", "timeout_s": 60,
    });
    Wake { token: TaskToken::new(token), watch: serde_json::from_value::<Watch>(watch).unwrap() }
}

fn key(bucket: &str, key: &str) -> OutputTarget {
    OutputTarget::Key { bucket: bucket.to_owned(), key: key.to_owned() }
}

fn prefix(bucket: &str, prefix: &str) -> OutputTarget {
    OutputTarget::Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() }
}

impl<E, M, O, T, X> Ports<'_, E, M, O, T, X>
where
    E: Instances + Volumes,
    M: Agents + Commands,
    O: Objects + FleetResults + KeptOutput + Ledger,
    T: WakeTokens,
    X: Executions,
{
    /// Asks everything, also about things that are absent or refused.
    pub(super) async fn ask(&self, about: &Value) -> Vec<String> {
        let mut answers = Answers(Vec::new());
        launches(&mut answers, self.ec2).await;
        instances(&mut answers, self.ec2, about).await;
        volumes(&mut answers, self.ec2, about).await;
        commands(&mut answers, self.ssm, about).await;
        objects(&mut answers, self.s3).await;
        bodies(&mut answers, self.s3).await;
        ledger(&mut answers, self.s3).await;
        tokens(&mut answers, self.tokens).await;
        executions(&mut answers, self.executions, about).await;
        answers.0
    }

    /// Asks for each action once, with a valid request.
    pub(super) async fn ask_once(&self, about: &Value) -> Vec<String> {
        let mut answers = Answers(Vec::new());
        let (ready, bare, absent) = (instance(about, "ready"), instance(about, "bare"), unknown());
        let (region, volume) = (region(), VolumeId::new("vol-0123456789abcdef0"));
        let first = CommandId::new(about["first"].as_str().unwrap());
        let token = |index: usize| TaskToken::new(about["tokens"][index].as_str().unwrap());
        let launch = launch("fault", "ami-0aaaaaaaaaaaaaaaa", &json!({}));
        answers.record("launch", self.ec2.launch(&region, &launch).await);
        answers.record("describe", self.ec2.describe(&region, &bare).await);
        answers.record("stop", self.ec2.stop(&region, &absent).await);
        answers.record("terminate", self.ec2.terminate(&region, &absent).await);
        answers.record("volumes", Volumes::find(self.ec2, &region, &tags("ready")).await);
        answers.record("detach", self.ec2.detach(&region, &volume).await);
        answers.record("delete volume", self.ec2.delete(&region, &volume).await);
        answers.record("online", self.ssm.online(&region, &ready).await);
        answers.record("send", self.ssm.send(&region, &command(ready.clone())).await);
        answers.record("find", self.ssm.find(&region, &ready, "mine").await);
        answers.record("invocation", self.ssm.invocation(&region, &ready, &first).await);
        answers.record("bucket", self.s3.bucket_exists(&region, "bucket").await);
        answers.record("key", self.s3.newest(&region, &key("bucket", "one"), Timestamp::MAX).await);
        answers.record("prefix", self.s3.newest(&region, &prefix("bucket", "one"), Timestamp::MAX).await);
        answers.record("write", self.s3.put_line(&region, "bucket", "runs/x", "{}").await);
        answers.record("read", self.s3.read(&region, "bucket", "one", 0..1).await);
        answers.record("put", self.tokens.put(&wake("first")).await);
        answers.record("get", self.tokens.get(&absent).await);
        answers.record("delete", self.tokens.delete(&absent, &TaskToken::new("first")).await);
        answers.record("complete", self.executions.complete(&token(0), &json!({})).await);
        answers.record("fail", self.executions.fail(&token(1), "CommandFailed", "why").await);
        answers
            .record("state", self.executions.state(&ExecutionId::new(about["over"].as_str().unwrap())).await);
        answers.record(
            "last state",
            self.executions.last_state(&ExecutionId::new(about["over"].as_str().unwrap())).await,
        );
        answers.0
    }
}

async fn launches(answers: &mut Answers, ec2: &impl Instances) {
    let spot = json!({ "InstanceMarketOptions": { "MarketType": "spot" } });
    let everything = json!({
        "KeyName": "key",
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "SubnetId": "subnet-0123456789abcdef0",
        "IamInstanceProfile": { "Name": "profile" },
        "TagSpecifications": [{ "ResourceType": "instance", "Tags": [{ "Key": "a", "Value": "b" }] }],
        "BlockDeviceMappings": [
            { "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 9, "VolumeType": "gp3", "DeleteOnTermination": false } },
        ],
        "MetadataOptions": { "HttpTokens": "required" },
        "UserData": "ZWNobyBoaQ==",
        "Monitoring": { "Enabled": true },
    });
    let image = "ami-0aaaaaaaaaaaaaaaa";
    // Both sides use the same token: the second launch is refused unless its request is exactly the same.
    for (question, token, image, options) in [
        ("a launch", "one", image, json!({})),
        ("the same again", "one", image, json!({})),
        ("with other parameters", "one", image, spot.clone()),
        ("with every parameter", "every", image, everything),
        ("on Spot", "spot", image, spot),
        ("of no image", "image", "ami-00000000000000000", json!({})),
        ("of a type that does not exist", "type", image, json!({ "InstanceType": "t9.gigantic" })),
        ("in no subnet", "subnet", image, json!({ "SubnetId": "subnet-1" })),
    ] {
        let launched = ec2.launch(&region(), &launch(token, image, &options)).await;
        let launched = launched.map(in_seconds);
        answers.record(question, launched.map(|instance| (instance.id, instance.tags, instance.launched_at)));
    }
    let spot = launch("spot", image, &json!({ "InstanceMarketOptions": { "MarketType": "spot" } }));
    let spot = ec2.launch(&region(), &spot).await.unwrap().id;
    while ec2.describe(&region(), &spot).await.unwrap().unwrap().state
        != ec2_ops::ports::InstanceState::Running
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    answers.record("a stop of Spot", ec2.stop(&region(), &spot).await);
}

/// EC2's times have whole seconds, and those in process have not.
fn in_seconds(instance: Instance) -> Instance {
    let launched_at = instance.launched_at.and_then(|at| Timestamp::from_second(at.as_second()).ok());
    Instance { launched_at, ..instance }
}

async fn instances(answers: &mut Answers, ec2: &impl Instances, about: &Value) {
    for name in ["ready", "bare", "gone"] {
        let found = ec2.describe(&region(), &instance(about, name)).await;
        answers.record(name, found.map(|found| found.map(in_seconds)));
    }
    answers.record("an unknown instance", ec2.describe(&region(), &unknown()).await);
    answers.record("no instance's id", ec2.describe(&region(), &InstanceId::new("nonsense")).await);
    for name in ["ready", "none"] {
        let found = ec2.find(&region(), &tags(name)).await;
        answers.record("by tag", found.map(|found| found.into_iter().map(in_seconds).collect::<Vec<_>>()));
    }
    let crowd = ec2.find(&region(), &tags("crowd")).await;
    answers.record("several pages", crowd.map(|crowd| crowd.len()));
    for (name, id) in
        [("gone", instance(about, "gone")), ("unknown", unknown()), ("nonsense", InstanceId::new("x"))]
    {
        answers.record(&format!("stop {name}"), ec2.stop(&region(), &id).await);
        answers.record(&format!("terminate {name}"), ec2.terminate(&region(), &id).await);
    }
}

async fn volumes(answers: &mut Answers, ec2: &impl Volumes, about: &Value) {
    let found = ec2.find(&region(), &tags("ready")).await;
    let attached = found.as_ref().unwrap()[0].id.clone();
    answers.record("volumes by tag", found);
    let crowd = ec2.find(&region(), &tags("crowd")).await;
    answers.record("several pages of volumes", crowd.map(|crowd| crowd.len()));
    answers.record("delete while attached", ec2.delete(&region(), &attached).await);
    for id in ["vol-0123456789abcdef0", "nonsense"].map(VolumeId::new) {
        answers.record("detach", ec2.detach(&region(), &id).await);
        answers.record("delete", ec2.delete(&region(), &id).await);
    }
    let gone = about["gone"].as_str().unwrap_or_default();
    answers.record("volumes of a terminated instance", ec2.find(&region(), &tags(gone)).await);
}

async fn commands<M: Agents + Commands>(answers: &mut Answers, ssm: &M, about: &Value) {
    let ready = instance(about, "ready");
    for (name, id) in [("ready", ready.clone()), ("bare", instance(about, "bare")), ("unknown", unknown())] {
        answers.record(&format!("agent of {name}"), ssm.online(&region(), &id).await);
        // SSM's times are fractions with milliseconds, which every reader makes something else of below that.
        let milliseconds = |at: Timestamp| at.round(jiff::Unit::Millisecond).ok();
        let found = ssm.find(&region(), &id, "mine").await;
        let shown = |sent: SentCommand| (sent.id, sent.requested_at.and_then(milliseconds));
        let found = found.map(|sent| sent.into_iter().map(shown).collect::<Vec<_>>());
        answers.record(&format!("find on {name}"), found);
    }
    answers.record("find nothing", ssm.find(&region(), &ready, "none").await);
    // An id of another form is refused by its form alone, which no port in process looks at.
    for id in [instance(about, "bare"), unknown()] {
        answers.record("send", ssm.send(&region(), &command(id)).await);
    }
    answers.record("send to an agent", ssm.send(&region(), &command(ready.clone())).await.map(drop));
    for id in [&about["first"], &about["failed"], &json!("00000000-0000-4000-a000-000000000000")] {
        let id = CommandId::new(id.as_str().unwrap());
        answers.record("invocation", ssm.invocation(&region(), &ready, &id).await);
        answers.record("on another", ssm.invocation(&region(), &unknown(), &id).await);
    }
}

async fn objects(answers: &mut Answers, s3: &impl Objects) {
    for bucket in ["bucket", "absent-bucket"] {
        answers.record(bucket, s3.bucket_exists(&region(), bucket).await);
        for target in [
            key(bucket, "run/out.nc"),
            key(bucket, "absent"),
            prefix(bucket, "run"),
            prefix(bucket, "run/"),
            prefix(bucket, "one"),
            prefix(bucket, "many/1004"),
            prefix(bucket, "absent"),
        ] {
            answers.record(&target.to_string(), s3.newest(&region(), &target, Timestamp::MAX).await);
        }
        // All have the same second, so any of them may be the newest.
        let many = s3.newest(&region(), &prefix(bucket, "many"), Timestamp::MAX).await;
        answers.record("many", many.map(|newest| newest.map(|object| object.last_modified)));
    }
}

async fn bodies(answers: &mut Answers, s3: &(impl FleetResults + KeptOutput)) {
    for key in ["summary.json", "a b+c/\u{e9}%2F..~!'()*"] {
        answers.record("write", s3.write(&region(), "bucket", key, b"0123456789".to_vec()).await);
        for range in [0..1, 3..7, 8..99, 10..99, 99..100] {
            answers.record(key, s3.read(&region(), "bucket", key, range).await);
        }
        for bytes in [1, 10, 99] {
            answers.record(key, s3.end(&region(), "bucket", key, bytes).await);
        }
    }
    answers.record("write nothing", s3.write(&region(), "bucket", "empty", Vec::new()).await);
    for (bucket, key) in [("bucket", "empty"), ("bucket", "absent"), ("absent-bucket", "one")] {
        answers.record(key, s3.read(&region(), bucket, key, 0..1).await);
        answers.record(key, s3.end(&region(), bucket, key, 1).await);
    }
    answers.record("write", s3.write(&region(), "absent-bucket", "one", Vec::new()).await);
}

async fn ledger<O: Objects + Ledger>(answers: &mut Answers, s3: &O) {
    for bucket in ["bucket", "absent-bucket"] {
        for line in ["{}", r#"{"again": true}"#] {
            answers.record(
                "a line",
                s3.put_line(&region(), bucket, "runs/date=2026-01-01/a-1.json", line).await,
            );
        }
        let written = s3.newest(&region(), &prefix(bucket, "runs"), Timestamp::MAX).await;
        answers.record("the lines", written.map(|newest| newest.map(|object| (object.key, object.size))));
    }
}

async fn tokens(answers: &mut Answers, tokens: &impl WakeTokens) {
    let instance = unknown();
    let get = || tokens.get(&instance);
    answers.record("before", get().await);
    answers.record("put", tokens.put(&wake("first")).await);
    answers.record("put again", tokens.put(&wake("first")).await);
    answers.record("put another", tokens.put(&wake("second")).await);
    answers.record("get", get().await);
    answers.record("delete the first", tokens.delete(&instance, &TaskToken::new("first")).await);
    answers.record("still there", get().await);
    for _ in 0..2 {
        answers.record("delete the second", tokens.delete(&instance, &TaskToken::new("second")).await);
        answers.record("after", get().await);
    }
}

async fn executions(answers: &mut Answers, executions: &impl Executions, about: &Value) {
    for name in ["running", "over"] {
        let id = ExecutionId::new(about[name].as_str().unwrap());
        answers.record(name, executions.state(&id).await);
        answers.record("last state", executions.last_state(&id).await);
    }
    for id in ["arn:aws:states:us-east-1:000000000000:execution:scene:absent", "nonsense"] {
        answers.record("state", executions.state(&ExecutionId::new(id)).await);
        answers.record("last state", executions.last_state(&ExecutionId::new(id)).await);
    }
    let token = |index: usize| TaskToken::new(about["tokens"][index].as_str().unwrap());
    for token in [token(0), token(0), TaskToken::new("nonsense")] {
        answers.record("complete", executions.complete(&token, &json!({ "a": 1 })).await);
    }
    let long = "x".repeat(40_000);
    for token in [token(1), token(1), TaskToken::new("nonsense")] {
        answers.record("fail", executions.fail(&token, "CommandFailed", &long).await);
    }
}
