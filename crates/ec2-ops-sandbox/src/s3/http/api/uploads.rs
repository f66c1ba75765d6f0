//! Multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ListPartsInput, ListPartsOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::super::envelope::Content;
use super::super::parameters::{DESCRIPTION, DIGESTS, ENCRYPTION, only};
use super::objects::{own_key, sorted};
use super::{Answer, checksum_headers, length, timestamp};
use crate::s3::{Checksum, ChecksumAlgorithm, ChecksumType, CompletedPart, NewUpload, S3};

pub(super) fn create_multipart_upload(
    store: &S3,
    request: S3Request<CreateMultipartUploadInput>,
) -> Answer<CreateMultipartUploadOutput> {
    let checksum: &[&str] = &["uploads", "x-amz-checksum-algorithm", "x-amz-checksum-type"];
    let input = only(request, &[DESCRIPTION, checksum, &[ENCRYPTION]])?;
    let encryption = own_key(input.server_side_encryption)?;
    let algorithm = input.checksum_algorithm.as_ref().map(|name| algorithm(name.as_str())).transpose()?;
    let kind = input.checksum_type.as_ref().map(|name| kind(name.as_str())).transpose()?;
    if algorithm.is_none() && kind.is_some() {
        return Err(s3_error!(InvalidRequest, "a checksum type needs a checksum algorithm"));
    }
    let new = NewUpload {
        content_type: input.content_type,
        metadata: sorted(input.metadata),
        checksum: algorithm.map(|algorithm| (algorithm, kind.unwrap_or(algorithm.default_type()))),
    };
    let upload_id = store.create_multipart_upload(&input.bucket, &input.key, new)?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        server_side_encryption: Some(encryption),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) fn upload_part(store: &S3, mut request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
    let content = Content::take(&mut request)?;
    let input = only(request, &[DIGESTS, &["partNumber", "uploadId"]])?;
    let upload = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
    let part = store.upload_part(upload, input.part_number, content.body, content.checksum)?;
    let output = UploadPartOutput { e_tag: Some(ETag::Strong(part.e_tag)), ..UploadPartOutput::default() };
    Ok(S3Response::with_headers(output, checksum_headers(part.checksum.as_ref())))
}

pub(super) fn complete_multipart_upload(
    store: &S3,
    request: S3Request<CompleteMultipartUploadInput>,
) -> Answer<CompleteMultipartUploadOutput> {
    let input = only(request, &[&["uploadId"]])?;
    let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let parts = parts.into_iter().map(completed).collect::<S3Result<Vec<_>>>()?;
    let upload = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
    let object = store.complete_multipart_upload(upload, &parts)?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        ..CompleteMultipartUploadOutput::default()
    };
    if let Some(checksum) = &object.checksum {
        tell(&mut output, checksum);
    }
    Ok(S3Response::new(output))
}

pub(super) fn list_parts(store: &S3, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
    let input = only(request, &[&["max-parts", "part-number-marker", "uploadId"]])?;
    let most = usize::try_from(input.max_parts.unwrap_or(1000));
    let most = most.map_err(|_| s3_error!(InvalidArgument, "max-parts is at least 0"))?.min(1000);
    let parts = store.list_parts((&input.bucket, &input.key, &input.upload_id))?;
    let after = input.part_number_marker.unwrap_or(0);
    let mut rest = parts.into_iter().filter(|(number, _)| *number > after).peekable();
    let page: Vec<_> = rest.by_ref().take(most).collect();
    let is_truncated = rest.peek().is_some();
    let last = page.last().map(|(number, _)| *number);
    let parts = page.into_iter().map(|(number, part)| s3s::dto::Part {
        part_number: Some(number),
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        size: Some(length(part.size())),
        last_modified: Some(timestamp(part.last_modified)),
        ..s3s::dto::Part::default()
    });
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: last,
        max_parts: i32::try_from(most).ok(),
        is_truncated: Some(is_truncated),
        parts: Some(parts.collect()),
        ..ListPartsOutput::default()
    }))
}

pub(super) fn abort_multipart_upload(
    store: &S3,
    request: S3Request<AbortMultipartUploadInput>,
) -> Answer<AbortMultipartUploadOutput> {
    let input = only(request, &[&["uploadId"]])?;
    store.abort_multipart_upload((&input.bucket, &input.key, &input.upload_id))?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

fn completed(part: s3s::dto::CompletedPart) -> S3Result<CompletedPart> {
    let (Some(part_number), Some(e_tag)) = (part.part_number, part.e_tag) else {
        return Err(s3_error!(MalformedXML, "each part to complete has a PartNumber and an ETag"));
    };
    let checksums = [
        (ChecksumAlgorithm::Crc32, part.checksum_crc32),
        (ChecksumAlgorithm::Crc32c, part.checksum_crc32c),
        (ChecksumAlgorithm::Crc64Nvme, part.checksum_crc64nvme),
        (ChecksumAlgorithm::Sha1, part.checksum_sha1),
        (ChecksumAlgorithm::Sha256, part.checksum_sha256),
    ];
    Ok(CompletedPart {
        part_number,
        e_tag: e_tag.into_value(),
        checksums: checksums.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?))).collect(),
    })
}

/// In this answer the checksum is in the XML, not in a header.
fn tell(output: &mut CompleteMultipartUploadOutput, checksum: &Checksum) {
    let place = match checksum.algorithm {
        ChecksumAlgorithm::Crc32 => &mut output.checksum_crc32,
        ChecksumAlgorithm::Crc32c => &mut output.checksum_crc32c,
        ChecksumAlgorithm::Crc64Nvme => &mut output.checksum_crc64nvme,
        ChecksumAlgorithm::Sha1 => &mut output.checksum_sha1,
        ChecksumAlgorithm::Sha256 => &mut output.checksum_sha256,
    };
    *place = Some(checksum.value.clone());
    output.checksum_type = Some(checksum.kind.name().to_owned().into());
}

fn algorithm(name: &str) -> S3Result<ChecksumAlgorithm> {
    let known = ChecksumAlgorithm::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| s3_error!(InvalidRequest, "there is no checksum algorithm {name}"))
}

fn kind(name: &str) -> S3Result<ChecksumType> {
    let known = [ChecksumType::Composite, ChecksumType::FullObject];
    let known = known.into_iter().find(|known| known.name() == name);
    known
        .ok_or_else(|| s3_error!(InvalidRequest, "a checksum type is COMPOSITE or FULL_OBJECT, found {name}"))
}
