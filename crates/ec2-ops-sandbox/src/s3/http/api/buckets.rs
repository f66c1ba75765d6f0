//! Operations on buckets, and listings.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CommonPrefix, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, ETag, EncodingType, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, s3_error};

use super::super::parameters::{only, unmodelled};
use super::super::region::SignedFor;
use super::{Answer, length, timestamp};
use crate::s3::object::hex;
use crate::s3::{ListObjectsV2, S3};

pub(super) fn create_bucket(
    store: &S3,
    mut request: S3Request<CreateBucketInput>,
) -> Answer<CreateBucketOutput> {
    let signed_for = SignedFor::take(&mut request)?;
    let input = only(request, &[])?;
    let configuration = input.create_bucket_configuration.unwrap_or_default();
    if configuration.bucket.is_some() || configuration.location.is_some() {
        return Err(unmodelled("a directory bucket's configuration"));
    }
    let constraint = configuration.location_constraint;
    let region = signed_for.location(constraint.as_ref().map(BucketLocationConstraint::as_str))?;
    store.create_bucket(&input.bucket, region)?;
    Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
}

pub(super) fn head_bucket(store: &S3, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
    let input = only(request, &[])?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(store.head_bucket(&input.bucket)?.region),
        ..HeadBucketOutput::default()
    }))
}

pub(super) fn list_buckets(store: &S3, request: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
    only(request, &[])?;
    let buckets = store.list_buckets().into_iter().map(|bucket| Bucket {
        bucket_region: Some(bucket.region),
        creation_date: Some(timestamp(bucket.creation_date)),
        name: Some(bucket.name),
    });
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        ..ListBucketsOutput::default()
    }))
}

pub(super) fn delete_bucket(store: &S3, request: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
    let input = only(request, &[])?;
    store.delete_bucket(&input.bucket)?;
    Ok(S3Response::new(DeleteBucketOutput {}))
}

pub(super) fn get_bucket_location(
    store: &S3,
    request: S3Request<GetBucketLocationInput>,
) -> Answer<GetBucketLocationOutput> {
    let input = only(request, &[&["location"]])?;
    // S3 names us-east-1 by saying nothing.
    let region = Some(store.head_bucket(&input.bucket)?.region).filter(|region| region != "us-east-1");
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: region.map(BucketLocationConstraint::from),
    }))
}

const LISTING: &[&str] =
    &["continuation-token", "delimiter", "encoding-type", "list-type", "max-keys", "prefix", "start-after"];

const FIRST_LISTING: &[&str] = &["delimiter", "encoding-type", "marker", "max-keys", "prefix"];

/// Version 1, which `Bucket.objects` of boto3 uses.
pub(super) fn list_objects(store: &S3, request: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
    let input = only(request, &[FIRST_LISTING])?;
    let query = ListObjectsV2 {
        prefix: input.prefix.as_deref().unwrap_or(""),
        delimiter: input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()),
        start_after: input.marker.as_deref().filter(|marker| !marker.is_empty()),
        max_keys: page_size(input.max_keys)?,
    };
    let page = store.list_objects_v2(&input.bucket, query)?;
    let encode = encoder(input.encoding_type.as_ref())?;
    let contents = page.contents.iter().map(|(key, object)| entry(encode(key), object));
    let prefixes = page.common_prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) });
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encode(query.prefix)),
        delimiter: query.delimiter.map(encode),
        marker: Some(encode(query.start_after.unwrap_or(""))),
        max_keys: i32::try_from(query.max_keys).ok(),
        is_truncated: Some(page.next.is_some()),
        // Without a delimiter the last key is the next marker, and S3 does not repeat it.
        next_marker: page.next.as_deref().filter(|_| query.delimiter.is_some()).map(encode),
        contents: Some(contents.collect()),
        common_prefixes: Some(prefixes.collect()),
        encoding_type: input.encoding_type,
        request_charged: None,
    }))
}

fn page_size(max_keys: Option<i32>) -> s3s::S3Result<usize> {
    let size = usize::try_from(max_keys.unwrap_or(1000));
    Ok(size.map_err(|_| s3_error!(InvalidArgument, "max-keys is at least 0, found {max_keys:?}"))?.min(1000))
}

pub(super) fn list_objects_v2(
    store: &S3,
    request: S3Request<ListObjectsV2Input>,
) -> Answer<ListObjectsV2Output> {
    let input = only(request, &[LISTING])?;
    let max_keys = page_size(input.max_keys)?;
    let resumed = input.continuation_token.as_deref().map(position).transpose()?;
    let query = ListObjectsV2 {
        prefix: input.prefix.as_deref().unwrap_or(""),
        delimiter: input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()),
        start_after: resumed.as_deref().or(input.start_after.as_deref()),
        max_keys,
    };
    let page = store.list_objects_v2(&input.bucket, query)?;
    let encode = encoder(input.encoding_type.as_ref())?;
    let contents: Vec<_> = page.contents.iter().map(|(key, object)| entry(encode(key), object)).collect();
    let prefixes: Vec<_> =
        page.common_prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) }).collect();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encode(query.prefix)),
        delimiter: query.delimiter.map(encode),
        start_after: input.start_after.as_deref().map(encode),
        max_keys: i32::try_from(max_keys).ok(),
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|next| hex(next.as_bytes())),
        continuation_token: input.continuation_token,
        contents: Some(contents),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        request_charged: None,
    }))
}

fn entry(key: String, object: &crate::s3::Object) -> Object {
    Object {
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        key: Some(key),
        last_modified: Some(timestamp(object.last_modified)),
        size: Some(length(object.body.len())),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

/// A continuation token is the last name of the page before, in hexadecimal digits.
fn position(token: &str) -> s3s::S3Result<String> {
    let fault = || s3_error!(InvalidArgument, "the continuation token {token} is not one of this service");
    let byte = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..token.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes.ok_or_else(fault)?).map_err(|_| fault())
}

fn encoder(encoding: Option<&EncodingType>) -> s3s::S3Result<fn(&str) -> String> {
    match encoding.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(url_encode),
        Some(other) => Err(s3_error!(InvalidArgument, "encoding-type is url, found {other}")),
    }
}

fn url_encode(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::with_capacity(name.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
