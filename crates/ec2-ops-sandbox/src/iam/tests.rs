//! The deployed policies refuse every call on what does not belong to the deployment.

use std::sync::Arc;

use ec2_ops::tags::{self, OnEnd, Tags};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::policy::Request;
use super::{On, Role};
use crate::ec2::api::{IamInstanceProfileSpecification, RunInstancesRequest, Tag, TagSpecification};
use crate::ec2::{Ec2, Ec2Config, NoHypervisor};
use crate::ssm::api::SendCommandRequest;
use crate::{AwsError, Clock, Platform};

const REGION: &str = "us-east-1";

struct Bench {
    platform: Arc<Platform>,
    ec2: Ec2,
}

impl Bench {
    fn new() -> Self {
        let platform = Arc::new(Platform::new(Clock::starting_at(Timestamp::UNIX_EPOCH), 7));
        let ec2 = Ec2::new(Arc::clone(&platform), Arc::new(NoHypervisor), Ec2Config::default());
        Self { platform, ec2 }
    }

    fn permit(&self, role: &str, action: &str, on: On<'_>) -> Result<(), AwsError> {
        self.permit_in(REGION, role, action, on)
    }

    fn permit_in(&self, region: &str, role: &str, action: &str, on: On<'_>) -> Result<(), AwsError> {
        let roles = Role::all().unwrap();
        roles[role].permit(region, action, on, &self.platform, &self.ec2)
    }

    /// An instance and its volume, launched by a caller with every right.
    fn launched(&self, tags: &Tags) -> (String, String) {
        let launched = self.ec2.run_instances(REGION, &launch(tags)).unwrap();
        let id = launched.instances[0].instance_id.clone();
        let record = self.ec2.instance(&id).unwrap();
        (id, record.instance.block_device_mappings[0].ebs.volume_id.clone())
    }
}

fn ours() -> Tags {
    let attempt =
        ec2_ops::ids::AttemptId { execution: ec2_ops::ids::ExecutionId::new("arn:x:run-7"), attempt: 1 };
    tags::of_attempt(&attempt, "ec2-ops", OnEnd { terminate: true, delete_volumes: true })
}

fn of_another_deployment() -> Tags {
    let mut tags = ours();
    tags.insert(tags::DEPLOYMENT.to_owned(), "ec2-ops-2".to_owned());
    tags
}

fn launch(tags: &Tags) -> RunInstancesRequest {
    let tags: Vec<_> = tags.iter().map(|(key, value)| Tag::new(key, value)).collect();
    let specification = |kind: &str| TagSpecification { resource_type: kind.to_owned(), tags: tags.clone() };
    let specifications =
        if tags.is_empty() { Vec::new() } else { ["instance", "volume"].map(specification).into() };
    RunInstancesRequest {
        image_id: Some("ami-0123456789abcdef0".to_owned()),
        instance_type: Some("t4g.nano".to_owned()),
        tag_specifications: specifications,
        ..RunInstancesRequest::default()
    }
}

fn profile(name: &str) -> IamInstanceProfileSpecification {
    IamInstanceProfileSpecification { arn: None, name: Some(name.to_owned()) }
}

