//! The model's state: buckets and their objects.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use ec2_ops_limits::s3::{MAX_KEY_BYTES, bucket_name_rule};
use jiff::Timestamp;

use super::events::Reason;
use super::object::{NewObject, Object, hex, md5, whole_seconds};
use super::upload::Upload;
use crate::error::AwsError;
use crate::lock::lock;
use crate::platform::Platform;

const DEFAULT_REGION: &str = "us-east-1";

/// The S3 of one account.
pub struct S3 {
    pub(super) platform: Arc<Platform>,
    buckets: Mutex<BTreeMap<String, BucketState>>,
    /// How many objects were made; numbers the events.
    pub(super) written: AtomicU64,
}

/// A bucket, as `ListBuckets` and `HeadBucket` describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region it lives in.
    pub region: String,
    /// When it was created, in whole seconds.
    pub creation_date: Timestamp,
}

pub(super) struct BucketState {
    region: String,
    creation_date: Timestamp,
    pub(super) objects: BTreeMap<String, Arc<Object>>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

impl S3 {
    /// An S3 without buckets.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform, buckets: Mutex::default(), written: AtomicU64::new(1) }
    }

    /// Creates a bucket in `region`.
    ///
    /// Creating one's own bucket again is `BucketAlreadyOwnedByYou`, except in us-east-1, where S3 accepts it.
    /// See <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
    pub fn create_bucket(&self, name: &str, region: &str) -> Result<(), AwsError> {
        if let Some(rule) = bucket_name_rule(name) {
            let message = format!("found {name:?}, but a bucket name {rule}");
            return Err(AwsError::new(400, "InvalidBucketName", message));
        }
        let mut buckets = lock(&self.buckets);
        if let Some(present) = buckets.get(name) {
            return if region == DEFAULT_REGION && present.region == DEFAULT_REGION {
                Ok(())
            } else {
                Err(AwsError::new(
                    409,
                    "BucketAlreadyOwnedByYou",
                    format!("you already own the bucket {name}, in {}", present.region),
                ))
            };
        }
        let bucket = BucketState {
            region: region.to_owned(),
            creation_date: whole_seconds(self.platform.clock.now()),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    /// Describes a bucket, or `NoSuchBucket`.
    pub fn head_bucket(&self, name: &str) -> Result<Bucket, AwsError> {
        self.in_bucket(name, |bucket| Ok(bucket.describe(name)))
    }

    /// All buckets, by name.
    pub fn list_buckets(&self) -> Vec<Bucket> {
        lock(&self.buckets).iter().map(|(name, bucket)| bucket.describe(name)).collect()
    }

    /// Deletes a bucket; `BucketNotEmpty` while it holds objects. Its unfinished uploads go with it.
    pub fn delete_bucket(&self, name: &str) -> Result<(), AwsError> {
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
        if !bucket.objects.is_empty() {
            let message = format!("the bucket {name} still holds {} objects", bucket.objects.len());
            return Err(AwsError::new(409, "BucketNotEmpty", message));
        }
        buckets.remove(name);
        Ok(())
    }

    /// Writes an object, over any that has this key.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        object: impl Into<NewObject>,
    ) -> Result<Arc<Object>, AwsError> {
        self.write(bucket, key, object.into(), Reason::PutObject)
    }

    /// Writes an object, and announces it.
    pub(super) fn write(
        &self,
        bucket: &str,
        key: &str,
        new: NewObject,
        reason: Reason,
    ) -> Result<Arc<Object>, AwsError> {
        check_key(key)?;
        let e_tag = hex(&md5(&new.body));
        let object = Arc::new(Object::new(new, e_tag, self.platform.clock.now()));
        self.in_bucket(bucket, |bucket| {
            bucket.objects.insert(key.to_owned(), Arc::clone(&object));
            Ok(())
        })?;
        self.announce(bucket, key, &object, reason);
        Ok(object)
    }

    /// The object under `key`, its body shared and not copied, or `NoSuchKey`. Answers `HeadObject` too.
    pub fn get_object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, AwsError> {
        self.in_bucket(bucket, |bucket| {
            bucket.objects.get(key).cloned().ok_or_else(|| {
                AwsError::new(404, "NoSuchKey", format!("there is no object with the key {key}"))
            })
        })
    }

    /// Deletes an object. That it was not there is success, as in S3.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<(), AwsError> {
        self.in_bucket(bucket, |bucket| {
            bucket.objects.remove(key);
            Ok(())
        })
    }

