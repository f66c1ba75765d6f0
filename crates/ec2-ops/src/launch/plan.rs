//! The one launch of a candidate: RunInstances arguments, tags, client token.

use super::candidates::Candidate;
use crate::deployment::Deployment;
use crate::document::{
    InstanceMarketOptions, InstanceParameters, Job, MarketType, SpotInstanceType, SpotInterruptionBehavior,
    SpotOptions, Tag, TagSpecification, TaggedResource,
};
use crate::ids::{AttemptId, Region};
use crate::ports::{Launch, ShutdownBehavior};
use crate::step::Market;
use crate::tags::{self, OnEnd, Tags};

/// The launch of the candidate with this number. It is a pure function of its arguments: a retry with the same token must
/// have the same parameters.
pub(crate) fn plan(
    job: &Job,
    attempt: &AttemptId,
    deployment: &Deployment,
    region: &Region,
    candidate: &Candidate,
    number: usize,
) -> Launch {
    let market = candidate.market;
    // A one-time Spot instance cannot be stopped.
    let on_end = OnEnd { terminate: job.on_end.terminate || market == Market::Spot, ..job.on_end };
    let mut parameters = job.instance.choose(&candidate.instance_type, candidate.subnet.as_deref());
    if let Some(defaults) = deployment.instance_defaults.get(region) {
        defaults.complete(&mut parameters, job.instance.is_placed());
    }
    tag(&mut parameters, &tags::of_attempt(attempt, &deployment.name, on_end));
    if market == Market::Spot && parameters.instance_market_options.is_none() {
        parameters.instance_market_options = Some(spot_at_the_on_demand_price());
    }
    Launch {
        client_token: attempt.client_token(number),
        parameters,
        shutdown_behavior: if on_end.terminate {
            ShutdownBehavior::Terminate
        } else {
            ShutdownBehavior::Stop
        },
    }
}

/// Without `MaxPrice` the on-demand price is the cap. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SpotMarketOptions.html>.
fn spot_at_the_on_demand_price() -> InstanceMarketOptions {
    InstanceMarketOptions {
        market_type: Some(MarketType::Spot),
        spot_options: Some(SpotOptions {
            max_price: None,
            spot_instance_type: Some(SpotInstanceType::OneTime),
            instance_interruption_behavior: Some(SpotInterruptionBehavior::Terminate),
        }),
    }
}

