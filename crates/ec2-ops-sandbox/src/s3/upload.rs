//! A multipart upload under way, and its parts.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::AwsError;

/// The least size of every part but the last.
pub(super) const MIN_PART: usize = 5 * 1024 * 1024;

/// The properties of the future object, given at `CreateMultipartUpload`.
#[derive(Clone, Debug, Default)]
pub struct NewUpload {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The user's metadata, without the `x-amz-meta-` prefix.
    pub metadata: BTreeMap<String, String>,
    /// The checksum that the object will carry.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A part that was uploaded.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its entity tag, without quotes: the MD5 of the body.
    pub e_tag: String,
    /// Its checksum, where the upload or the request asked for one.
    pub checksum: Option<Checksum>,
    /// When it was uploaded.
    pub last_modified: Timestamp,
    pub(super) body: Bytes,
    pub(super) md5: [u8; 16],
}

impl Part {
    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// A part as `CompleteMultipartUpload` names it.
#[derive(Clone, Debug)]
pub struct CompletedPart {
    /// 1 to 10,000.
    pub part_number: i32,
    /// What the upload of the part answered, without quotes.
    pub e_tag: String,
    /// The checksums that the caller believes it to have.
    pub checksums: Vec<(ChecksumAlgorithm, String)>,
}

/// An upload under way. Cloning it shares the parts' bodies.
#[derive(Clone)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) new: NewUpload,
    pub(super) parts: BTreeMap<i32, Part>,
}

impl Upload {
    /// The parts that the caller names, if they fit together.
    pub(super) fn select(&self, named: &[CompletedPart]) -> Result<Vec<&Part>, AwsError> {
        if named.is_empty() {
            return Err(AwsError::new(400, "MalformedXML", "name at least one part to complete the upload"));
        }
        if !named.is_sorted_by(|a, b| a.part_number < b.part_number) {
            return Err(AwsError::new(
                400,
                "InvalidPartOrder",
                "name the parts in the order of their numbers",
            ));
        }
        let parts = named.iter().map(|named| self.part(named)).collect::<Result<Vec<_>, _>>()?;
        let small = parts.iter().rev().skip(1).find(|part| part.body.len() < MIN_PART);
        match small {
            Some(part) => Err(AwsError::new(
                400,
                "EntityTooSmall",
                format!("every part but the last has at least {MIN_PART} bytes, found {}", part.body.len()),
            )),
            None => Ok(parts),
        }
    }

    fn part(&self, named: &CompletedPart) -> Result<&Part, AwsError> {
        let agrees = |part: &&Part| {
            let sums = &named.checksums;
            part.e_tag == named.e_tag
                && sums.iter().all(|(algorithm, value)| {
                    part.checksum
                        .as_ref()
                        .is_some_and(|sum| sum.algorithm == *algorithm && sum.value == *value)
                })
        };
        self.parts.get(&named.part_number).filter(agrees).ok_or_else(|| {
            let message =
                format!("part {} was not uploaded, or not with this ETag and checksum", named.part_number);
            AwsError::new(400, "InvalidPart", message)
        })
    }
}