    /// Runs `action` on the bucket under the lock; keep it short, and hash outside.
    pub(super) fn in_bucket<T>(
        &self,
        name: &str,
        action: impl FnOnce(&mut BucketState) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut buckets = lock(&self.buckets);
        action(buckets.get_mut(name).ok_or_else(|| no_such_bucket(name))?)
    }
}

impl BucketState {
    fn describe(&self, name: &str) -> Bucket {
        Bucket { name: name.to_owned(), region: self.region.clone(), creation_date: self.creation_date }
    }
}

fn no_such_bucket(name: &str) -> AwsError {
    AwsError::new(404, "NoSuchBucket", format!("the bucket {name} does not exist"))
}

pub(super) fn check_key(key: &str) -> Result<(), AwsError> {
    match key.len() {
        0 => Err(AwsError::new(400, "InvalidArgument", "an object key has at least one character")),
        1..=MAX_KEY_BYTES => Ok(()),
        found => Err(AwsError::new(
            400,
            "KeyTooLongError",
            format!("an object key has at most {MAX_KEY_BYTES} bytes, found {found}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::s3::testing::{account, code};

    #[tokio::test(start_paused = true)]
    async fn an_object_comes_back_as_it_was_put() {
        let s3 = account();
        s3.create_bucket("results", "eu-west-1").unwrap();
        s3.put_object("results", "run/out.nc", "hello").unwrap();

        let object = s3.get_object("results", "run/out.nc").unwrap();
        assert_eq!(object.body, "hello");
        assert_eq!(object.e_tag, "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(object.content_type, "binary/octet-stream");
        assert_eq!(s3.head_bucket("results").unwrap().region, "eu-west-1");
    }

    #[tokio::test(start_paused = true)]
    async fn last_modified_is_the_second_of_the_last_write() {
        let s3 = account();
        s3.create_bucket("results", "us-east-1").unwrap();
        let first = s3.put_object("results", "k", "a").unwrap().last_modified;
        tokio::time::advance(Duration::from_millis(1700)).await;
        let second = s3.put_object("results", "k", "b").unwrap().last_modified;
        assert_eq!(second.as_second() - first.as_second(), 1);
        assert_eq!(second.subsec_nanosecond(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_has_a_code_of_its_own() {
        let s3 = account();
        assert_eq!(code(s3.get_object("absent", "k")), "NoSuchBucket");
        assert_eq!(code(s3.put_object("absent", "k", "")), "NoSuchBucket");
        s3.create_bucket("results", "us-east-1").unwrap();
        assert_eq!(code(s3.get_object("results", "k")), "NoSuchKey");
        s3.delete_object("results", "k").unwrap();
        assert_eq!(code(s3.put_object("results", &"k".repeat(1025), "")), "KeyTooLongError");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_is_created_once_except_in_us_east_1() {
        let s3 = account();
        s3.create_bucket("classic", "us-east-1").unwrap();
        s3.create_bucket("classic", "us-east-1").unwrap();
        assert_eq!(code(s3.create_bucket("classic", "eu-west-1")), "BucketAlreadyOwnedByYou");
        s3.create_bucket("other", "eu-west-1").unwrap();
        assert_eq!(code(s3.create_bucket("other", "eu-west-1")), "BucketAlreadyOwnedByYou");
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_empty_bucket_is_deleted() {
        let s3 = account();
        s3.create_bucket("results", "us-east-1").unwrap();
        s3.put_object("results", "k", "a").unwrap();
        assert_eq!(code(s3.delete_bucket("results")), "BucketNotEmpty");
        s3.delete_object("results", "k").unwrap();
        s3.delete_bucket("results").unwrap();
        assert_eq!(code(s3.head_bucket("results")), "NoSuchBucket");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_has_a_name_that_s3_allows() {
        assert_eq!(code(account().create_bucket("Upper", "us-east-1")), "InvalidBucketName");
    }
}
