use super::support::*;
use crate::ec2::Ec2Config;
use crate::ec2::api::*;

fn mapping(device: &str, ebs: EbsBlockDevice) -> BlockDeviceMapping {
    BlockDeviceMapping { device_name: Some(device.to_owned()), ebs: Some(ebs), no_device: None }
}

/// A root of 50 GiB that ends with the instance, and a second device that stays.
fn two_devices() -> RunInstancesRequest {
    let root = EbsBlockDevice { volume_size: Some(50), ..Default::default() };
    let data = EbsBlockDevice {
        volume_size: Some(100),
        volume_type: Some("gp2".to_owned()),
        delete_on_termination: Some(false),
        ..Default::default()
    };
    RunInstancesRequest {
        block_device_mappings: vec![mapping("/dev/sdb", data), mapping("/dev/xvda", root)],
        tag_specifications: vec![tagged("volume", "owner", "me")],
        ..plain()
    }
}

fn attached_to(id: &str) -> Filter {
    Filter::new("attachment.instance-id", [id])
}

#[tokio::test(start_paused = true)]
async fn a_plain_launch_has_one_root_volume_of_eight_gibibytes() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    let volumes = account.find_volumes(&[attached_to(&id)]);
    let [root] = volumes.as_slice() else { panic!("{volumes:?}") };
    assert_eq!((root.size, root.volume_type.as_str(), root.iops), (8, "gp3", Some(3000)));
    assert_eq!(root.state, VolumeState::InUse);
    assert!(root.attachments[0].delete_on_termination);
    assert_eq!(root.attachments[0].device, "/dev/xvda");
}

#[tokio::test(start_paused = true)]
async fn a_mapping_of_the_root_device_changes_the_images() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&two_devices());
    let devices = account.describe(&id).unwrap().block_device_mappings;
    let names: Vec<_> = devices.iter().map(|device| device.device_name.as_str()).collect();
    assert_eq!(names, ["/dev/xvda", "/dev/sdb"]);
    let tagged = account.find_volumes(&[Filter::new("tag:owner", ["me"])]);
    let mut sizes: Vec<_> = tagged.iter().map(|v| (v.size, v.volume_type.as_str())).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [(50, "gp3"), (100, "gp2")]);
}

