//! Operations on objects.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, Metadata, MetadataDirective, PutObjectInput,
    PutObjectOutput, Range, ServerSideEncryption,
};
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use super::super::envelope::Content;
use super::super::parameters::{CONDITIONS, DESCRIPTION, DIGESTS, ENCRYPTION, only, unmodelled};
use super::{Answer, checksum_headers, length, timestamp};
use crate::s3::events::Reason;
use crate::s3::{NewObject, Object, S3};

/// The conditions of the input of `GetObject` or `HeadObject`.
macro_rules! conditions_of {
    ($input:ident) => {
        Conditions {
            if_match: $input.if_match,
            if_none_match: $input.if_none_match,
            if_modified_since: $input.if_modified_since,
            if_unmodified_since: $input.if_unmodified_since,
        }
    };
}

pub(super) fn put_object(store: &S3, mut request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
    let content = Content::take(&mut request)?;
    let input = only(request, &[DIGESTS, DESCRIPTION, &[ENCRYPTION]])?;
    let encryption = own_key(input.server_side_encryption)?;
    let new = NewObject {
        body: content.body,
        content_type: input.content_type,
        metadata: sorted(input.metadata),
        checksum: content.checksum,
    };
    let object = store.put_object(&input.bucket, &input.key, new)?;
    let output = PutObjectOutput {
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        server_side_encryption: Some(encryption),
        ..PutObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, checksum_headers(object.checksum.as_ref())))
}

pub(super) fn get_object(store: &S3, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
    let input = only(request, &[CONDITIONS, &["range", "x-amz-checksum-mode"]])?;
    let object = store.get_object(&input.bucket, &input.key)?;
    conditions_of!(input).check(&object)?;
    let (body, content_range) = part_of(&object.body, input.range)?;
    // The checksum is that of the whole object, so it does not go with a range.
    let headers = asked_checksum(&object, input.checksum_mode.is_some() && content_range.is_none());
    let output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(length(body.len())),
        content_range,
        content_type: Some(object.content_type.clone()),
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        last_modified: Some(timestamp(object.last_modified)),
        metadata: Some(unsorted(&object)),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        body: Some(Body::from(body).into()),
        ..GetObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, headers))
}

pub(super) fn head_object(store: &S3, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
    let input = only(request, &[CONDITIONS, &["range", "x-amz-checksum-mode"]])?;
    let object = store.get_object(&input.bucket, &input.key)?;
    conditions_of!(input).check(&object)?;
    let (body, content_range) = part_of(&object.body, input.range)?;
    let checksum = asked_checksum(&object, input.checksum_mode.is_some() && content_range.is_none());
    let output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(length(body.len())),
        content_range,
        content_type: Some(object.content_type.clone()),
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        last_modified: Some(timestamp(object.last_modified)),
        metadata: Some(unsorted(&object)),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..HeadObjectOutput::default()
    };
    Ok(S3Response::with_headers(output, checksum))
}

pub(super) fn copy_object(store: &S3, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
    let input =
        only(request, &[DESCRIPTION, &[ENCRYPTION, "x-amz-copy-source", "x-amz-metadata-directive"]])?;
    let encryption = own_key(input.server_side_encryption)?;
    let CopySource::Bucket { bucket, key, version_id: None } = &input.copy_source else {
        return Err(unmodelled("a copy source other than <bucket>/<key>"));
    };
    if key.is_empty() {
        return Err(s3_error!(InvalidArgument, "the copy source is <bucket>/<key>, found {bucket}/"));
    }
    let source = store.get_object(bucket, key)?;
    let replace = match input.metadata_directive.as_ref().map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => false,
        Some(MetadataDirective::REPLACE) => true,
        Some(other) => {
            return Err(s3_error!(
                InvalidArgument,
                "the metadata directive is COPY or REPLACE, found {other}"
            ));
        }
    };
    if !replace && **bucket == *input.bucket && **key == *input.key {
        return Err(s3_error!(InvalidRequest, "to copy an object to itself, replace its metadata"));
    }
    let (content_type, metadata) = if replace {
        (input.content_type, sorted(input.metadata))
    } else {
        (Some(source.content_type.clone()), source.metadata.clone())
    };
    let new = NewObject {
        body: source.body.clone(),
        content_type,
        metadata,
        // A copy is no longer made of parts, so its checksum is that of the whole, as its ETag is.
        checksum: source.checksum.as_ref().map(|checksum| checksum.algorithm.of(&source.body)),
    };
    let copy = store.write(&input.bucket, &input.key, new, Reason::CopyObject)?;
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(copy.e_tag.clone())),
            last_modified: Some(timestamp(copy.last_modified)),
            ..CopyObjectResult::default()
        }),
        server_side_encryption: Some(encryption),
        ..CopyObjectOutput::default()
    }))
}

