//! S3: whether a promised object exists, in whatever region its bucket is; what the rows of a fleet came to; the ledger.

use std::error::Error;
use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Error;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::Region;
use ec2_ops::ports::{FleetResults, KeptOutput, Ledger, Object, Objects, OutputTarget};
use jiff::Timestamp;

use crate::error::{aws_error, timestamp, unexpected};
use crate::regional::Regional;

const GET_OBJECT: &str = "GetObject";

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
        bucket: &str,
        call: impl Fn(Client) -> Answer,
    ) -> Result<T, SdkError<E>>
    where
        Answer: Future<Output = Result<T, SdkError<E>>>,
    {
        let answer = call(self.0.of(region)).await;
        let redirect = answer.as_ref().err().and_then(SdkError::raw_response).filter(|raw| is_redirect(raw));
        let own = match redirect.map(named_region) {
            None => None,
            // The answer to a HEAD request has no body that could name the region.
            Some(None) => self.bucket_region(region, bucket).await,
            Some(named) => named,
        };
        match own {
            Some(own) if own != *region => call(self.0.of(&own)).await,
            _ => answer,
        }
    }

    /// The region that HeadBucket names: in a header, whether the bucket may be read or not. See
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
    async fn bucket_region(&self, region: &Region, bucket: &str) -> Option<Region> {
        match self.0.of(region).head_bucket().bucket(bucket).send().await {
            Ok(found) => found.bucket_region.map(Region::new),
            Err(error) => error.raw_response().and_then(named_region),
        }
    }

    async fn head(&self, region: &Region, bucket: &str, key: &str) -> Result<Option<Object>, AwsError> {
        const ACTION: &str = "HeadObject";
        let head = |client: Client| client.head_object().bucket(bucket).key(key).send();
        match self.call(region, bucket, head).await {
            Ok(found) => object(ACTION, Some(key), found.last_modified, found.content_length).map(Some),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(refused(ACTION, bucket, error)),
        }
    }

    /// The bytes of an object in `range`, which is that of HTTP.
    async fn part(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        range: String,
    ) -> Result<Vec<u8>, AwsError> {
        let request = self.0.of(region).get_object().bucket(bucket).key(key).range(range);
        let body = request.send().await.map_err(aws_error(GET_OBJECT))?.body;
        // A body that breaks off is a lost answer: the next try may get all of it.
        let lost =
            |error: ByteStreamError| AwsError::new(GET_OBJECT, "DispatchFailure", error.to_string(), None);
        Ok(body.collect().await.map_err(lost)?.to_vec())
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
        match self.call(region, target.bucket(), list).await {
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
        let head = |client: Client| client.head_bucket().bucket(bucket).send();
        match self.call(region, bucket, head).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(refused("HeadBucket", bucket, error)),
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

impl FleetResults for S3 {
    async fn read(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<Vec<u8>, AwsError> {
        // The last byte is part of a range of HTTP.
        let range = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        self.part(region, bucket, key, range).await
    }

    async fn write(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let request = self.0.of(region).put_object().bucket(bucket).key(key).content_type("application/json");
        request.body(ByteStream::from(body)).send().await.map(drop).map_err(aws_error("PutObject"))
    }
}

impl KeptOutput for S3 {
    async fn end(&self, region: &Region, bucket: &str, key: &str, bytes: usize) -> Result<String, AwsError> {
        let body = self.part(region, bucket, key, format!("bytes=-{bytes}")).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

impl Ledger for S3 {
    async fn put_line(&self, region: &Region, bucket: &str, key: &str, line: &str) -> Result<(), AwsError> {
        self.write(region, bucket, key, line.as_bytes().to_vec()).await
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

/// Whether S3 says that the bucket may be in another region. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn is_redirect(answer: &HttpResponse) -> bool {
    matches!(answer.status().as_u16(), 301 | 307 | 400)
}

/// The bucket's own region, as far as an answer of S3 names it.
fn named_region(answer: &HttpResponse) -> Option<Region> {
    answer.headers().get("x-amz-bucket-region").map(Region::new)
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
    // Whole seconds: HeadObject has no fractions, and ListObjectsV2 only zeros.
    let last_modified = last_modified
        .and_then(|time| timestamp(&time))
        .and_then(|time| Timestamp::from_second(time.as_second()).ok());
    let (Some(key), Some(last_modified)) = (key, last_modified) else {
        return Err(unexpected(action, "an object without a key or a time"));
    };
    let size = size.and_then(|size| u64::try_from(size).ok());
    Ok(Object { key: key.to_owned(), last_modified, size })
}

#[cfg(test)]
mod tests;
