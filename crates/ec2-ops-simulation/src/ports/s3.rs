//! S3: whether a promised object is there, and the lines of the ledger.

use std::ops::Range;

use ec2_ops::ids::Region;
use ec2_ops::ports::{FleetResults, KeptOutput, Ledger, Object, Objects, OutputTarget};
use jiff::Timestamp;

use super::{Answer, Gate, Ports};
use ec2_ops_sandbox::AwsError;
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
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        self.get(region, bucket, key, |size| at(range.start)..at(range.end).min(size)).await
    }

    async fn write(&self, region: &Region, bucket: &str, key: &str, body: Vec<u8>) -> Answer<()> {
        let effect = || self.account.s3.put_object(bucket, key, body);
        self.call(region.as_str(), "PutObject", On::NewObject { bucket, key }, effect).await.map(drop)
    }
}

impl<G: Gate> KeptOutput for Ports<G> {
    async fn end(&self, region: &Region, bucket: &str, key: &str, bytes: usize) -> Answer<String> {
        let end = self.get(region, bucket, key, |size| size.saturating_sub(bytes)..size).await?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    }
}

impl<G: Gate> Ports<G> {
    /// The bytes of an object in the range that `part` names for its size.
    async fn get(
        &self,
        region: &Region,
        bucket: &str,
        key: &str,
        part: impl FnOnce(usize) -> Range<usize> + Send,
    ) -> Answer<Vec<u8>> {
        let effect = || {
            let found = self.account.s3.get_object(bucket, key)?;
            let part = found.body.get(part(found.body.len())).filter(|part| !part.is_empty());
            part.map(<[u8]>::to_vec)
                .ok_or_else(|| AwsError::new(416, "InvalidRange", "no byte is in the range"))
        };
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
