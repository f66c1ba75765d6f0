//! S3: whether a promised object exists, in whatever region its bucket is; what the rows of a fleet came to; what commands
//! printed; the ledger.

mod call;
mod listing;

use std::ops::Range;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use aws_types::SdkConfig;
use ec2_ops::AwsError;
use ec2_ops::ids::Region;
use ec2_ops::ports::{FleetResults, KeptOutput, Ledger, Object, Objects, OutputTarget};
use jiff::Timestamp;

use crate::error::{aws_error, timestamp, unexpected};
use call::{Answer, Call, Refusal};
use listing::{Listed, Page};

/// S3 in any region.
#[derive(Clone, Debug)]
pub struct S3(SdkConfig);

impl S3 {
    /// S3 with the credentials and limits of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(config.clone())
    }

    /// Makes `call` in `region`, and once more in the bucket's own region if S3 answers that the bucket is elsewhere.
    async fn anywhere(&self, region: &Region, call: Call) -> Result<Answer, Refusal> {
        let answer = call.clone().send(&self.0, region).await;
        let redirect = answer.as_ref().err().and_then(Refusal::raw_response).filter(|raw| is_redirect(raw));
        let own = match redirect.map(named_region) {
            None => None,
            // The answer to a HEAD request has no body that could name the region.
            Some(None) => self.bucket_region(region, &call.bucket).await,
            Some(named) => named,
        };
        match own {
            Some(own) if own != *region => call.send(&self.0, &own).await,
            _ => answer,
        }
    }

    /// The region that HeadBucket names: in a header, whether the bucket may be read or not. See
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
    async fn bucket_region(&self, region: &Region, bucket: &str) -> Option<Region> {
        match head_bucket(bucket).send(&self.0, region).await {
            Ok(found) => found.headers.get(BUCKET_REGION).map(Region::new),
            Err(error) => error.raw_response().and_then(named_region),
        }
    }

    async fn head(&self, region: &Region, bucket: &str, key: &str) -> Result<Option<Object>, AwsError> {
        const ACTION: &str = "HeadObject";
        let call = Call { action: ACTION, method: "HEAD", key: key.to_owned(), ..head_bucket(bucket) };
        match self.anywhere(region, call).await {
            Ok(found) => {
                let header = |name| found.headers.get(name);
                let at = header("last-modified").and_then(|at| DateTime::from_str(at, Format::HttpDate).ok());
                let size = header("content-length").and_then(|size| size.parse().ok());
                object(ACTION, Some(key), at, size).map(Some)
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(refused(ACTION, bucket, error)),
        }
    }

    /// The newest object that `target` covers, from pages up to the first one with an object not older than `enough`.
    async fn list(
        &self,
        region: &Region,
        target: &OutputTarget,
        prefix: &str,
        enough: Timestamp,
    ) -> Result<Option<Object>, AwsError> {
        const ACTION: &str = "ListObjectsV2";
        let query = [("list-type", "2".to_owned()), ("prefix", prefix.to_owned())];
        let (bucket, mut newest, mut next) = (target.bucket(), None::<Listed>, None);
        loop {
            let query = query.iter().cloned().chain(next.map(|token| ("continuation-token", token)));
            let bucket = bucket.to_owned();
            let call =
                Call { action: ACTION, method: "GET", bucket, query: query.collect(), ..Call::default() };
            let answer = match self.anywhere(region, call).await {
                Err(error) if error.code() == Some("NoSuchBucket") => return Ok(None),
                answer => answer.map_err(|error| refused(ACTION, target.bucket(), error))?,
            };
            let page = Page::read(&answer.body).map_err(|error| unexpected(ACTION, error.to_string()))?;
            let covered = page.contents.into_iter();
            newest = covered
                .filter(|object| object.key.as_ref().is_some_and(|key| target.covers(key)))
                .chain(newest)
                .max_by_key(|object| object.last_modified);
            let at = newest.as_ref().and_then(|object| object.last_modified);
            next = page.next;
            if next.is_none() || at.is_some_and(|at| at.secs() >= enough.as_second()) {
                let found =
                    |Listed { key, last_modified, size }| object(ACTION, key.as_deref(), last_modified, size);
                return newest.map(found).transpose();
            }
        }
    }

    /// The bytes of an object in `range`, which is that of HTTP.
    async fn get(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        range: String,
    ) -> Result<Vec<u8>, AwsError> {
        let call = Call {
            action: "GetObject",
            method: "GET",
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            header: Some(("range", range)),
            ..Call::default()
        };
        let action = call.action;
        call.send(&self.0, region).await.map(|answer| answer.body).map_err(aws_error(action))
    }

    async fn put(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let call = Call {
            action: "PutObject",
            method: "PUT",
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            header: Some(("content-type", "application/json".to_owned())),
            body,
            ..Call::default()
        };
        let action = call.action;
        call.send(&self.0, region).await.map(drop).map_err(aws_error(action))
    }
}

impl Objects for S3 {
    async fn bucket_exists(&self, region: &Region, bucket: &str) -> Result<bool, AwsError> {
        match self.anywhere(region, head_bucket(bucket)).await {
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
        self.get(region, bucket, key, range).await
    }

    async fn write(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        self.put(region, bucket, key, body).await
    }
}

impl KeptOutput for S3 {
    async fn end(&self, region: &Region, bucket: &str, key: &str, bytes: usize) -> Result<String, AwsError> {
        let body = self.get(region, bucket, key, format!("bytes=-{bytes}")).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

impl Ledger for S3 {
    async fn put_line(&self, region: &Region, bucket: &str, key: &str, line: &str) -> Result<(), AwsError> {
        self.put(region, bucket, key, line.as_bytes().to_vec()).await
    }
}

fn head_bucket(bucket: &str) -> Call {
    Call { action: "HeadBucket", method: "HEAD", bucket: bucket.to_owned(), ..Call::default() }
}

fn status(error: &Refusal) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether S3 says that the bucket may be in another region. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn is_redirect(answer: &HttpResponse) -> bool {
    matches!(answer.status().as_u16(), 301 | 307 | 400)
}

/// The bucket's own region, as far as an answer of S3 names it.
fn named_region(answer: &HttpResponse) -> Option<Region> {
    answer.headers().get(BUCKET_REGION).map(Region::new)
}

const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The error, with advice for a 403: the answer to a HEAD request has no message, and may also mean that the object does not
/// exist. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
fn refused(action: &'static str, bucket: &str, error: Refusal) -> AwsError {
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
    last_modified: Option<DateTime>,
    size: Option<u64>,
) -> Result<Object, AwsError> {
    // Whole seconds: HeadObject has no fractions, and ListObjectsV2 only zeros.
    let last_modified = last_modified
        .and_then(|time| timestamp(&time))
        .and_then(|time| Timestamp::from_second(time.as_second()).ok());
    let (Some(key), Some(last_modified)) = (key, last_modified) else {
        return Err(unexpected(action, "an object without a key or a time"));
    };
    Ok(Object { key: key.to_owned(), last_modified, size })
}

#[cfg(test)]
mod tests;
