//! The launch itself: makes an instance and its volumes.

use ec2_ops_limits::instance_type;

use super::devices::Device;
use crate::ec2::actions::catalog::ROOT_DEVICE;
use crate::ec2::actions::describe::reservation;
use crate::ec2::actions::tags::tags_for;
use crate::ec2::api::{
    EbsInstanceBlockDevice, GroupIdentifier, IamInstanceProfile, IamInstanceProfileSpecification, Instance,
    InstanceBlockDeviceMapping, InstanceMetadataOptions, InstanceStateName, Monitoring, Placement,
    Reservation, RunInstancesRequest, StateReason, VolumeAttachment, VolumeState,
};
use crate::ec2::state::{InstanceRecord, ShutdownBehavior, State, TokenKey, TokenUse, VolumeRecord};

impl State {
    /// Launches what the checked `request` asks for, and remembers its token.
    pub(super) fn launch(
        &mut self,
        region: &str,
        request: &RunInstancesRequest,
        image: &str,
        devices: &[Device],
        token: Option<TokenKey>,
    ) -> Reservation {
        let mut instance = self.new_instance(region, request, image);
        let id = instance.instance_id.clone();
        instance.block_device_mappings =
            devices.iter().map(|device| self.new_volume(region, request, &instance, device)).collect();
        let record = InstanceRecord {
            region: region.to_owned(),
            reservation_id: self.platform.resource_id("r-"),
            shutdown_behavior: request
                .instance_initiated_shutdown_behavior
                .as_deref()
                .and_then(ShutdownBehavior::parse)
                .unwrap_or_default(),
            disable_api_termination: request.disable_api_termination == Some(true),
            disable_api_stop: request.disable_api_stop == Some(true),
            user_data: request.user_data.clone(),
            boots: 0,
            visible_at: self.now() + self.config.visible_after,
            terminated_at: None,
            turns: 0,
            token: token.clone(),
            instance,
        };
        let answer = reservation(&record, &self.platform.account_id);
        self.instances.insert(&id, record);
        if let Some(key) = token {
            let first = TokenUse { request: request.clone(), instance_id: Some(id.clone()) };
            self.tokens.insert(key, first);
        }
        self.announce(&id);
        answer
    }

    /// Records that a launch without capacity has used its token.
    pub(super) fn refuse(&mut self, token: Option<TokenKey>, request: &RunInstancesRequest) {
        if let Some(key) = token {
            self.tokens.insert(key, TokenUse { request: request.clone(), instance_id: None });
        }
    }

    /// The instance as it is described at first, without its volumes.
    fn new_instance(&mut self, region: &str, request: &RunInstancesRequest, image: &str) -> Instance {
        self.launches += 1;
        let [_, a, b, c] = self.launches.to_be_bytes();
        let spot = super::is_spot(request);
        Instance {
            instance_id: self.platform.resource_id("i-"),
            image_id: image.to_owned(),
            architecture: instance_type::architecture(super::instance_type(request))
                .unwrap_or("x86_64")
                .to_owned(),
            instance_type: request.instance_type.clone().unwrap_or_default(),
            state: InstanceStateName::Pending.into(),
            state_reason: Some(StateReason { code: "pending".to_owned(), message: "pending".to_owned() }),
            state_transition_reason: String::new(),
            launch_time: self.now(),
            placement: placement(region, request),
            private_ip_address: Some(format!("10.{a}.{b}.{c}")),
            private_dns_name: format!("ip-10-{a}-{b}-{c}.{region}.compute.internal"),
            public_dns_name: String::new(),
            subnet_id: request
                .subnet_id
                .clone()
                .or_else(|| request.network_interfaces.first()?.subnet_id.clone()),
            key_name: request.key_name.clone(),
            client_token: request.client_token.clone().unwrap_or_else(|| self.platform.uuid()),
            instance_lifecycle: spot.then(|| "spot".to_owned()),
            spot_instance_request_id: spot.then(|| self.platform.resource_id("sir-")),
            iam_instance_profile: request.iam_instance_profile.as_ref().map(|profile| self.profile(profile)),
            security_groups: groups(request),
            block_device_mappings: Vec::new(),
            root_device_name: ROOT_DEVICE.to_owned(),
            root_device_type: "ebs".to_owned(),
            virtualization_type: "hvm".to_owned(),
            ebs_optimized: request.ebs_optimized.unwrap_or(false),
            monitoring: monitoring(request),
            metadata_options: metadata_options(request),
            cpu_options: request.cpu_options.clone(),
            ami_launch_index: 0,
            tags: tags_for(&request.tag_specifications, "instance"),
        }
    }