#[tokio::test(start_paused = true)]
async fn termination_takes_the_volumes_that_say_so_and_frees_the_others() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&two_devices()).await;
    account.terminate(&id).unwrap();
    assert_eq!(account.find_volumes(&[attached_to(&id)]).len(), 2);
    seconds(40).await;
    let left = account.find_volumes(&[]);
    let [data] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!((data.size, data.state), (100, VolumeState::Available));
    assert!(account.describe(&id).unwrap().block_device_mappings.is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_on_termination_can_be_changed_while_the_instance_runs() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    let request = ModifyInstanceAttributeRequest {
        instance_id: id.clone(),
        block_device_mappings: vec![InstanceBlockDeviceMappingSpecification {
            device_name: "/dev/xvda".to_owned(),
            ebs: EbsInstanceBlockDeviceSpecification { delete_on_termination: false },
        }],
        ..Default::default()
    };
    account.ec2.modify_instance_attribute(REGION, &request).unwrap();
    assert!(!account.find_volumes(&[attached_to(&id)])[0].attachments[0].delete_on_termination);
    account.terminate(&id).unwrap();
    seconds(40).await;
    assert_eq!(account.find_volumes(&[]).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_root_volume_is_detached_only_from_a_stopped_instance() {
    let account = Account::new(Ec2Config::default());
    let id = account.running(&plain()).await;
    let volume_id = account.find_volumes(&[])[0].volume_id.clone();
    let detach = DetachVolumeRequest { volume_id: volume_id.clone(), ..Default::default() };
    let delete = DeleteVolumeRequest { volume_id: volume_id.clone(), ..Default::default() };
    let error = account.ec2.detach_volume(REGION, &detach).unwrap_err();
    assert_eq!(error.code, "IncorrectState");
    assert_eq!(error.message, format!("Unable to detach root volume '{volume_id}' from instance '{id}'"));
    assert_eq!(code(account.ec2.delete_volume(REGION, &delete)), "VolumeInUse");
    account.stop(&id).unwrap();
    seconds(40).await;
    account.ec2.detach_volume(REGION, &detach).unwrap();
    assert!(account.describe(&id).unwrap().block_device_mappings.is_empty());
    account.ec2.delete_volume(REGION, &delete).unwrap();
    assert_eq!(account.find_volumes(&[])[0].state, VolumeState::Deleting);
    seconds(3).await;
    assert_eq!(code(account.ec2.delete_volume(REGION, &delete)), "InvalidVolume.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_bystander_volume_outlives_everything() {
    let account = Account::new(Ec2Config::default());
    let request = CreateVolumeRequest {
        availability_zone: Some("us-east-1a".to_owned()),
        size: Some(1),
        ..Default::default()
    };
    let created = account.ec2.create_volume(REGION, &request).unwrap();
    assert_eq!(created.state, VolumeState::Creating);
    assert!(account.find_volumes(&[Filter::new("status", ["available"])]).is_empty());
    let bystander = Volume { state: VolumeState::Available, ..created };
    let id = account.running(&plain()).await;
    account.terminate(&id).unwrap();
    seconds(60).await;
    let left = account.find_volumes(&[Filter::new("status", ["available"])]);
    assert_eq!(left, [bystander]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_token_makes_no_second_volume() {
    let account = Account::new(Ec2Config::default());
    let sized = |size| CreateVolumeRequest {
        availability_zone: Some("us-east-1a".to_owned()),
        client_token: Some("t".to_owned()),
        size: Some(size),
        ..Default::default()
    };
    let first = account.ec2.create_volume(REGION, &sized(1)).unwrap();
    assert_eq!(account.ec2.create_volume(REGION, &sized(1)).unwrap(), first);
    let other = account.ec2.create_volume(REGION, &sized(2));
    assert_eq!(code(other), "IdempotentParameterMismatch");
    assert_eq!(account.ec2.volumes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn devices_that_contradict_themselves_are_refused() {
    let account = Account::new(Ec2Config::default());
    let sized = |size, kind: &str| EbsBlockDevice {
        volume_size: Some(size),
        volume_type: Some(kind.to_owned()),
        ..Default::default()
    };
    let keyed = EbsBlockDevice { kms_key_id: Some("alias/k".to_owned()), ..sized(8, "gp3") };
    let iops = EbsBlockDevice { iops: Some(100), ..sized(8, "gp2") };
    for (ebs, expected) in [
        (EbsBlockDevice::default(), "MissingParameter"),
        (sized(8, "gp9"), "UnknownVolumeType"),
        (sized(8, "io2"), "MissingParameter"),
        (sized(8, "st1"), "InvalidParameterValue"),
        (keyed, "InvalidParameterDependency"),
        (iops, "InvalidParameterCombination"),
    ] {
        let request =
            RunInstancesRequest { block_device_mappings: vec![mapping("/dev/sdb", ebs.clone())], ..plain() };
        assert_eq!(code(account.ec2.run_instances(REGION, &request)), expected, "{ebs:?}");
    }
    assert!(account.ec2.volumes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_root_volume_holds_its_image_and_an_instance_without_one_does_not_start() {
    let account = Account::new(Ec2Config::default());
    let small = EbsBlockDevice { volume_size: Some(7), ..Default::default() };
    let request = RunInstancesRequest { block_device_mappings: vec![mapping("/dev/xvda", small)], ..plain() };
    assert_eq!(code(account.ec2.run_instances(REGION, &request)), "InvalidBlockDeviceMapping");

    let id = account.running(&plain()).await;
    account.stop(&id).unwrap();
    seconds(40).await;
    let volume_id = account.find_volumes(&[])[0].volume_id.clone();
    let detach = DetachVolumeRequest { volume_id, ..Default::default() };
    account.ec2.detach_volume(REGION, &detach).unwrap();
    let start = StartInstancesRequest { instance_ids: vec![id], ..Default::default() };
    let refused = account.ec2.start_instances(REGION, &start).unwrap_err();
    assert!(refused.message.contains("does not have a volume attached at root (/dev/xvda)"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_zone_is_one_of_the_regions() {
    let account = Account::new(Ec2Config::default());
    for zone in ["us-east-1g", "us-east-1", "eu-west-1a", "us-east-1aa"] {
        let request = CreateVolumeRequest {
            availability_zone: Some(zone.to_owned()),
            size: Some(1),
            ..Default::default()
        };
        assert_eq!(code(account.ec2.create_volume(REGION, &request)), "InvalidParameterValue", "{zone}");
    }
}