fn command(instance: &str, document: &str) -> SendCommandRequest {
    SendCommandRequest {
        document_name: document.to_owned(),
        instance_ids: vec![instance.to_owned()],
        output_s3_bucket_name: Some("ec2-ops-logs".to_owned()),
        ..SendCommandRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn only_instances_and_volumes_of_this_deployment_are_ended() {
    let bench = Bench::new();
    for (tags, allowed) in [(ours(), true), (of_another_deployment(), false), (Tags::new(), false)] {
        let (instance, volume) = bench.launched(&tags);
        for action in ["StopInstances", "TerminateInstances"] {
            let on = On::Instance(&instance);
            assert_eq!(bench.permit("EC2Stopper", action, on).is_ok(), allowed, "{action} {tags:?}");
        }
        for (action, on) in [("DetachVolume", On::Attachment(&volume)), ("DeleteVolume", On::Volume(&volume))]
        {
            assert_eq!(bench.permit("EC2Stopper", action, on).is_ok(), allowed, "{action} {tags:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_ledger_is_written() {
    let bench = Bench::new();
    for (key, allowed) in [("runs/date=2026-03-01/run-7-1.json", true), ("commands/run-7/attempt-1/x", false)]
    {
        let line = |bucket| On::NewObject { bucket, key };
        assert_eq!(bench.permit("EC2Stopper", "PutObject", line("ec2-ops-logs")).is_ok(), allowed, "{key}");
        assert_eq!(bench.permit("Instance", "PutObject", line("ec2-ops-logs")).is_ok(), !allowed, "{key}");
        assert!(bench.permit("EC2Stopper", "PutObject", line("output")).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_carries_no_tag_of_ours() {
    let gone = On::Instance("i-0123456789abcdef0");
    let refusal = Bench::new().permit("EC2Stopper", "TerminateInstances", gone).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.status), ("UnauthorizedOperation", 403));
}

#[tokio::test(start_paused = true)]
async fn only_shell_scripts_are_sent_and_only_to_instances_of_this_deployment() {
    let bench = Bench::new();
    let send = |tags: &Tags, document: &str| {
        let request = command(&bench.launched(tags).0, document);
        bench.permit("Commander", "SendCommand", On::Command(&request)).is_ok()
    };
    assert!(send(&ours(), "AWS-RunShellScript"));
    assert!(!send(&ours(), "AWS-RunPowerShellScript"));
    assert!(!send(&Tags::new(), "AWS-RunShellScript"));
    assert!(!send(&of_another_deployment(), "AWS-RunShellScript"));
}

/// Each is a resource of its own. The launch fails if the policy forgets one.
#[tokio::test(start_paused = true)]
async fn a_launch_may_use_whatever_a_document_can_name() {
    let request: RunInstancesRequest = serde_json::from_value(json!({
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t4g.nano",
        "KeyName": "mine",
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1", "Groups": ["sg-1", "sg-2"]}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-1"}}],
        "Placement": {"GroupName": "close-together"},
        "InstanceMarketOptions": {"MarketType": "spot"},
    }))
    .unwrap();
    let request = RunInstancesRequest { tag_specifications: launch(&ours()).tag_specifications, ..request };
    let on = On::Launch(&request);
    assert_eq!(Bench::new().permit("EC2StarterFromAMI", "RunInstances", on), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_launched_without_our_tag_nor_elsewhere_nor_with_a_role_of_others() {
    let bench = Bench::new();
    let run = |region: &str, request: RunInstancesRequest| {
        bench.permit_in(region, "EC2StarterFromAMI", "RunInstances", On::Launch(&request)).is_ok()
    };
    assert!(run(REGION, launch(&ours())));
    assert!(!run(REGION, launch(&Tags::new())));
    assert!(!run(REGION, launch(&of_another_deployment())));
    assert!(!run("ap-south-1", launch(&ours())));
    let mut untagged_volume = launch(&ours());
    untagged_volume.tag_specifications.retain(|specification| specification.resource_type == "instance");
    assert!(!run(REGION, untagged_volume));
    for (name, allowed) in
        [("ec2-ops-Instance", true), ("document-1-instances", true), ("administrator", false)]
    {
        let request = RunInstancesRequest { iam_instance_profile: Some(profile(name)), ..launch(&ours()) };
        assert_eq!(run(REGION, request), allowed, "{name}");
    }
}

/// The role of a deployment that allows documents only some things, as `docs/policies.md` shows it.
#[tokio::test(start_paused = true)]
async fn only_what_the_deployment_allows_is_launched() {
    let bench = Bench::new();
    let placed =
        json!({ "SubnetId": "subnet-0123456789abcdef0", "SecurityGroupIds": ["sg-0aaaaaaaaaaaaaaaa"] });
    let run = |changes: Value| {
        let mut request = serde_json::to_value(launch(&ours())).unwrap();
        for fields in [placed.clone(), changes] {
            request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        let request: RunInstancesRequest = serde_json::from_value(request).unwrap();
        bench.permit("EC2StarterFromAMI with `allowed`", "RunInstances", On::Launch(&request)).is_ok()
    };
    assert!(run(json!({})));
    assert!(run(json!({ "InstanceType": "m8g.large", "SubnetId": "subnet-0aaaaaaaaaaaaaaaa" })));
    for changes in [
        json!({ "InstanceType": "t4g.small" }),
        json!({ "SubnetId": "subnet-0bbbbbbbbbbbbbbbb" }),
        json!({ "SubnetId": null }),
        json!({ "SecurityGroupIds": ["sg-0aaaaaaaaaaaaaaaa", "sg-0bbbbbbbbbbbbbbbb"] }),
        json!({ "SecurityGroupIds": [] }),
        json!({ "BlockDeviceMappings": [{ "DeviceName": "/dev/sdf", "Ebs": { "SnapshotId": "snap-0123456789abcdef0" } }] }),
    ] {
        assert!(!run(changes.clone()), "{changes}");
    }
}

/// Otherwise a role that can tag could end instances of others.
#[test]
fn nothing_becomes_ours_after_its_launch() {
    let role = &Role::all().unwrap()["EC2StarterFromAMI"];
    let tag = |context: &[(&str, &str)]| {
        let context = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        role.policy.allows(&Request {
            action: "ec2:CreateTags".to_owned(),
            resource: "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789abcdef0".to_owned(),
            context: context.collect(),
        })
    };
    let region = ("aws:RequestedRegion", REGION);
    let ours = ("aws:RequestTag/ec2-ops:deployment", "ec2-ops");
    let launching = ("ec2:CreateAction", "RunInstances");
    assert!(tag(&[region, ours, launching]));
    assert!(!tag(&[region, ours]));
    assert!(!tag(&[region, ours, ("ec2:CreateAction", "CreateVolume")]));
    assert!(!tag(&[region, launching]));
}

#[tokio::test(start_paused = true)]
async fn no_function_does_the_work_of_another() {
    let bench = Bench::new();
    let instance = bench.launched(&ours()).0;
    for role in ["EC2StarterFromAMI", "Commander", "EC2Poller", "RunChecker"] {
        let on = On::Instance(&instance);
        assert!(bench.permit(role, "TerminateInstances", on).is_err(), "{role}");
    }
    for role in ["Commander", "EC2Poller", "RunChecker", "EC2Stopper"] {
        let on = On::Launch(&launch(&ours()));
        assert!(bench.permit(role, "RunInstances", on).is_err(), "{role}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_buckets_of_the_deployment_are_read() {
    let bench = Bench::new();
    for (bucket, allowed) in [("output", true), ("output-of-others", false)] {
        let on = On::Object { bucket, key: "a/b" };
        assert_eq!(bench.permit("RunChecker", "HeadObject", on).is_ok(), allowed, "{bucket}");
        assert_eq!(
            bench.permit("RunChecker", "ListObjectsV2", On::Bucket(bucket)).is_ok(),
            allowed,
            "{bucket}"
        );
    }
    assert_eq!(
        bench.permit("RunChecker", "HeadBucket", On::Bucket("others")).unwrap_err().code,
        "AccessDenied"
    );
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_taken_away_is_missed() {
    let bench = Bench::new();
    let instance = bench.launched(&ours()).0;
    let on = On::Instance(&instance);
    let role = Role::all().unwrap()["EC2Stopper"].without("ec2:TerminateInstances");
    assert!(role.permit(REGION, "StopInstances", on, &bench.platform, &bench.ec2).is_ok());
    assert!(role.permit(REGION, "TerminateInstances", on, &bench.platform, &bench.ec2).is_err());
    assert_eq!(role.asked().refused.len(), 1);
    assert_eq!(role.asked().actions.len(), 2);
    // A call on an instance that no longer exists is refused, too, and is no gap in the role.
    let gone = On::Instance("i-0fedcba9876543210");
    assert!(role.permit(REGION, "TerminateInstances", gone, &bench.platform, &bench.ec2).is_err());
    assert_eq!(role.asked().refused.len(), 1);
}
