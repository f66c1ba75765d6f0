//! Builds the RunInstances request for a launch.
//!
//! Every type is taken apart without `..`, so that a field that is added to the document and forgotten here does not compile.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesInputBuilder;
use aws_sdk_ec2::types as sdk;
use ec2_ops::document::{
    BlockDeviceMapping, CpuOptions, CreditSpecification, Ebs, IamInstanceProfile, InstanceMarketOptions,
    InstanceParameters, MarketType, MetadataOptions, Monitoring, NetworkInterface, Placement,
    SpotInstanceType, SpotInterruptionBehavior, SpotOptions, Tag, TagSpecification, TaggedResource,
};
use ec2_ops::ports::{Launch, ShutdownBehavior};

/// The request for one instance.
pub(super) fn input(launch: Launch) -> RunInstancesInputBuilder {
    let Launch { client_token, parameters, shutdown_behavior } = launch;
    parameterized(parameters)
        .min_count(1)
        .max_count(1)
        .client_token(client_token)
        .instance_initiated_shutdown_behavior(match shutdown_behavior {
            ShutdownBehavior::Stop => sdk::ShutdownBehavior::Stop,
            ShutdownBehavior::Terminate => sdk::ShutdownBehavior::Terminate,
        })
}

fn parameterized(parameters: InstanceParameters) -> RunInstancesInputBuilder {
    let InstanceParameters {
        image_id,
        instance_type,
        key_name,
        security_group_ids,
        security_groups,
        subnet_id,
        iam_instance_profile,
        tag_specifications,
        block_device_mappings,
        metadata_options,
        instance_market_options,
        user_data,
        placement,
        network_interfaces,
        ebs_optimized,
        monitoring,
        cpu_options,
        credit_specification,
    } = parameters;
    RunInstancesInputBuilder::default()
        .image_id(image_id)
        .instance_type(instance_type.as_str().into())
        .set_key_name(key_name)
        .set_security_group_ids(security_group_ids)
        .set_security_groups(security_groups)
        .set_subnet_id(subnet_id)
        .set_iam_instance_profile(iam_instance_profile.map(profile))
        .set_tag_specifications(each(tag_specifications, tag_specification))
        .set_block_device_mappings(each(block_device_mappings, block_device))
        .set_metadata_options(metadata_options.map(metadata))
        .set_instance_market_options(instance_market_options.map(market))
        .set_user_data(user_data)
        .set_placement(placement.map(place))
        .set_network_interfaces(each(network_interfaces, network_interface))
        .set_ebs_optimized(ebs_optimized)
        .set_monitoring(monitoring.map(watched))
        .set_cpu_options(cpu_options.map(cpu))
        .set_credit_specification(credit_specification.map(credits))
}

fn each<T, U>(list: Option<Vec<T>>, convert: fn(T) -> U) -> Option<Vec<U>> {
    list.map(|items| items.into_iter().map(convert).collect())
}

/// A value that only EC2 validates: it may know more values than this version of the SDK.
fn word<T: for<'a> From<&'a str>>(text: Option<String>) -> Option<T> {
    text.map(|text| T::from(&text))
}

fn profile(IamInstanceProfile { name, arn }: IamInstanceProfile) -> sdk::IamInstanceProfileSpecification {
    sdk::IamInstanceProfileSpecification::builder().set_name(name).set_arn(arn).build()
}

fn tag_specification(TagSpecification { resource_type, tags }: TagSpecification) -> sdk::TagSpecification {
    let tags = tags.into_iter().map(|Tag { key, value }| sdk::Tag::builder().key(key).value(value).build());
    sdk::TagSpecification::builder()
        .resource_type(match resource_type {
            TaggedResource::Instance => sdk::ResourceType::Instance,
            TaggedResource::Volume => sdk::ResourceType::Volume,
        })
        .set_tags(Some(tags.collect()))
        .build()
}

