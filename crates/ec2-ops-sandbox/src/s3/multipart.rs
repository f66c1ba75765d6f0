//! Multipart uploads, which the AWS CLI uses for files of 8 MiB and more.
//! See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};

use super::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use super::events::Reason;
use super::object::{NewObject, Object, hex, md5, whole_seconds};
use super::store::{BucketState, S3, check_key};
use super::upload::{CompletedPart, NewUpload, Part, Upload};
use crate::error::AwsError;

impl S3 {
    /// Begins an upload and returns its id.
    pub fn create_multipart_upload(
        &self,
        bucket: &str,
        key: &str,
        new: NewUpload,
    ) -> Result<String, AwsError> {
        check_key(key)?;
        let id = self.platform.uuid();
        self.in_bucket(bucket, |bucket| {
            let upload = Upload { key: key.to_owned(), new, parts: BTreeMap::new() };
            bucket.uploads.insert(id.clone(), upload);
            Ok(id)
        })
    }

    /// Stores a part, over any that has this number. `checksum` is that of the body, already verified.
    pub fn upload_part(
        &self,
        (bucket, key, upload_id): (&str, &str, &str),
        part_number: i32,
        body: Bytes,
        checksum: Option<Checksum>,
    ) -> Result<Part, AwsError> {
        if !(1..=10_000).contains(&part_number) {
            let message = format!("a part number is between 1 and 10000, found {part_number}");
            return Err(AwsError::new(400, "InvalidArgument", message));
        }
        let expected = self.in_bucket(bucket, |bucket| Ok(upload(bucket, key, upload_id)?.new.checksum))?;
        let md5 = md5(&body);
        let part = Part {
            e_tag: hex(&md5),
            last_modified: whole_seconds(self.platform.clock.now()),
            checksum: part_checksum(expected.map(|(algorithm, _)| algorithm), checksum, &body)?,
            body,
            md5,
        };
        self.in_bucket(bucket, |bucket| {
            upload(bucket, key, upload_id)?.parts.insert(part_number, part.clone());
            Ok(part)
        })
    }

    /// The parts that have arrived, by number.
    pub fn list_parts(
        &self,
        (bucket, key, upload_id): (&str, &str, &str),
    ) -> Result<Vec<(i32, Part)>, AwsError> {
        self.in_bucket(bucket, |bucket| {
            let parts = upload(bucket, key, upload_id)?.parts.iter();
            Ok(parts.map(|(number, part)| (*number, part.clone())).collect())
        })
    }

    /// Puts the named parts together; `InvalidPart`, `InvalidPartOrder` or `EntityTooSmall` if they do not fit.
    pub fn complete_multipart_upload(
        &self,
        (bucket, key, upload_id): (&str, &str, &str),
        named: &[CompletedPart],
    ) -> Result<Arc<Object>, AwsError> {
        let snapshot = self.in_bucket(bucket, |bucket| Ok(upload(bucket, key, upload_id)?.clone()))?;
        let parts = snapshot.select(named)?;
        let e_tags: Vec<u8> = parts.iter().flat_map(|part| part.md5).collect();
        let e_tag = format!("{}-{}", hex(&md5(&e_tags)), parts.len());
        let body = concatenate(&parts);
        let checksum = match snapshot.new.checksum {
            Some((algorithm, ChecksumType::FullObject)) => Some(algorithm.of(&body)),
            Some((algorithm, ChecksumType::Composite)) => Some(composite(algorithm, &parts)?),
            None => None,
        };
        let new = NewObject {
            body,
            content_type: snapshot.new.content_type,
            metadata: snapshot.new.metadata,
            checksum,
        };
        let object = Arc::new(Object::new(new, e_tag, self.platform.clock.now()));
        self.in_bucket(bucket, |bucket| {
            upload(bucket, key, upload_id)?;
            bucket.uploads.remove(upload_id);
            bucket.objects.insert(key.to_owned(), Arc::clone(&object));
            Ok(())
        })?;
        self.announce(bucket, key, &object, Reason::CompleteMultipartUpload);
        Ok(object)
    }

    /// Forgets an upload and its parts.
    pub fn abort_multipart_upload(
        &self,
        (bucket, key, upload_id): (&str, &str, &str),
    ) -> Result<(), AwsError> {
        self.in_bucket(bucket, |bucket| {
            upload(bucket, key, upload_id)?;
            bucket.uploads.remove(upload_id);
            Ok(())
        })
    }
}

fn upload<'b>(bucket: &'b mut BucketState, key: &str, upload_id: &str) -> Result<&'b mut Upload, AwsError> {
    bucket.uploads.get_mut(upload_id).filter(|upload| upload.key == key).ok_or_else(|| {
        AwsError::new(404, "NoSuchUpload", format!("there is no upload {upload_id} for the key {key}"))
    })
}

