//! What a call asks of the caller's policy: one question for each resource that it touches.
//!
//! After <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use std::collections::BTreeMap;

use super::launch;
use super::policy::Request;
use crate::ec2::Ec2;
use crate::ec2::api::{RunInstancesRequest, Tag};
use crate::ssm::api::SendCommandRequest;

/// What a call is about.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// Nothing that IAM knows; the service is named as in actions.
    Anything { service: &'static str, region: &'a str },
    /// An instance to launch.
    Launch { region: &'a str, request: &'a RunInstancesRequest },
    /// An instance.
    Instance { region: &'a str, id: &'a str },
    /// A volume, and the instance that it is attached to where the call is about both.
    Volume { region: &'a str, id: &'a str, attachment: bool },
    /// A script to send.
    Command { region: &'a str, request: &'a SendCommandRequest },
    /// A bucket, or what is in it.
    Bucket(&'a str),
    /// An object.
    Object { bucket: &'a str, key: &'a str },
    /// A table.
    Table { region: &'a str, name: &'a str },
    /// An execution.
    Execution(&'a str),
}

/// Where the answers are that AWS itself would look up.
pub(super) struct Lookup<'a> {
    pub(super) account_id: &'a str,
    pub(super) ec2: &'a Ec2,
}

impl On<'_> {
    /// Everything that a call of `action` asks.
    pub(super) fn requests(self, action: &str, lookup: &Lookup<'_>) -> Vec<Request> {
        let one = |service: &str, resource: String, context| {
            vec![Request { action: format!("{service}:{action}"), resource, context }]
        };
        match self {
            Self::Anything { service, region } => one(service, "*".to_owned(), at(region)),
            Self::Launch { region, request } => launch::requests(region, request, lookup.account_id),
            Self::Instance { region, id } => lookup.instance(&format!("ec2:{action}"), region, id),
            Self::Volume { region, id, attachment } => {
                lookup.volume(&format!("ec2:{action}"), region, id, attachment)
            }
            Self::Command { region, request } => lookup.command(region, request),
            Self::Bucket(bucket) => vec![bucket_listing(bucket)],
            Self::Object { bucket, key } => {
                let resource = format!("arn:aws:s3:::{bucket}/{key}");
                let read = Request { action: "s3:GetObject".to_owned(), resource, context: BTreeMap::new() };
                // Without it S3 does not tell an absent object from a forbidden one.
                vec![read, bucket_listing(bucket)]
            }
            Self::Table { region, name } => {
                let arn = format!("arn:aws:dynamodb:{region}:{}:table/{name}", lookup.account_id);
                one("dynamodb", arn, at(region))
            }
            Self::Execution(arn) => one("states", arn.to_owned(), BTreeMap::new()),
        }
    }
}

/// `HeadBucket` and `ListObjectsV2` are one action.
fn bucket_listing(bucket: &str) -> Request {
    let resource = format!("arn:aws:s3:::{bucket}");
    Request { action: "s3:ListBucket".to_owned(), resource, context: BTreeMap::new() }
}

/// The context of every call to a region.
pub(super) fn at(region: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("aws:RequestedRegion".to_owned(), region.to_owned())])
}

impl Lookup<'_> {
    fn arn(&self, region: &str, resource: &str) -> String {
        format!("arn:aws:ec2:{region}:{}:{resource}", self.account_id)
    }

    /// An instance that does not exist has no tags, and a policy that asks for one does not allow the call.
    fn instance(&self, action: &str, region: &str, id: &str) -> Vec<Request> {
        let tags = self.ec2.instance(id).map(|record| record.instance.tags.clone()).unwrap_or_default();
        let resource = self.arn(region, &format!("instance/{id}"));
        vec![Request { action: action.to_owned(), resource, context: tagged(region, &tags) }]
    }

    fn volume(&self, action: &str, region: &str, id: &str, attachment: bool) -> Vec<Request> {
        let volume = self.ec2.volume(id);
        let tags = volume.as_ref().map(|record| record.volume.tags.clone()).unwrap_or_default();
        let resource = self.arn(region, &format!("volume/{id}"));
        let mut requests =
            vec![Request { action: action.to_owned(), resource, context: tagged(region, &tags) }];
        for attached in volume.iter().flat_map(|record| &record.volume.attachments).filter(|_| attachment) {
            requests.extend(self.instance(action, region, &attached.instance_id));
        }
        requests
    }

    fn command(&self, region: &str, request: &SendCommandRequest) -> Vec<Request> {
        const ACTION: &str = "ssm:SendCommand";
        // AWS's own documents belong to no account.
        let document = format!("arn:aws:ssm:{region}::document/{}", request.document_name);
        let bucket = request.output_s3_bucket_name.iter().map(|bucket| format!("arn:aws:s3:::{bucket}"));
        let others = std::iter::once(document).chain(bucket);
        let mut requests: Vec<_> = others
            .map(|resource| Request { action: ACTION.to_owned(), resource, context: at(region) })
            .collect();
        for id in &request.instance_ids {
            requests.extend(self.instance(ACTION, region, id));
        }
        requests
    }
}

/// SSM has a key of its own for the tags of instances.
fn tagged(region: &str, tags: &[Tag]) -> BTreeMap<String, String> {
    let mut context = at(region);
    for Tag { key, value } in tags {
        for prefix in ["aws:ResourceTag", "ssm:resourceTag"] {
            context.insert(format!("{prefix}/{key}"), value.clone());
        }
    }
    context
}
