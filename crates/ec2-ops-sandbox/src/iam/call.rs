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
pub enum On<'a> {
    /// Nothing that IAM knows, but the service, as actions name it.
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
    /// A bucket, or what is in it.
    Bucket(&'a str),
    /// An object.
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

/// Where the answers are that AWS itself would look up.
pub(super) struct Lookup<'a> {
    pub(super) account_id: &'a str,
    pub(super) region: &'a str,
    pub(super) ec2: &'a Ec2,
}

impl On<'_> {
    /// Everything that a call of `action` asks.
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
            // Without the listing S3 does not tell an absent object from a forbidden one.
            Self::Object { bucket, key } => {
                vec![at.request("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}")), at.listing(bucket)]
            }
            Self::Table(name) => {
                vec![at.request(&format!("dynamodb:{action}"), &at.arn("dynamodb", &format!("table/{name}")))]
            }
            Self::States(arn) => vec![at.request(&format!("states:{action}"), arn)],
        }
    }
}

impl On<'_> {
    /// Whether there is what the call is about, where only its existence makes it ours.
    pub(super) fn exists(self, ec2: &Ec2) -> bool {
        match self {
            Self::Instance(id) => ec2.instance(id).is_some(),
            Self::Volume(id) | Self::Attachment(id) => ec2.volume(id).is_some(),
            _ => true,
        }
    }
}

impl Lookup<'_> {
    /// A question in the context that every call has.
    pub(super) fn request(&self, action: &str, resource: &str) -> Request {
        let context = BTreeMap::from([("aws:RequestedRegion".to_owned(), self.region.to_owned())]);
        Request { action: action.to_owned(), resource: resource.to_owned(), context }
    }

    /// The ARN of something that is the account's own.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account_id)
    }

    /// `HeadBucket` and `ListObjectsV2` are one action.
    fn listing(&self, bucket: &str) -> Request {
        self.request("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"))
    }

    /// An instance that does not exist has no tags, and a policy that asks for one does not allow the call.
    fn instance(&self, action: &str, id: &str) -> Request {
        let tags = self.ec2.instance(id).map(|record| record.instance.tags.clone());
        self.request(action, &self.arn("ec2", &format!("instance/{id}"))).tagged(&tags.unwrap_or_default())
    }

    fn volume(&self, action: &str, id: &str) -> Request {
        let tags = self.ec2.volume(id).map(|record| record.volume.tags.clone());
        self.request(action, &self.arn("ec2", &format!("volume/{id}"))).tagged(&tags.unwrap_or_default())
    }

    fn command(&self, request: &SendCommandRequest) -> Vec<Request> {
        const ACTION: &str = "ssm:SendCommand";
        // AWS's own documents belong to no account.
        let document = format!("arn:aws:ssm:{}::document/{}", self.region, request.document_name);
        let bucket = request.output_s3_bucket_name.iter().map(|bucket| format!("arn:aws:s3:::{bucket}"));
        let others = std::iter::once(document).chain(bucket).map(|arn| self.request(ACTION, &arn));
        others.chain(request.instance_ids.iter().map(|id| self.instance(ACTION, id))).collect()
    }
}

impl Request {
    /// About something that carries `tags`. SSM has a key of its own for those of instances.
    fn tagged(mut self, tags: &[Tag]) -> Self {
        for Tag { key, value } in tags {
            for prefix in ["aws:ResourceTag", "ssm:resourceTag"] {
                self.context.insert(format!("{prefix}/{key}"), value.clone());
            }
        }
        self
    }
}