fn block_device(mapping: BlockDeviceMapping) -> sdk::BlockDeviceMapping {
    let BlockDeviceMapping { device_name, ebs, no_device, virtual_name } = mapping;
    sdk::BlockDeviceMapping::builder()
        .set_device_name(device_name)
        .set_ebs(ebs.map(volume))
        .set_no_device(no_device)
        .set_virtual_name(virtual_name)
        .build()
}

fn volume(ebs: Ebs) -> sdk::EbsBlockDevice {
    let Ebs {
        volume_size,
        volume_type,
        iops,
        throughput,
        encrypted,
        kms_key_id,
        snapshot_id,
        delete_on_termination,
    } = ebs;
    sdk::EbsBlockDevice::builder()
        .set_volume_size(volume_size)
        .set_volume_type(word(volume_type))
        .set_iops(iops)
        .set_throughput(throughput)
        .set_encrypted(encrypted)
        .set_kms_key_id(kms_key_id)
        .set_snapshot_id(snapshot_id)
        .set_delete_on_termination(delete_on_termination)
        .build()
}

fn metadata(options: MetadataOptions) -> sdk::InstanceMetadataOptionsRequest {
    let MetadataOptions { http_tokens, http_endpoint, http_put_response_hop_limit, instance_metadata_tags } =
        options;
    sdk::InstanceMetadataOptionsRequest::builder()
        .set_http_tokens(word(http_tokens))
        .set_http_endpoint(word(http_endpoint))
        .set_http_put_response_hop_limit(http_put_response_hop_limit)
        .set_instance_metadata_tags(word(instance_metadata_tags))
        .build()
}

fn market(options: InstanceMarketOptions) -> sdk::InstanceMarketOptionsRequest {
    let InstanceMarketOptions { market_type, spot_options } = options;
    sdk::InstanceMarketOptionsRequest::builder()
        .set_market_type(market_type.map(|MarketType::Spot| sdk::MarketType::Spot))
        .set_spot_options(spot_options.map(spot))
        .build()
}

fn spot(options: SpotOptions) -> sdk::SpotMarketOptions {
    let SpotOptions { max_price, spot_instance_type, instance_interruption_behavior } = options;
    let lived = |SpotInstanceType::OneTime| sdk::SpotInstanceType::OneTime;
    let interrupted = |SpotInterruptionBehavior::Terminate| sdk::InstanceInterruptionBehavior::Terminate;
    sdk::SpotMarketOptions::builder()
        .set_max_price(max_price)
        .set_spot_instance_type(spot_instance_type.map(lived))
        .set_instance_interruption_behavior(instance_interruption_behavior.map(interrupted))
        .build()
}

fn place(placement: Placement) -> sdk::Placement {
    let Placement { availability_zone, group_name, tenancy } = placement;
    sdk::Placement::builder()
        .set_availability_zone(availability_zone)
        .set_group_name(group_name)
        .set_tenancy(word(tenancy))
        .build()
}

fn network_interface(interface: NetworkInterface) -> sdk::InstanceNetworkInterfaceSpecification {
    let NetworkInterface { device_index, subnet_id, groups, associate_public_ip_address } = interface;
    sdk::InstanceNetworkInterfaceSpecification::builder()
        .set_device_index(device_index)
        .set_subnet_id(subnet_id)
        .set_groups(groups)
        .set_associate_public_ip_address(associate_public_ip_address)
        .build()
}

fn watched(Monitoring { enabled }: Monitoring) -> sdk::RunInstancesMonitoringEnabled {
    sdk::RunInstancesMonitoringEnabled::builder().set_enabled(enabled).build()
}

fn cpu(CpuOptions { core_count, threads_per_core }: CpuOptions) -> sdk::CpuOptionsRequest {
    sdk::CpuOptionsRequest::builder()
        .set_core_count(core_count)
        .set_threads_per_core(threads_per_core)
        .build()
}

fn credits(CreditSpecification { cpu_credits }: CreditSpecification) -> sdk::CreditSpecificationRequest {
    sdk::CreditSpecificationRequest::builder().set_cpu_credits(cpu_credits).build()
}