/// Adds our tags to those of the document, on the instance and on its volumes.
fn tag(parameters: &mut InstanceParameters, ours: &Tags) {
    let specifications = parameters.tag_specifications.get_or_insert_with(Vec::new);
    for resource_type in [TaggedResource::Instance, TaggedResource::Volume] {
        let ours = ours.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        match specifications.iter_mut().find(|specification| specification.resource_type == resource_type) {
            Some(specification) => specification.tags.extend(ours),
            None => specifications.push(TagSpecification { resource_type, tags: ours.collect() }),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::deployment::InstanceDefaults;
    use crate::execution::Execution;
    use crate::fakes::{deployment, time};
    use crate::ids::ExecutionId;
    use serde_json::{Value, json};

    /// The job of a document with these options and these further parameters of the instance.
    pub(in crate::launch) fn job(options: &Value, extra: &Value) -> Job {
        let mut instance = json!({ "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" });
        if let (Value::Object(instance), Value::Object(extra)) = (&mut instance, extra.clone()) {
            instance.extend(extra);
        }
        let document =
            json!({ "commands": ["true"], "run_options": options, "instance_parameters": instance });
        Job::resolve(&document, &Execution::rehearsal(time("2026-03-01T05:30:00Z"))).unwrap()
    }

    fn attempt() -> AttemptId {
        AttemptId { execution: ExecutionId::new("arn:x:run-7"), attempt: 1 }
    }

    fn candidate(market: Market) -> Candidate {
        Candidate { instance_type: "t4g.nano".to_owned(), subnet: None, market }
    }

    fn planned(extra: &Value, market: Market) -> Launch {
        let (job, region) = (job(&json!({}), extra), Region::new("us-east-1"));
        plan(&job, &attempt(), &deployment(), &region, &candidate(market), 0)
    }

    #[test]
    fn a_launch_is_completed_by_the_defaults_of_its_own_region() {
        let defaults =
            InstanceDefaults { security_group_ids: vec!["sg-1".to_owned()], ..InstanceDefaults::default() };
        let east = Region::new("us-east-1");
        let mut deployment = deployment();
        deployment.instance_defaults.insert(east.clone(), defaults);
        let job = job(&json!({}), &json!({}));
        let groups = |region| {
            let launch = plan(&job, &attempt(), &deployment, region, &candidate(Market::OnDemand), 0);
            launch.parameters.security_group_ids
        };
        assert_eq!(groups(&east).as_deref(), Some(&["sg-1".to_owned()][..]));
        assert_eq!(groups(&Region::new("us-west-2")), None);
    }

    #[test]
    fn each_candidate_has_its_own_type_subnet_and_client_token() {
        let job = job(&json!({}), &json!({ "InstanceType": ["t4g.nano", "t4g.micro"] }));
        let launch = |number, instance_type: &str, subnet: &str| {
            let (instance_type, subnet) = (instance_type.to_owned(), Some(subnet.to_owned()));
            let candidate = Candidate { instance_type, subnet, market: Market::OnDemand };
            plan(&job, &attempt(), &deployment(), &Region::new("us-east-1"), &candidate, number)
        };
        let (first, second) = (launch(0, "t4g.nano", "subnet-a"), launch(1, "t4g.micro", "subnet-b"));
        assert_eq!(second.parameters.instance_type, "t4g.micro");
        assert_eq!(second.parameters.subnet_id.as_deref(), Some("subnet-b"));
        assert_ne!(first.client_token, second.client_token);
    }

    #[test]
    fn a_repeated_launch_is_the_same_byte_for_byte() {
        let bytes = || {
            let launch = planned(&json!({ "KeyName": "k" }), Market::Spot);
            (launch.client_token, serde_json::to_string(&launch.parameters).unwrap())
        };
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn the_instance_and_its_volumes_carry_our_tags_beside_the_documents_own() {
        let own = json!([{ "ResourceType": "instance", "Tags": [{ "Key": "Name", "Value": "mine" }] }]);
        let launch = planned(&json!({ "TagSpecifications": own }), Market::OnDemand);
        let specifications = launch.parameters.tag_specifications.unwrap();
        let keys = |i: usize| {
            let tags: &[Tag] = &specifications[i].tags;
            tags.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>()
        };
        let ours = tags::KEYS;
        assert_eq!(specifications.len(), 2);
        assert_eq!(keys(0), [&["Name"], &ours[..]].concat());
        assert_eq!(keys(1), ours);
    }

    #[test]
    fn metadata_and_volumes_are_protected_unless_the_document_says_otherwise() {
        let mappings = json!([
            { "DeviceName": "/dev/sdf", "Ebs": { "VolumeSize": 8 } },
            { "DeviceName": "/dev/sdg", "Ebs": { "Encrypted": false } },
        ]);
        let plain = planned(&json!({ "BlockDeviceMappings": mappings }), Market::OnDemand).parameters;
        let metadata = plain.metadata_options.unwrap();
        assert_eq!(metadata.http_tokens.as_deref(), Some("required"));
        assert_eq!(metadata.http_put_response_hop_limit, Some(2));
        let encrypted =
            plain.block_device_mappings.into_iter().flatten().map(|mapping| mapping.ebs.unwrap().encrypted);
        assert_eq!(encrypted.collect::<Vec<_>>(), [Some(true), Some(false)]);
        let own = json!({ "MetadataOptions": { "HttpTokens": "optional", "HttpPutResponseHopLimit": 1 } });
        let metadata = planned(&own, Market::OnDemand).parameters.metadata_options.unwrap();
        assert_eq!(metadata.http_tokens.as_deref(), Some("optional"));
        assert_eq!(metadata.http_put_response_hop_limit, Some(1));
    }

    #[test]
    fn a_spot_instance_is_terminated_since_it_cannot_be_stopped() {
        let on_end = |launch: &Launch| {
            let specifications = launch.parameters.tag_specifications.as_ref().unwrap();
            let tag = specifications[0].tags.iter().find(|tag| tag.key == tags::ON_END).unwrap();
            (tag.value.clone(), launch.shutdown_behavior)
        };
        let spot = planned(&json!({}), Market::Spot);
        assert_eq!(on_end(&spot), ("terminate".to_owned(), ShutdownBehavior::Terminate));
        assert_eq!(spot.parameters.instance_market_options, Some(spot_at_the_on_demand_price()));
        let on_demand = planned(&json!({}), Market::OnDemand);
        assert_eq!(on_end(&on_demand), ("stop".to_owned(), ShutdownBehavior::Stop));
        assert_eq!(on_demand.parameters.instance_market_options, None);
    }
}
