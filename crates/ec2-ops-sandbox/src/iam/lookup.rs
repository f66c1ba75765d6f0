//! Builds the questions that a call asks of a policy, with the facts that AWS itself would look up.

use std::collections::BTreeMap;

use super::policy::Request;
use crate::ec2::Ec2;
use crate::ec2::api::Tag;
use crate::ssm::api::SendCommandRequest;

/// Where the answers are that AWS itself would look up.
pub(super) struct Lookup<'a> {
    pub(super) account_id: &'a str,
    pub(super) region: &'a str,
    pub(super) ec2: &'a Ec2,
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
    pub(super) fn listing(&self, bucket: &str) -> Request {
        self.request("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"))
    }

    /// An instance that does not exist has no tags, so a policy with a condition on a tag does not allow the call.
    pub(super) fn instance(&self, action: &str, id: &str) -> Request {
        let tags = self.ec2.instance(id).map(|record| record.instance.tags.clone());
        self.request(action, &self.arn("ec2", &format!("instance/{id}"))).tagged(&tags.unwrap_or_default())
    }

    pub(super) fn volume(&self, action: &str, id: &str) -> Request {
        let tags = self.ec2.volume(id).map(|record| record.volume.tags.clone());
        self.request(action, &self.arn("ec2", &format!("volume/{id}"))).tagged(&tags.unwrap_or_default())
    }

    pub(super) fn command(&self, request: &SendCommandRequest) -> Vec<Request> {
        const ACTION: &str = "ssm:SendCommand";
        // AWS's own documents belong to no account.
        let document = format!("arn:aws:ssm:{}::document/{}", self.region, request.document_name);
        let bucket = request.output_s3_bucket_name.iter().map(|bucket| format!("arn:aws:s3:::{bucket}"));
        let others = std::iter::once(document).chain(bucket).map(|arn| self.request(ACTION, &arn));
        others.chain(request.instance_ids.iter().map(|id| self.instance(ACTION, id))).collect()
    }
}

impl Request {
    /// The same about a resource with `tags`. SSM has a condition key of its own for them.
    fn tagged(mut self, tags: &[Tag]) -> Self {
        for Tag { key, value } in tags {
            for prefix in ["aws:ResourceTag", "ssm:resourceTag"] {
                self.context.insert(format!("{prefix}/{key}"), value.clone());
            }
        }
        self
    }
}
