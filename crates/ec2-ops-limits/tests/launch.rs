//! Each rule, broken on purpose; and launches that break none.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::collections::BTreeSet;

use ec2_ops_limits::launch::{refusals, rules};
use serde_json::{Value, json};

/// A launch that EC2 would accept, with something in every part that a rule is about.
fn valid() -> Value {
    json!({
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t4g.nano",
        "KeyName": "key",
        "ClientToken": "token",
        "IamInstanceProfile": { "Name": "profile" },
        "SubnetId": "subnet-0123456789abcdef0",
        "SecurityGroupIds": ["sg-01234567", "sg-0123456789abcdef0"],
        "TagSpecifications": [
            { "ResourceType": "instance", "Tags": [{ "Key": "a", "Value": "" }, { "Key": "b", "Value": "x" }] },
            { "ResourceType": "volume", "Tags": [{ "Key": "a /b", "Value": "y" }] },
        ],
        "MetadataOptions": {
            "HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled",
        },
        "InstanceMarketOptions": {
            "MarketType": "spot",
            "SpotOptions": {
                "MaxPrice": "0.05", "SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate",
            },
        },
        "InstanceInitiatedShutdownBehavior": "terminate",
        "Placement": { "Tenancy": "default" },
        "CpuOptions": { "CoreCount": 1, "ThreadsPerCore": 1 },
        "CreditSpecification": { "CpuCredits": "standard" },
        "UserData": "IyEvYmluL3NoCg==",
        "BlockDeviceMappings": [
            { "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 8 } },
            { "DeviceName": "/dev/sdf", "Ebs": {
                "VolumeType": "gp3", "VolumeSize": 100, "Iops": 4_000, "Throughput": 1_000, "Encrypted": true, "KmsKeyId": "k",
            } },
            { "DeviceName": "/dev/sdg", "Ebs": { "VolumeType": "io2", "Iops": 100, "SnapshotId": "snap-01234567" } },
            { "DeviceName": "/dev/sdh", "NoDevice": "" },
        ],
    })
}

fn interfaces(more: &Value) -> Value {
    let mut launch = valid();
    for name in ["SubnetId", "SecurityGroupIds"] {
        launch.as_object_mut().unwrap().shift_remove(name);
    }
    launch["NetworkInterfaces"] = json!([{
        "DeviceIndex": 0, "SubnetId": "subnet-01234567", "Groups": ["sg-01234567"], "AssociatePublicIpAddress": true,
    }]);
    launch["NetworkInterfaces"].as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
    launch
}

fn paths(launch: &Value) -> Vec<String> {
    refusals(launch).into_iter().map(|refusal| refusal.path).collect()
}

#[test]
fn a_launch_that_ec2_accepts_breaks_no_rule() {
    for launch in [
        valid(),
        interfaces(&json!([])),
        json!({ "ImageId": "resolve:ssm:/my/image", "NetworkInterfaces": [] }),
    ] {
        assert_eq!(paths(&launch), Vec::<String>::new(), "{launch}");
    }
}

/// A JSON pointer into the valid launch, the value put there, and the path that is refused.
fn broken() -> Vec<(&'static str, Value, &'static str)> {
    let tags: Vec<_> = (0..51).map(|i| json!({ "Key": format!("k{i}"), "Value": "v" })).collect();
    let text = |length: usize| json!("x".repeat(length));
    let user_data = json!("A".repeat(16_385_usize.div_ceil(3) * 4));
    let (volume, first_tag) = ("/BlockDeviceMappings/1/Ebs", "/TagSpecifications/0/Tags/0");
    let at_volume = |field: &str| -> &'static str { format!("{volume}/{field}").leak() };
    let spot = |field: &str| -> &'static str { format!("/InstanceMarketOptions/SpotOptions/{field}").leak() };
    let of = |fields: Value| json!({ "DeviceName": "/dev/sdf", "Ebs": fields });
    vec![
        ("/ImageId", json!("ami-1"), "ImageId"),
        ("/ImageId", json!("resolve:ssm:"), "ImageId"),
        ("/InstanceType", json!("large"), "InstanceType"),
        ("/KeyName", text(256), "KeyName"),
        ("/ClientToken", text(65), "ClientToken"),
        ("/IamInstanceProfile/Arn", json!("arn:aws:iam::1:instance-profile/x"), "IamInstanceProfile"),
        ("/NetworkInterfaces", json!([{ "DeviceIndex": 0 }]), "SubnetId"),
        ("/NetworkInterfaces", json!([{ "DeviceIndex": 0 }]), "SecurityGroupIds"),
        ("/SecurityGroups", json!(["web"]), "SecurityGroups"),
        ("/SubnetId", json!("subnet-1"), "SubnetId"),
        ("/SecurityGroupIds/1", json!("web"), "SecurityGroupIds[1]"),
        ("/TagSpecifications/1/ResourceType", json!("instance"), "TagSpecifications[1].ResourceType"),
        ("/TagSpecifications/0/Tags", json!(tags), "TagSpecifications[0].Tags"),
        (first_tag, json!({ "Key": "x".repeat(129), "Value": "" }), "TagSpecifications[0].Tags[0].Key"),
        (first_tag, json!({ "Key": "AWS:x", "Value": "" }), "TagSpecifications[0].Tags[0].Key"),
        (first_tag, json!({ "Key": "my key", "Value": "" }), "TagSpecifications[0].Tags[0].Key"),
        (first_tag, json!({ "Key": "_index", "Value": "" }), "TagSpecifications[0].Tags[0].Key"),
        (first_tag, json!({ "Key": "b", "Value": "" }), "TagSpecifications[0].Tags[1].Key"),
        (first_tag, json!({ "Key": "c", "Value": "é".repeat(257) }), "TagSpecifications[0].Tags[0].Value"),
        ("/MetadataOptions/HttpTokens", json!("yes"), "MetadataOptions.HttpTokens"),
        ("/MetadataOptions/HttpEndpoint", json!("on"), "MetadataOptions.HttpEndpoint"),
        ("/MetadataOptions/HttpEndpoint", json!("disabled"), "MetadataOptions.HttpEndpoint"),
        ("/MetadataOptions/InstanceMetadataTags", json!("on"), "MetadataOptions.InstanceMetadataTags"),
        ("/MetadataOptions/HttpPutResponseHopLimit", json!(65), "MetadataOptions.HttpPutResponseHopLimit"),
        ("/InstanceMarketOptions/MarketType", json!(null), "InstanceMarketOptions.MarketType"),
        (spot("MaxPrice"), json!("cheap"), "InstanceMarketOptions.SpotOptions.MaxPrice"),
        (spot("MaxPrice"), json!("-1"), "InstanceMarketOptions.SpotOptions.MaxPrice"),
        (spot("MaxPrice"), json!("0.001"), "InstanceMarketOptions.SpotOptions.MaxPrice"),
        (spot("MaxPrice"), json!("inf"), "InstanceMarketOptions.SpotOptions.MaxPrice"),
        (
            spot("InstanceInterruptionBehavior"),
            json!("stop"),
            "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior",
        ),
        (spot("SpotInstanceType"), json!("persistent"), "InstanceMarketOptions.SpotOptions.SpotInstanceType"),
        ("/InstanceInitiatedShutdownBehavior", json!("hibernate"), "InstanceInitiatedShutdownBehavior"),
        ("/Placement/Tenancy", json!("shared"), "Placement.Tenancy"),
        ("/Placement/Tenancy", json!("host"), "Placement.Tenancy"),
        ("/CpuOptions", json!({ "CoreCount": 1 }), "CpuOptions"),
        ("/CpuOptions/ThreadsPerCore", json!(3), "CpuOptions.ThreadsPerCore"),
        ("/CreditSpecification/CpuCredits", json!("all"), "CreditSpecification.CpuCredits"),
        ("/InstanceType", json!("m8g.large"), "CreditSpecification"),
        ("/UserData", json!("#!/bin/sh"), "UserData"),
        ("/UserData", user_data, "UserData"),
        ("/BlockDeviceMappings/1/DeviceName", json!(null), "BlockDeviceMappings[1].DeviceName"),
        ("/BlockDeviceMappings/1/DeviceName", json!("/dev/xvda"), "BlockDeviceMappings[1].DeviceName"),
        ("/BlockDeviceMappings/1/NoDevice", json!(""), "BlockDeviceMappings[1]"),
        (at_volume("VolumeType"), json!("gp4"), "BlockDeviceMappings[1].Ebs.VolumeType"),
        (at_volume("VolumeSize"), json!(65_537), "BlockDeviceMappings[1].Ebs.VolumeSize"),
        ("/BlockDeviceMappings/1", of(json!({ "VolumeType": "io1" })), "BlockDeviceMappings[1].Ebs.Iops"),
        (
            "/BlockDeviceMappings/1",
            of(json!({ "VolumeType": "gp2", "Iops": 100 })),
            "BlockDeviceMappings[1].Ebs.Iops",
        ),
        (at_volume("Iops"), json!(2_999), "BlockDeviceMappings[1].Ebs.Iops"),
        (at_volume("Iops"), json!(50_001), "BlockDeviceMappings[1].Ebs.Iops"),
        (
            "/BlockDeviceMappings/1",
            of(json!({ "VolumeType": "io2", "Iops": 100, "Throughput": 125 })),
            "BlockDeviceMappings[1].Ebs.Throughput",
        ),
        (at_volume("Throughput"), json!(100), "BlockDeviceMappings[1].Ebs.Throughput"),
        (at_volume("Throughput"), json!(1_001), "BlockDeviceMappings[1].Ebs.Throughput"),
        (at_volume("Encrypted"), json!(false), "BlockDeviceMappings[1].Ebs.KmsKeyId"),
        (at_volume("SnapshotId"), json!("snap-1"), "BlockDeviceMappings[1].Ebs.SnapshotId"),
    ]
}

/// The same for a launch with network interfaces: what stands after the first one.
fn broken_interfaces() -> Vec<(Value, &'static str)> {
    vec![
        (json!([{ "SubnetId": "subnet-01234567" }]), "NetworkInterfaces[1].DeviceIndex"),
        (json!([{ "DeviceIndex": 0 }]), "NetworkInterfaces[1].DeviceIndex"),
        (json!([{ "DeviceIndex": 1 }]), "NetworkInterfaces[0].AssociatePublicIpAddress"),
        (json!([{ "DeviceIndex": 1, "SubnetId": "subnet-1" }]), "NetworkInterfaces[1].SubnetId"),
        (json!([{ "DeviceIndex": 1, "Groups": ["web"] }]), "NetworkInterfaces[1].Groups[0]"),
    ]
}

#[test]
fn each_rule_is_broken_by_something_and_says_where() {
    let mut launches = Vec::new();
    for (pointer, value, path) in broken() {
        let mut launch = valid();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match launch.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            fields => fields[name] = value,
        }
        launches.push((launch, path));
    }
    launches.extend(broken_interfaces().into_iter().map(|(more, path)| (interfaces(&more), path)));
    let mut with_groups = interfaces(&json!([]));
    with_groups["SecurityGroups"] = json!(["web"]);
    launches.push((with_groups, "SecurityGroups"));

    let mut seen = BTreeSet::new();
    for (launch, path) in launches {
        let refused = refusals(&launch);
        assert!(refused.iter().any(|refusal| refusal.path == path), "{path} in {launch}");
        for refusal in refused {
            assert!(!refusal.message().contains("{}"), "{}", refusal.message());
            seen.insert((refusal.rule.at, refusal.rule.expected));
        }
    }
    let all: BTreeSet<_> = rules().map(|rule| (rule.at, rule.expected)).collect();
    assert_eq!(seen, all);
}

#[test]
fn each_rule_names_its_page() {
    for rule in rules() {
        assert!(rule.page.starts_with("https://docs.aws.amazon.com/"), "{rule:?}");
    }
}
