//! `CreateTags`, and the rules that every tag obeys.

use std::collections::HashSet;

use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{CreateTagsRequest, Tag, TagSpecification};
use crate::ec2::state::State;
use crate::ec2::{Ec2, fault, ids};

/// See <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>.
const MAX_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

impl Ec2 {
    /// `CreateTags`, on instances and volumes. All resources are tagged, or none.
    pub fn create_tags(&self, region: &str, request: &CreateTagsRequest) -> Result<(), AwsError> {
        if request.resources.is_empty() {
            return Err(fault::missing_parameter("ResourceId"));
        }
        if request.tags.is_empty() {
            return Err(fault::missing_parameter("Tag"));
        }
        check_tags(&request.tags)?;
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
    } else if ids::well_formed(id, "i-") {
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
    let mut seen = HashSet::new();
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
        if !seen.insert(resource_type) {
            return Err(fault::invalid_parameter(format!(
                "Duplicate resource type '{resource_type}' in tag specifications."
            )));
        }
        if tags.is_empty() {
            return Err(fault::missing_parameter("TagSpecification.N.Tag"));
        }
        check_tags(tags)?;
        check_count(&[], tags)?;
    }
    Ok(())
}

fn check_tags(tags: &[Tag]) -> Result<(), AwsError> {
    let mut seen = HashSet::new();
    for Tag { key, value } in tags {
        if key.is_empty() {
            return Err(fault::invalid_parameter("Tag key cannot be empty."));
        }
        if key.chars().count() > MAX_KEY {
            return Err(fault::invalid_parameter(format!(
                "Tag key exceeds the maximum length of {MAX_KEY} characters"
            )));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(fault::invalid_parameter(format!(
                "Tag value exceeds the maximum length of {MAX_VALUE} characters"
            )));
        }
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(fault::invalid_parameter(
                "Tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if !seen.insert(key) {
            return Err(fault::invalid_parameter(format!("Duplicate tag key '{key}' specified.")));
        }
    }
    Ok(())
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
