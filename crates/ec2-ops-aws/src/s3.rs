//! S3: whether a promised object exists, in whatever region its bucket is.

use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Error;
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::Region;
use ec2_ops::ports::{Object, Objects, OutputTarget};
use jiff::Timestamp;

use crate::error::{aws_error, timestamp, unexpected};
use crate::regional::Regional;

/// S3 in any region.
#[derive(Debug)]
pub struct S3(Regional<Client>);

impl S3 {
    /// S3 with the credentials and limits of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(Regional::new(config, client))
    }

    /// Makes `call` in `region`, and once more in the bucket's own region if S3 answers that the bucket is elsewhere.
    async fn call<T, E, Answer>(
        &self,
        region: &Region,
        call: impl Fn(Client) -> Answer,
    ) -> Result<T, SdkError<E>>
    where
        Answer: Future<Output = Result<T, SdkError<E>>>,
    {
        let answer = call(self.0.of(region)).await;
        match answer.as_ref().err().and_then(bucket_region) {
            Some(own) if own != *region => call(self.0.of(&own)).await,
            _ => answer,
        }
    }

    async fn head(&self, region: &Region, bucket: &str, key: &str) -> Result<Option<Object>, AwsError> {
        const ACTION: &str = "HeadObject";
        let head = |client: Client| client.head_object().bucket(bucket).key(key).send();
        match self.call(region, head).await {
            Ok(found) => object(ACTION, Some(key), found.last_modified, found.content_length).map(Some),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(refused(ACTION, bucket, error)),
        }
    }

    async fn list(
        &self,
        region: &Region,
        target: &OutputTarget,
        prefix: &str,
        enough: Timestamp,
    ) -> Result<Option<Object>, AwsError> {
        const ACTION: &str = "ListObjectsV2";
        let list = |client: Client| newest_listed(client, target, prefix, enough);
        match self.call(region, list).await {
            Ok(newest) => newest
                .map(|found| object(ACTION, found.key.as_deref(), found.last_modified, found.size))
                .transpose(),
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(None),
            Err(error) => Err(refused(ACTION, target.bucket(), error)),
        }
    }
}

impl Objects for S3 {
    async fn bucket_exists(&self, region: &Region, bucket: &str) -> Result<bool, AwsError> {
        let answer = self.0.of(region).head_bucket().bucket(bucket).send().await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) => match status(&error) {
                Some(404) => Ok(false),
                // The bucket is in another region.
                Some(301) => Ok(true),
                Some(400) if bucket_region(&error).is_some() => Ok(true),
                _ => Err(refused("HeadBucket", bucket, error)),
            },
        }
    }

    async fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> Result<Option<Object>, AwsError> {
        match target {
            OutputTarget::Key { bucket, key } => self.head(region, bucket, key).await,
            OutputTarget::Prefix { prefix, .. } => {
                self.list(region, target, prefix.trim_end_matches('/'), enough).await
            }
        }
    }
}

/// On AWS the bucket is part of the host name; a custom endpoint rarely has a wildcard DNS entry for that.
fn client(config: &SdkConfig) -> Client {
    let custom_endpoint =
        config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(custom_endpoint);
    Client::from_conf(config.build())
}

/// The newest object that `target` covers, from pages up to the first one with an object not older than `enough`.
async fn newest_listed(
    client: Client,
    target: &OutputTarget,
    prefix: &str,
    enough: Timestamp,
) -> Result<Option<aws_sdk_s3::types::Object>, SdkError<ListObjectsV2Error>> {
    let request = client.list_objects_v2().bucket(target.bucket()).prefix(prefix);
    let mut pages = request.into_paginator().send();
    let mut newest: Option<aws_sdk_s3::types::Object> = None;
    while let Some(page) = pages.next().await {
        let covered = page?.contents.unwrap_or_default().into_iter();
        newest = covered
            .filter(|object| object.key().is_some_and(|key| target.covers(key)))
            .chain(newest)
            .max_by_key(|object| object.last_modified);
        if newest
            .as_ref()
            .and_then(|object| object.last_modified)
            .is_some_and(|at| at.secs() >= enough.as_second())
        {
            break;
        }
    }
    Ok(newest)
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The bucket's region, which S3 names in a redirect. See <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn bucket_region<E>(error: &SdkError<E>) -> Option<Region> {
    let response = error.raw_response()?;
    matches!(response.status().as_u16(), 301 | 307 | 400)
        .then(|| response.headers().get("x-amz-bucket-region"))
        .flatten()
        .map(Region::new)
}

/// The error, with advice for a 403: the answer to a HEAD request has no message, and may also mean that the object does not
/// exist. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
fn refused<E>(action: &'static str, bucket: &str, error: SdkError<E>) -> AwsError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let forbidden = status(&error) == Some(403);
    let mut error = aws_error(action)(error);
    if forbidden {
        error.message = format!(
            "{}; bucket {bucket:?} needs s3:GetObject and s3:ListBucket (without the latter S3 refuses to say that an \
             object is absent)",
            error.message
        );
    }
    error
}

fn object(
    action: &'static str,
    key: Option<&str>,
    last_modified: Option<aws_sdk_s3::primitives::DateTime>,
    size: Option<i64>,
) -> Result<Object, AwsError> {
    let (Some(key), Some(last_modified), Some(size)) = (key, last_modified, size) else {
        return Err(unexpected(action, "an object without a key, a time or a size"));
    };
    // Whole seconds: HeadObject has no fractions, and ListObjectsV2 only zeros.
    let last_modified = timestamp(action, &last_modified)?.as_second();
    Ok(Object {
        key: key.to_owned(),
        last_modified: Timestamp::from_second(last_modified)
            .map_err(|error| unexpected(action, error.to_string()))?,
        size: u64::try_from(size).map_err(|error| unexpected(action, format!("size {size}: {error}")))?,
    })
}

#[cfg(test)]
mod tests;
