//! `CreateTags`, and the tags of new resources.

use std::collections::HashSet;

use ec2_ops_limits::{MAX_TAGS, is_id};
use serde_json::json;

use super::{limits, refuse_dry_run};
use crate::AwsError;
use crate::ec2::api::{CreateTagsRequest, Tag, TagSpecification};
use crate::ec2::state::State;
use crate::ec2::{Ec2, fault, ids};

impl Ec2 {
    /// `CreateTags`, on instances and volumes. All resources are tagged, or none.
    pub fn create_tags(&self, region: &str, request: &CreateTagsRequest) -> Result<(), AwsError> {
        if request.resources.is_empty() {
            return Err(fault::missing_parameter("ResourceId"));
        }
        if request.tags.is_empty() {
            return Err(fault::missing_parameter("Tag"));
        }
        // The kind of resource makes no difference.
        limits::check(
            &json!({ "TagSpecifications": [{ "ResourceType": "instance", "Tags": request.tags }] }),
        )?;
        self.act(|state| {
            let resources = ids::distinct(&request.resources);
            for id in &resources {
                let present = tags_of(state, region, id)?;
                check_count(present, &request.tags)?;
            }
            refuse_dry_run(request.dry_run)?;
            for id in resources {
                for tag in &request.tags {
                    state.instances.tag(id, tag);
                    state.volumes.tag(id, tag);
                }
            }
            Ok(())
        })
    }
}

/// The present tags of the resource.
fn tags_of<'a>(state: &'a State, region: &str, id: &str) -> Result<&'a [Tag], AwsError> {
    if id.starts_with("vol-") {
        Ok(&state.volume(region, id)?.volume.tags)
    } else if is_id(id, "i-") {
        let record = state.instance(region, id).ok_or_else(|| fault::instances_not_found(&[id]))?;
        Ok(&record.instance.tags)
    } else {
        Err(AwsError::unmodelled(format!("tags of {id}, only of instances (i-…) and volumes (vol-…)")))
    }
}

/// The tags that `specifications` give to new resources of type `kind`.
pub(super) fn tags_for(specifications: &[TagSpecification], kind: &str) -> Vec<Tag> {
    specifications
        .iter()
        .filter(|specification| specification.resource_type == kind)
        .flat_map(|specification| specification.tags.iter().cloned())
        .collect()
}

/// Checks tags for new resources. The request can create resources of the types in `kinds`.
pub(super) fn check_specifications(
    specifications: &[TagSpecification],
    kinds: &[&str],
) -> Result<(), AwsError> {
    for TagSpecification { resource_type, tags } in specifications {
        if resource_type.is_empty() {
            return Err(fault::missing_parameter("TagSpecification.N.ResourceType"));
        }
        if !kinds.contains(&resource_type.as_str()) {
            return Err(AwsError::unmodelled(format!(
                "TagSpecifications for '{resource_type}', only for {}",
                kinds.join(", ")
            )));
        }
        if tags.is_empty() {
            return Err(fault::missing_parameter("TagSpecification.N.Tag"));
        }
    }
    limits::check(&json!({ "TagSpecifications": specifications }))
}

fn check_count(present: &[Tag], added: &[Tag]) -> Result<(), AwsError> {
    let keys: HashSet<_> = present.iter().chain(added).map(|tag| &tag.key).collect();
    if keys.len() > MAX_TAGS {
        return Err(AwsError::client(
            "TagLimitExceeded",
            "The maximum number of Tags for a resource has been reached.",
        ));
    }
    Ok(())
}