/// The checksum that the upload wants of each part, computed here if the caller did not send it.
fn part_checksum(
    wanted: Option<ChecksumAlgorithm>,
    sent: Option<Checksum>,
    body: &[u8],
) -> Result<Option<Checksum>, AwsError> {
    match (wanted, sent) {
        (Some(wanted), Some(sent)) if wanted != sent.algorithm => {
            let (wanted, found) = (wanted.name(), sent.algorithm.name());
            let message =
                format!("the upload was begun with {wanted} checksums, but this part has a {found} one");
            Err(AwsError::new(400, "InvalidRequest", message))
        }
        (Some(wanted), None) => Ok(Some(wanted.of(body))),
        (_, sent) => Ok(sent),
    }
}

fn concatenate(parts: &[&Part]) -> Bytes {
    if let [only] = parts {
        return only.body.clone();
    }
    let mut body = BytesMut::with_capacity(parts.iter().map(|part| part.body.len()).sum());
    for part in parts {
        body.extend_from_slice(&part.body);
    }
    body.freeze()
}

/// The checksum of the parts' checksums.
fn composite(algorithm: ChecksumAlgorithm, parts: &[&Part]) -> Result<Checksum, AwsError> {
    let mut digests = Vec::new();
    for sum in parts.iter().filter_map(|part| part.checksum.as_ref()) {
        let digest = BASE64.decode_to_vec(&sum.value).map_err(|fault| {
            let message = format!("a part's {} checksum is not base64: {fault}", algorithm.name());
            AwsError::new(400, "InvalidRequest", message)
        })?;
        digests.extend(digest);
    }
    Ok(Checksum {
        algorithm,
        kind: ChecksumType::Composite,
        value: format!("{}-{}", algorithm.of(&digests).value, parts.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{account, code};
    use crate::s3::upload::MIN_PART;

    fn named(part_number: i32, part: &Part) -> CompletedPart {
        CompletedPart { part_number, e_tag: part.e_tag.clone(), checksums: Vec::new() }
    }

    fn begun(new: NewUpload) -> (S3, String) {
        let s3 = account();
        s3.create_bucket("results", "us-east-1").unwrap();
        let id = s3.create_multipart_upload("results", "big", new).unwrap();
        (s3, id)
    }

    #[tokio::test(start_paused = true)]
    async fn parts_become_one_object_whatever_the_order_of_their_arrival() {
        let (s3, id) = begun(NewUpload {
            checksum: Some((ChecksumAlgorithm::Crc32, ChecksumType::Composite)),
            ..NewUpload::default()
        });
        let upload = ("results", "big", id.as_str());
        let last = s3.upload_part(upload, 2, Bytes::from_static(b"end"), None).unwrap();
        let first = s3.upload_part(upload, 1, vec![b'a'; MIN_PART].into(), None).unwrap();
        assert_eq!(code(s3.get_object("results", "big")), "NoSuchKey");

        s3.complete_multipart_upload(upload, &[named(1, &first), named(2, &last)]).unwrap();
        let object = s3.get_object("results", "big").unwrap();
        assert_eq!(object.body.len(), MIN_PART + 3);
        assert!(object.body.ends_with(b"aend"));
        assert!(object.e_tag.ends_with("-2"));
        assert!(object.checksum.as_ref().unwrap().value.ends_with("-2"));
        assert_eq!(code(s3.abort_multipart_upload(upload)), "NoSuchUpload");
    }

    #[tokio::test(start_paused = true)]
    async fn parts_that_do_not_fit_complete_nothing() {
        let (s3, id) = begun(NewUpload::default());
        let upload = ("results", "big", id.as_str());
        let one = s3.upload_part(upload, 1, Bytes::from_static(b"a"), None).unwrap();
        let two = s3.upload_part(upload, 2, Bytes::from_static(b"b"), None).unwrap();
        let complete = |parts: &[CompletedPart]| code(s3.complete_multipart_upload(upload, parts));
        assert_eq!(complete(&[named(1, &one), named(2, &two)]), "EntityTooSmall");
        assert_eq!(complete(&[named(2, &two), named(1, &one)]), "InvalidPartOrder");
        assert_eq!(complete(&[named(1, &two)]), "InvalidPart");
        assert_eq!(complete(&[named(3, &one)]), "InvalidPart");
        assert_eq!(complete(&[]), "MalformedXML");
        assert_eq!(code(s3.upload_part(upload, 10_001, Bytes::new(), None)), "InvalidArgument");
        assert_eq!(code(s3.get_object("results", "big")), "NoSuchKey");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_with_another_checksum_algorithm_is_refused() {
        let (s3, id) = begun(NewUpload {
            checksum: Some((ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject)),
            ..NewUpload::default()
        });
        let sum = ChecksumAlgorithm::Crc32.of(b"a");
        let refused = s3.upload_part(("results", "big", &id), 1, Bytes::from_static(b"a"), Some(sum));
        assert_eq!(code(refused), "InvalidRequest");
    }
}
