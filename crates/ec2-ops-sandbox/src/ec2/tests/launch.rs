use std::sync::Arc;
use std::time::Duration;

use super::support::*;
use crate::ec2::api::*;
use crate::ec2::{Ec2Config, Images, Shortage};

#[tokio::test(start_paused = true)]
async fn a_repeated_token_finds_the_same_instance_in_its_present_state() {
    let account = Account::new(Ec2Config::default());
    let first = account.ec2.run_instances(REGION, &with_token("t")).unwrap();
    seconds(20).await;
    let again = account.ec2.run_instances(REGION, &with_token("t")).unwrap();
    assert_eq!(again.reservation_id, first.reservation_id);
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(again.instances[0].state.name, InstanceStateName::Running);
    assert_eq!(account.ec2.instances().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_with_other_parameters_is_a_mismatch() {
    let account = Account::new(Ec2Config::default());
    account.launch(&with_token("t"));
    let other = RunInstancesRequest { instance_type: Some("t3.small".to_owned()), ..with_token("t") };
    assert_eq!(code(account.ec2.run_instances(REGION, &other)), "IdempotentParameterMismatch");
    assert_eq!(account.ec2.instances().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_counts_in_its_region_and_zone_only() {
    let account = Account::new(Ec2Config::default());
    let in_zone = |zone: &str| RunInstancesRequest {
        placement: Some(Placement { availability_zone: Some(zone.to_owned()), ..Default::default() }),
        ..with_token("t")
    };
    account.ec2.run_instances("us-east-1", &with_token("t")).unwrap();
    account.ec2.run_instances("us-west-2", &with_token("t")).unwrap();
    account.launch(&in_zone("us-east-1a"));
    account.launch(&in_zone("us-east-1b"));
    account.launch(&in_zone("us-east-1b"));
    assert_eq!(account.ec2.instances().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_spent_once_its_instance_is_terminated_and_free_a_day_later() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&with_token("t"));
    account.terminate(&id).unwrap();
    let present = account.ec2.run_instances(REGION, &with_token("t")).unwrap();
    assert_eq!(present.instances[0].state.name, InstanceStateName::ShuttingDown);
    seconds(40).await;
    for _ in 0..3 {
        let repeated = account.ec2.run_instances(REGION, &with_token("t"));
        assert_eq!(code(repeated), "IdempotentInstanceTerminated");
        seconds(8 * 3600 - 60).await;
    }
    seconds(180).await;
    assert_ne!(account.launch(&with_token("t")), id);
}

#[tokio::test(start_paused = true)]
async fn a_launch_beyond_the_quota_of_vcpus_is_refused_until_others_end() {
    let account = Account::new(Ec2Config { vcpus: Some(4), ..Default::default() });
    let of_type = |name: &str| RunInstancesRequest { instance_type: Some(name.to_owned()), ..plain() };
    let first = account.running(&plain()).await;
    account.launch(&plain());
    let beyond = account.ec2.run_instances(REGION, &with_token("t")).unwrap_err();
    assert_eq!(beyond.code, "VcpuLimitExceeded");
    assert!(beyond.message.contains("current vCPU limit of 4 allows"), "{}", beyond.message);
    // Other regions, markets and groups of families have quotas of their own.
    assert!(account.ec2.run_instances("us-west-2", &plain()).is_ok());
    assert!(account.ec2.run_instances(REGION, &of_type("g5.xlarge")).is_ok());
    account.launch(&spot());
    account.launch(&spot());
    assert_eq!(code(account.ec2.run_instances(REGION, &spot())), "MaxSpotInstanceCountExceeded");
    account.stop(&first).unwrap();
    account.launch(&with_token("t"));
    seconds(40).await;
    assert_eq!(code(account.start(&first)), "VcpuLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn a_failed_launch_does_not_use_its_token_up() {
    let short = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let flag = Arc::clone(&short);
    let account = Account::new(Ec2Config {
        capacity: Some(Arc::new(move |_, _| {
            flag.load(std::sync::atomic::Ordering::SeqCst).then_some(Shortage::InsufficientInstanceCapacity)
        })),
        ..Default::default()
    });
    let error = account.ec2.run_instances(REGION, &with_token("t")).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("InsufficientInstanceCapacity", 500));
    assert!(account.ec2.instances().is_empty() && account.ec2.volumes().is_empty());
    short.store(false, std::sync::atomic::Ordering::SeqCst);
    let id = account.launch(&with_token("t"));
    short.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(account.launch(&with_token("t")), id, "a repetition asks for no capacity");
}

#[tokio::test(start_paused = true)]
async fn a_launch_without_capacity_has_used_its_token() {
    let account = Account::new(Ec2Config {
        capacity: Some(Arc::new(|_, request: &RunInstancesRequest| {
            let small = request.instance_type.as_deref() == Some("t3.small");
            small.then_some(Shortage::InsufficientInstanceCapacity)
        })),
        ..Default::default()
    });
    let small = RunInstancesRequest { instance_type: Some("t3.small".to_owned()), ..with_token("t") };
    assert_eq!(code(account.ec2.run_instances(REGION, &small)), "InsufficientInstanceCapacity");
    assert_eq!(code(account.ec2.run_instances(REGION, &small)), "InsufficientInstanceCapacity");
    assert_eq!(code(account.ec2.run_instances(REGION, &with_token("t"))), "IdempotentParameterMismatch");
    account.launch(&with_token("another"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_launches_nothing() {
    let account = Account::new(Ec2Config::default());
    let request = RunInstancesRequest { dry_run: true, ..with_token("t") };
    let error = account.ec2.run_instances(REGION, &request).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("DryRunOperation", 412));
    assert!(account.ec2.instances().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_fresh_instance_is_hidden_for_a_while_but_not_from_its_token() {
    let account = Account::new(Ec2Config { visible_after: Duration::from_secs(3), ..Default::default() });
    let id = account.launch(&with_token("t"));
    assert_eq!(code(account.describe(&id)), "InvalidInstanceID.NotFound");
    assert_eq!(account.find(&[]).unwrap(), [""; 0]);
    assert_eq!(account.launch(&with_token("t")), id);
    seconds(3).await;
    assert_eq!(account.find(&[]).unwrap(), [id]);
}

#[tokio::test(start_paused = true)]
async fn images_are_told_apart_as_malformed_and_absent() {
    let account = Account::new(Ec2Config {
        images: Images::Any { missing: ["ami-0000000a".to_owned()].into() },
        ..Default::default()
    });
    let launch = |image: &str| {
        let request = RunInstancesRequest { image_id: Some(image.to_owned()), ..plain() };
        account.ec2.run_instances(REGION, &request)
    };
    for malformed in ["foo", "ami-", "ami-xyz", "ami-0123"] {
        assert_eq!(code(launch(malformed)), "InvalidAMIID.Malformed", "{malformed}");
    }
    for absent in ["ami-00000000000000000", "ami-00000000", "ami-0000000a"] {
        let error = launch(absent).unwrap_err();
        assert_eq!(error.code, "InvalidAMIID.NotFound");
        assert_eq!(error.message, format!("The image id '[{absent}]' does not exist"));
    }
    launch("ami-0000000b").unwrap();
}

type Change = fn(&mut RunInstancesRequest);

/// What is wrong with a launch, and the error in full.
const WRONG: &[(&str, Change)] = &[
    ("MissingParameter: The request must contain the parameter ImageId", |r| r.image_id = None),
    ("MissingParameter: The request must contain the parameter MinCount", |r| r.min_count = None),
    ("NotImplemented: the ec2-ops sandbox does not model MaxCount 2, only 1", |r| {
        r.max_count = Some(2);
    }),
    ("InvalidParameterValue: Invalid value 't9.gigantic' for InstanceType.", |r| {
        r.instance_type = Some("t9.gigantic".to_owned());
    }),
    ("InvalidKeyPair.NotFound: The key pair 'lost' does not exist", |r| r.key_name = Some("lost".to_owned())),
    ("InvalidGroupId.Malformed: Invalid id: \"web\" (expecting \"sg-...\")", |r| {
        r.security_group_ids = vec!["web".to_owned()];
    }),
    ("InvalidSubnetID.NotFound: The subnet ID 'subnet-x' does not exist", |r| {
        r.subnet_id = Some("subnet-x".to_owned());
    }),
    (
        "InvalidParameterValue: Value (lost) for parameter iamInstanceProfile.name is invalid. Invalid IAM \
             Instance Profile name",
        |r| {
            r.iam_instance_profile =
                Some(IamInstanceProfileSpecification { arn: None, name: Some("lost".to_owned()) });
        },
    ),
    ("InvalidParameterValue: Invalid availability zone: [eu-west-1a]", |r| {
        r.placement =
            Some(Placement { availability_zone: Some("eu-west-1a".to_owned()), ..Default::default() });
    }),
    ("InvalidParameterValue: Invalid BASE64 encoding of user data.", |r| {
        r.user_data = Some("#!/bin/sh".to_owned());
    }),
    ("InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use", |r| {
        r.tag_specifications = vec![tagged("instance", "aws:x", "y")];
    }),
    (
        "NotImplemented: the ec2-ops sandbox does not model TagSpecifications for 'network-interface', \
             only for instance, volume",
        |r| r.tag_specifications = vec![tagged("network-interface", "a", "b")],
    ),
    (
        "InvalidParameterCombination: Persistent Spot Instance requests require an interruption behavior of stop or hibernate.",
        |r| {
            r.instance_market_options = Some(InstanceMarketOptions {
                market_type: Some("spot".to_owned()),
                spot_options: Some(SpotMarketOptions {
                    spot_instance_type: Some("persistent".to_owned()),
                    ..Default::default()
                }),
            });
        },
    ),
];

#[tokio::test(start_paused = true)]
async fn each_wrong_parameter_is_refused_in_ec2s_words() {
    let lost = || ["lost".to_owned()].into();
    let account = Account::new(Ec2Config {
        missing: crate::ec2::Missing { key_names: lost(), instance_profiles: lost(), ..Default::default() },
        ..Default::default()
    });
    for (expected, change) in WRONG {
        let mut request = plain();
        change(&mut request);
        let error = account.ec2.run_instances(REGION, &request).unwrap_err();
        assert_eq!(error.to_string(), *expected);
    }
    assert!(account.ec2.instances().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_json_names_and_the_model_lacks_is_refused_by_name() {
    let document = serde_json::json!({ "ImageId": "ami-01234567", "EnclaveOptions": { "Enabled": true } });
    let error = serde_json::from_value::<RunInstancesRequest>(document).unwrap_err();
    assert!(error.to_string().contains("EnclaveOptions"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_image_may_be_named_by_a_parameter_and_the_instance_has_its_id() {
    let account = Account::new(Ec2Config::default());
    let launch = |image: &str| {
        let request = RunInstancesRequest { image_id: Some(image.to_owned()), ..plain() };
        account.ec2.run_instances(REGION, &request)
    };
    let public = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
    assert_eq!(launch(public).unwrap().instances[0].image_id, "ami-0abcdef1234567890");
    assert_eq!(code(launch("resolve:ssm:/my/image")), "InvalidParameterValue");
    assert_eq!(code(launch("resolve:ssm:")), "InvalidAMIID.Malformed");
}
