use ec2_ops::AwsErrorKind;
use ec2_ops::document::InstanceParameters;
use ec2_ops::ports::ShutdownBehavior;
use serde_json::json;

use super::*;
use crate::replay::{Answer, Replay, http};

fn region() -> Region {
    Region::new("us-west-2")
}

fn tagged() -> Tags {
    Tags::from([("ec2-ops:execution".to_owned(), "arn".to_owned())])
}

/// Every field that a document may have, each with a different value.
fn everything() -> InstanceParameters {
    serde_json::from_value(json!({
        "ImageId": "ami-1", "InstanceType": "z99.mega", "KeyName": "key", "SecurityGroupIds": ["sg-1", "sg-2"],
        "SecurityGroups": ["default"], "SubnetId": "subnet-1",
        "IamInstanceProfile": {"Name": "profile", "Arn": "profile-arn"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Project", "Value": "run"}]},
                              {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "disk"}]}],
        "BlockDeviceMappings": [
            {"DeviceName": "xvda", "Ebs": {"VolumeSize": 64, "VolumeType": "gp3", "Iops": 3001, "Throughput": 126,
             "Encrypted": true, "KmsKeyId": "kms", "SnapshotId": "snap-1", "DeleteOnTermination": false}},
            {"DeviceName": "xvdb", "NoDevice": ""}, {"DeviceName": "xvdc", "VirtualName": "ephemeral0"}],
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2,
                            "InstanceMetadataTags": "disabled"},
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.5",
            "SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}},
        "UserData": "aGVsbG8",
        "Placement": {"AvailabilityZone": "us-west-2a", "GroupName": "group", "Tenancy": "dedicated"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-2", "Groups": ["sg-3"],
                               "AssociatePublicIpAddress": true}],
        "EbsOptimized": true, "Monitoring": {"Enabled": true},
        "CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 1}, "CreditSpecification": {"CpuCredits": "unlimited"},
    }))
    .unwrap()
}

fn launch() -> Launch {
    Launch {
        client_token: "token".to_owned(),
        parameters: everything(),
        shutdown_behavior: ShutdownBehavior::Terminate,
    }
}

fn described(list: &str, next: &str, instances: &[(&str, &str)]) -> Answer {
    let item = |(id, state): &(&str, &str)| {
        format!(
            "<item><instanceId>{id}</instanceId><instanceState><name>{state}</name></instanceState>\
             <launchTime>2026-01-01T00:00:01.000Z</launchTime><platform>windows</platform>\
             <reason>User initiated (2026-01-01 00:07:00 GMT)</reason><architecture>arm64</architecture>\
             <instanceType>t4g.nano</instanceType><imageId>ami-1</imageId>\
             <placement><availabilityZone>us-west-2b</availabilityZone></placement>\
             <stateReason><code>Server.SpotInstanceTermination</code></stateReason>\
             <tagSet><item><key>Name</key><value>n</value></item></tagSet></item>"
        )
    };
    let items: String = instances.iter().map(item).collect();
    let set = format!("<instancesSet>{items}</instancesSet>");
    let body = match list {
        "RunInstancesResponse" => set,
        _ => format!("<reservationSet><item>{set}</item></reservationSet><nextToken>{next}</nextToken>"),
    };
    http(200, format!("<{list}>{body}</{list}>"))
}

fn refusal(status: u16, code: &str) -> Answer {
    let error = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    http(status, format!("<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"))
}

fn ec2(answers: impl IntoIterator<Item = Answer>) -> (Replay, Ec2) {
    let replay = Replay::new(answers);
    let ec2 = Ec2::new(&replay.config());
    (replay, ec2)
}

