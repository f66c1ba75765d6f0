//! S3: whether a promised object is there, and the lines of the ledger.

use std::ops::Range;
use std::sync::Arc;

use ec2_ops::ids::Region;
use ec2_ops::ports::{FleetResults, KeptOutput, Ledger, Object, Objects, OutputTarget};
use jiff::Timestamp;

use super::{Answer, Gate, Ports};
use ec2_ops_sandbox::iam::On;
use ec2_ops_sandbox::s3::ListObjectsV2;

impl<G: Gate> Objects for Ports<G> {
    async fn bucket_exists(&self, region: &Region, bucket: &str) -> Answer<bool> {
        let effect = || self.account.s3.head_bucket(bucket);
        match self.call(region.as_str(), "HeadBucket", On::Bucket(bucket), effect).await {
            Ok(_) => Ok(true),
            Err(error) if error.code == "NotFound" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn newest(
        &self,
        region: &Region,
        target: &OutputTarget,
        enough: Timestamp,
    ) -> Answer<Option<Object>> {
        match target {
            OutputTarget::Key { bucket, key } => {
                let effect = || self.account.s3.get_object(bucket, key);
                match self.call(region.as_str(), "HeadObject", On::Object { bucket, key }, effect).await {
                    Ok(found) => object(key, &found).map(Some),
                    Err(error) if error.code == "NotFound" => Ok(None),
                    Err(error) => Err(error),
                }
            }
            OutputTarget::Prefix { prefix, .. } => {
                match self.newest_listed(region, target, prefix.trim_end_matches('/'), enough).await {
                    Err(error) if error.code == "NoSuchBucket" => Ok(None),
                    answer => answer,
                }
            }
        }
    }
}

impl<G: Gate> FleetResults for Ports<G> {
    async fn read(&self, region: &Region, bucket: &str, key: &str, range: Range<u64>) -> Answer<Vec<u8>> {
        let found = self.get(region, bucket, key).await?;
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(found.body.len());
        Ok(found.body[at(range.start)..at(range.end)].to_vec())
    }

    async fn write(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Answer<()> {
        let effect = || self.account.s3.put_object(bucket, key, body);
        self.call(region.as_str(), "PutObject", On::NewObject { bucket, key }, effect).await.map(drop)
    }
}

impl<G: Gate> KeptOutput for Ports<G> {
    async fn end(&self, region: &Region, bucket: &str, key: &str, bytes: usize) -> Answer<String> {
        let found = self.get(region, bucket, key).await?;
        let end = &found.body[found.body.len().saturating_sub(bytes)..];
        Ok(String::from_utf8_lossy(end).into_owned())
    }
}

impl<G: Gate> Ports<G> {
    async fn get(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
    ) -> Answer<Arc<ec2_ops_sandbox::s3::Object>> {
        let effect = || self.account.s3.get_object(bucket, key);
        self.call(region.as_str(), "GetObject", On::Object { bucket, key }, effect).await
    }

    /// The newest of all objects that `target` covers, page by page until one is not older than `enough`.
    async fn newest_listed(
        &self,
        region: &Region,
        target: &OutputTarget,
        prefix: &str,
        enough: Timestamp,
    ) -> Answer<Option<Object>> {
        let bucket = target.bucket();
        let (mut newest, mut after) = (None::<Object>, None);
        loop {
            let query = ListObjectsV2 { prefix, start_after: after.as_deref(), ..ListObjectsV2::default() };
            let effect = || self.account.s3.list_objects_v2(bucket, query);
            let page = self.call(region.as_str(), "ListObjectsV2", On::Bucket(bucket), effect).await?;
            for (key, found) in page.contents.iter().filter(|(key, _)| target.covers(key)) {
                newest = newest.into_iter().chain([object(key, found)?]).max_by_key(|o| o.last_modified);
            }
            after = page.next;
            if after.is_none() || newest.as_ref().is_some_and(|object| object.last_modified >= enough) {
                return Ok(newest);
            }
        }
    }
}

impl<G: Gate> Ledger for Ports<G> {
    async fn put_line(&self, region: &Region, bucket: &str, key: &str, line: &str) -> Answer<()> {
        let effect = || self.account.s3.put_object(bucket, key, line.as_bytes().to_vec()).map(drop);
        self.call(region.as_str(), "PutObject", On::NewObject { bucket, key }, effect).await
    }
}

/// S3's times have whole seconds.
fn object(key: &str, found: &ec2_ops_sandbox::s3::Object) -> Result<Object, ec2_ops::AwsError> {
    let last_modified = Timestamp::from_second(found.last_modified.as_second())
        .map_err(|error| super::unexpected("HeadObject", &error.to_string()))?;
    Ok(Object { key: key.to_owned(), last_modified, size: Some(found.body.len() as u64) })
}
