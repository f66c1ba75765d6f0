//! The questions that a call asks of the caller's policy: one for each resource.
//!
//! After <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use super::launch;
use super::lookup::Lookup;
use super::policy::Request;
use crate::ec2::Ec2;
use crate::ec2::api::RunInstancesRequest;
use crate::ssm::api::SendCommandRequest;

/// The resource of a call.
#[derive(Clone, Copy)]
pub enum On<'a> {
    /// No resource that IAM knows: only the service, by the prefix of its actions.
    Anything(&'static str),
    /// An instance to launch.
    Launch(&'a RunInstancesRequest),
    /// An instance.
    Instance(&'a str),
    /// A volume.
    Volume(&'a str),
    /// A volume, and the instance that it is attached to.
    Attachment(&'a str),
    /// A script to send.
    Command(&'a SendCommandRequest),
    /// A bucket, or a listing of it.
    Bucket(&'a str),
    /// An object to write.
    NewObject {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
    },
    /// An object to read.
    Object {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
    },
    /// A table.
    Table(&'a str),
    /// Something of Step Functions, by its ARN.
    States(&'a str),
}

impl On<'_> {
    /// The questions of a call of `action`.
    pub(super) fn requests(self, action: &str, at: &Lookup<'_>) -> Vec<Request> {
        let ec2 = format!("ec2:{action}");
        match self {
            Self::Anything(service) => vec![at.request(&format!("{service}:{action}"), "*")],
            Self::Launch(request) => launch::requests(request, at),
            Self::Instance(id) => vec![at.instance(&ec2, id)],
            Self::Volume(id) => vec![at.volume(&ec2, id)],
            Self::Attachment(id) => {
                let volume = at.ec2.volume(id);
                let attachments = volume.iter().flat_map(|record| &record.volume.attachments);
                let instances = attachments.map(|attachment| at.instance(&ec2, &attachment.instance_id));
                std::iter::once(at.volume(&ec2, id)).chain(instances).collect()
            }
            Self::Command(request) => at.command(request),
            Self::Bucket(bucket) => vec![at.listing(bucket)],
            Self::NewObject { bucket, key } => {
                vec![at.request("s3:PutObject", &format!("arn:aws:s3:::{bucket}/{key}"))]
            }
            Self::Object { bucket, key } => {
                // A caller without the right to list gets AccessDenied for an absent object.
                let listing = (action == "HeadObject").then(|| at.listing(bucket));
                let read = at.request("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}"));
                std::iter::once(read).chain(listing).collect()
            }
            Self::Table(name) => {
                vec![at.request(&format!("dynamodb:{action}"), &at.arn("dynamodb", &format!("table/{name}")))]
            }
            Self::States(arn) => vec![at.request(&format!("states:{action}"), arn)],
        }
    }
}

impl On<'_> {
    /// Whether the resource exists. Only the tags of an existing instance or volume show that it belongs to the deployment.
    pub(super) fn exists(self, ec2: &Ec2) -> bool {
        match self {
            Self::Instance(id) => ec2.instance(id).is_some(),
            Self::Volume(id) | Self::Attachment(id) => ec2.volume(id).is_some(),
            _ => true,
        }
    }
}