#[tokio::test]
async fn every_field_of_a_launch_arrives() {
    let (replay, ec2) = ec2([described("RunInstancesResponse", "", &[("i-1", "pending")])]);
    let launched = ec2.launch(&region(), &launch()).await.unwrap();
    assert_eq!((launched.id.as_str(), launched.state), ("i-1", InstanceState::Pending));

    let asked = replay.asked();
    assert!(asked[0].uri.starts_with("https://ec2.us-west-2.amazonaws.com"), "{asked:?}");
    let mut sent: Vec<_> = asked[0].body.split('&').collect();
    sent.sort_unstable();
    let mut expected: Vec<_> = include_str!("every_field.txt").lines().collect();
    expected.sort_unstable();
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_launch_that_fails_is_not_retried() {
    for (answer, kind) in [
        (Answer::Lost, AwsErrorKind::Unavailable),
        (refusal(500, "InternalError"), AwsErrorKind::Unavailable),
        (refusal(503, "RequestLimitExceeded"), AwsErrorKind::Throttled),
        (refusal(500, "InsufficientInstanceCapacity"), AwsErrorKind::Capacity),
        (refusal(400, "InvalidAMIID.NotFound"), AwsErrorKind::NotFound),
        (refusal(400, "IdempotentParameterMismatch"), AwsErrorKind::Refused),
    ] {
        let (replay, ec2) = ec2([answer]);
        assert_eq!(ec2.launch(&region(), &launch()).await.unwrap_err().kind, kind);
        assert_eq!(replay.asked().len(), 1);
    }
}

#[tokio::test]
async fn every_field_of_an_instance_is_read() {
    let (_, ec2) = ec2([described("DescribeInstancesResponse", "", &[("i-1", "shutting-down")])]);
    let instance = Instance {
        id: InstanceId::new("i-1"),
        state: InstanceState::ShuttingDown,
        state_reason: Some("Server.SpotInstanceTermination".to_owned()),
        spot: false,
        windows: true,
        launched_at: Some("2026-01-01T00:00:01Z".parse().unwrap()),
        kind: Kind {
            instance_type: Some("t4g.nano".to_owned()),
            zone: Some("us-west-2b".to_owned()),
            image: Some("ami-1".to_owned()),
            architecture: Some("arm64".to_owned()),
        },
        told_to_end_at: Some("2026-01-01T00:07:00Z".parse().unwrap()),
        tags: Tags::from([("Name".to_owned(), "n".to_owned())]),
    };
    assert_eq!(ec2.describe(&region(), &InstanceId::new("i-1")).await, Ok(Some(instance)));
}

#[tokio::test]
async fn only_ec2s_own_not_found_makes_an_instance_absent() {
    let id = InstanceId::new("i-1");
    let (_, unknown) = ec2([refusal(400, "InvalidInstanceID.NotFound")]);
    assert_eq!(unknown.describe(&region(), &id).await, Ok(None));
    let (_, throttled) = ec2([refusal(503, "RequestLimitExceeded")]);
    assert_eq!(throttled.describe(&region(), &id).await.unwrap_err().kind, AwsErrorKind::Throttled);
}

#[tokio::test]
async fn instances_are_found_by_tag_on_every_page() {
    let first = described("DescribeInstancesResponse", "more", &[("i-1", "running"), ("i-2", "terminated")]);
    let second = described("DescribeInstancesResponse", "", &[("i-3", "stopped")]);
    let (replay, ec2) = ec2([first, second]);
    let found = Instances::find(&ec2, &region(), &tagged()).await.unwrap();
    let ids: Vec<_> = found.iter().map(|instance| instance.id.as_str()).collect();
    assert_eq!(ids, ["i-1", "i-2", "i-3"]);
    let asked = replay.asked();
    assert!(
        asked[0].body.contains("Filter.1.Name=tag%3Aec2-ops%3Aexecution&Filter.1.Value.1=arn"),
        "{asked:?}"
    );
    assert!(asked[1].body.contains("NextToken=more"), "{asked:?}");
}

#[tokio::test]
async fn a_failed_page_is_not_read_as_the_end_of_the_list() {
    let first = described("DescribeInstancesResponse", "more", &[("i-1", "running")]);
    let (_, ec2) = ec2([first, refusal(503, "RequestLimitExceeded")]);
    let error = Instances::find(&ec2, &region(), &tagged()).await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Throttled);
}

#[tokio::test]
async fn ending_an_instance_returns_its_state_now() {
    let id = InstanceId::new("i-1");
    let change = |state: &str| {
        format!(
            "<Response><instancesSet><item><instanceId>i-1</instanceId>\
             <currentState><name>{state}</name></currentState>\
             <previousState><name>running</name></previousState></item></instancesSet></Response>"
        )
    };
    let (_, stopped) = ec2([http(200, change("stopping").replace("Response", "StopInstancesResponse"))]);
    assert_eq!(stopped.stop(&region(), &id).await, Ok(InstanceState::Stopping));
    let body = change("terminated").replace("Response", "TerminateInstancesResponse");
    let (_, terminated) = ec2([http(200, body)]);
    assert_eq!(terminated.terminate(&region(), &id).await, Ok(InstanceState::Terminated));
    let body = change("hovering").replace("Response", "StopInstancesResponse");
    let (_, odd) = ec2([http(200, body)]);
    assert!(odd.stop(&region(), &id).await.unwrap_err().message.contains("hovering"));
}

#[tokio::test]
async fn a_volume_has_its_attachment_and_whether_it_is_being_deleted() {
    let body = "<DescribeVolumesResponse><volumeSet>\
                <item><volumeId>vol-1</volumeId><status>in-use</status><attachmentSet><item>\
                <instanceId>i-1</instanceId><status>attached</status></item></attachmentSet></item>\
                <item><volumeId>vol-2</volumeId><status>deleting</status></item>\
                </volumeSet></DescribeVolumesResponse>";
    let (_, ec2) = ec2([http(200, body)]);
    let found = Volumes::find(&ec2, &region(), &tagged()).await.unwrap();
    let read: Vec<_> = found
        .iter()
        .map(|volume| (volume.id.as_str(), volume.attached_to.is_some(), volume.deleting))
        .collect();
    assert_eq!(read, [("vol-1", true, false), ("vol-2", false, true)]);
}