pub(super) fn delete_object(store: &S3, request: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
    let input = only(request, &[])?;
    store.delete_object(&input.bucket, &input.key)?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub(super) fn delete_objects(
    store: &S3,
    request: S3Request<DeleteObjectsInput>,
) -> Answer<DeleteObjectsOutput> {
    let input = only(request, &[DIGESTS, &["delete"]])?;
    let named = input.delete.objects;
    if !(1..=1000).contains(&named.len()) {
        return Err(s3_error!(MalformedXML, "name 1 to 1000 objects to delete, found {}", named.len()));
    }
    if named.iter().any(|named| named.key.is_empty()) {
        return Err(s3_error!(MalformedXML, "an object to delete has no key"));
    }
    let conditional = |named: &s3s::dto::ObjectIdentifier| {
        named.version_id.is_some()
            || named.e_tag.is_some()
            || named.last_modified_time.is_some()
            || named.size.is_some()
    };
    if named.iter().any(conditional) {
        return Err(unmodelled("VersionId, ETag, LastModifiedTime or Size"));
    }
    let mut deleted = Vec::with_capacity(named.len());
    for object in named {
        store.delete_object(&input.bucket, &object.key)?;
        deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (input.delete.quiet != Some(true)).then_some(deleted),
        ..DeleteObjectsOutput::default()
    }))
}

/// Which encryption an object gets: that with S3's own keys.
pub(super) fn own_key(asked: Option<ServerSideEncryption>) -> S3Result<ServerSideEncryption> {
    match asked {
        Some(other) if other.as_str() != ServerSideEncryption::AES256 => {
            Err(unmodelled(&format!("the encryption {}", other.as_str())))
        }
        _ => Ok(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
    }
}

/// The conditions of a read. See
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
///
/// The AWS CLI names the `ETag` in each of the ranges in which it downloads a large object.
#[expect(clippy::struct_field_names, reason = "the names are those of the headers")]
struct Conditions {
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<s3s::dto::Timestamp>,
    if_unmodified_since: Option<s3s::dto::Timestamp>,
}

impl Conditions {
    /// A condition on the `ETag` counts more than one on the time.
    fn check(&self, object: &Object) -> S3Result<()> {
        let same = |condition: &ETagCondition| match condition {
            ETagCondition::ETag(wanted) => wanted.as_strong() == Some(&object.e_tag),
            ETagCondition::Any => true,
        };
        let modified = timestamp(object.last_modified);
        let changed = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => !same(condition),
            (None, Some(since)) => modified > *since,
            (None, None) => false,
        };
        if changed {
            return Err(s3_error!(PreconditionFailed, "the object's ETag is {:?}", object.e_tag));
        }
        let known = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => same(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if known { Err(s3_error!(NotModified)) } else { Ok(()) }
    }
}

/// The bytes that `range` selects, shared and not copied, and the `Content-Range` to go with them.
fn part_of(body: &Bytes, range: Option<Range>) -> S3Result<(Bytes, Option<String>)> {
    let Some(range) = range else {
        return Ok((body.clone(), None));
    };
    let total = body.len();
    // The last bytes of an empty object are no bytes.
    let selected = range.check(total as u64).ok().filter(|selected| !selected.is_empty());
    let selected = selected
        .ok_or_else(|| s3_error!(InvalidRange, "the object has {total} bytes, none of them in the range"))?;
    let index = |at: u64| usize::try_from(at).unwrap_or(total);
    let content_range = format!("bytes {}-{}/{total}", selected.start, selected.end - 1);
    Ok((body.slice(index(selected.start)..index(selected.end)), Some(content_range)))
}

fn asked_checksum(object: &Object, asked: bool) -> HeaderMap {
    checksum_headers(object.checksum.as_ref().filter(|_| asked))
}

/// The metadata of a request, in the store's order.
pub(super) fn sorted(metadata: Option<Metadata>) -> BTreeMap<String, String> {
    metadata.unwrap_or_default().into_iter().collect()
}

fn unsorted(object: &Object) -> Metadata {
    object.metadata.clone().into_iter().collect()
}