    /// Makes the volume of one device. Returns the instance's side of the attachment.
    fn new_volume(
        &mut self,
        region: &str,
        request: &RunInstancesRequest,
        instance: &Instance,
        device: &Device,
    ) -> InstanceBlockDeviceMapping {
        let zone = instance.placement.availability_zone.as_deref().unwrap_or_default();
        let tags = tags_for(&request.tag_specifications, "volume");
        let mut volume = device.disk.volume(self, zone, tags);
        volume.state = VolumeState::InUse;
        volume.attachments.push(VolumeAttachment {
            volume_id: volume.volume_id.clone(),
            instance_id: instance.instance_id.clone(),
            device: device.name.clone(),
            state: "attached".to_owned(),
            attach_time: volume.create_time,
            delete_on_termination: device.delete_on_termination,
        });
        let mapping = InstanceBlockDeviceMapping {
            device_name: device.name.clone(),
            ebs: EbsInstanceBlockDevice {
                volume_id: volume.volume_id.clone(),
                attach_time: volume.create_time,
                delete_on_termination: device.delete_on_termination,
                status: "attached".to_owned(),
            },
        };
        let record = VolumeRecord {
            region: region.to_owned(),
            visible_at: self.now() + self.config.visible_after,
            volume,
        };
        self.volumes.insert(&mapping.ebs.volume_id, record);
        mapping
    }

    fn profile(&self, profile: &IamInstanceProfileSpecification) -> IamInstanceProfile {
        let account = &self.platform.account_id;
        let name = profile.name.as_deref().unwrap_or_default();
        IamInstanceProfile {
            arn: profile
                .arn
                .clone()
                .unwrap_or_else(|| format!("arn:aws:iam::{account}:instance-profile/{name}")),
        }
    }
}

fn placement(region: &str, request: &RunInstancesRequest) -> Placement {
    let asked = request.placement.clone().unwrap_or_default();
    Placement {
        availability_zone: asked.availability_zone.or_else(|| Some(format!("{region}a"))),
        group_name: asked.group_name,
        tenancy: asked.tenancy.or_else(|| Some("default".to_owned())),
    }
}

fn groups(request: &RunInstancesRequest) -> Vec<GroupIdentifier> {
    let interface = request.network_interfaces.first();
    let ids = interface.map_or(&request.security_group_ids, |interface| &interface.groups);
    let by_id = ids.iter().map(|id| GroupIdentifier { group_id: Some(id.clone()), group_name: None });
    let by_name = request
        .security_groups
        .iter()
        .map(|name| GroupIdentifier { group_id: None, group_name: Some(name.clone()) });
    by_id.chain(by_name).collect()
}

fn monitoring(request: &RunInstancesRequest) -> Monitoring {
    let enabled = request.monitoring.as_ref().is_some_and(|monitoring| monitoring.enabled);
    Monitoring { state: if enabled { "pending" } else { "disabled" }.to_owned() }
}

fn metadata_options(request: &RunInstancesRequest) -> InstanceMetadataOptions {
    let asked = request.metadata_options.clone().unwrap_or_default();
    InstanceMetadataOptions {
        http_tokens: asked.http_tokens.or_else(|| Some("optional".to_owned())),
        http_endpoint: asked.http_endpoint.or_else(|| Some("enabled".to_owned())),
        http_put_response_hop_limit: asked.http_put_response_hop_limit.or(Some(1)),
        instance_metadata_tags: asked.instance_metadata_tags.or_else(|| Some("disabled".to_owned())),
    }
}
