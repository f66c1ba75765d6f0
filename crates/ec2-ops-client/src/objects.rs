//! Buckets and objects, in the region of the deployment.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use jiff::Timestamp;

use crate::time::timestamp;
use crate::{Client, Error};

/// An object, as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `s3://BUCKET/KEY`.
    pub place: String,
    /// When it was written.
    pub written: Option<Timestamp>,
    /// Its size, in bytes.
    pub size: i64,
}

/// The region that S3 takes for granted, and refuses as a constraint.
const FIRST_REGION: &str = "us-east-1";

impl Client {
    /// At most `most` objects of `bucket` whose key begins with `prefix`, by key.
    ///
    /// # Errors
    /// Where S3 refuses it, or gives no answer.
    pub async fn objects(&self, bucket: &str, prefix: &str, most: i32) -> Result<Vec<Object>, Error> {
        let call = self.s3().list_objects_v2().bucket(bucket).prefix(prefix).max_keys(most);
        let listed = call.send().await.map_err(|error| Error::of_call("ListObjectsV2", &error))?;
        let read = |object: &aws_sdk_s3::types::Object| Object {
            place: format!("s3://{bucket}/{}", object.key().unwrap_or_default()),
            written: object.last_modified().map(timestamp),
            size: object.size().unwrap_or_default(),
        };
        Ok(listed.contents().iter().map(read).collect())
    }

    /// Creates `bucket` in `region`, if the account has none of that name.
    ///
    /// # Errors
    /// Where S3 refuses it, or gives no answer.
    pub async fn create_bucket(&self, bucket: &str, region: &str) -> Result<(), Error> {
        let constraint = (region != FIRST_REGION).then(|| {
            let constraint = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let call = self.s3().create_bucket().bucket(bucket).set_create_bucket_configuration(constraint);
        match call.send().await.map_err(|error| Error::of_call("CreateBucket", &error)) {
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            created => created.map(drop),
        }
    }

    /// The bytes of an object.
    pub(crate) async fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>, Error> {
        const ACTION: &str = "GetObject";
        let object = self.s3().get_object().bucket(bucket).key(key).send().await;
        let body = object.map_err(|error| Error::of_call(ACTION, &error))?.body.collect().await;
        let body = body.map_err(|error| Error::NoAnswer { action: ACTION, reason: error.to_string() })?;
        Ok(body.to_vec())
    }

    /// Writes an object.
    pub(crate) async fn put_object(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), Error> {
        let call = self.s3().put_object().bucket(bucket).key(key).body(ByteStream::from(body));
        call.send().await.map_err(|error| Error::of_call("PutObject", &error))?;
        Ok(())
    }
}
