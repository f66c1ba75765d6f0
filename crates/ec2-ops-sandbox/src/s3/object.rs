//! The objects in a bucket.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest as _, Md5};

use super::Checksum;

/// An object as it is handed to `PutObject`. `Bytes` alone convert into one without a type or metadata.
#[derive(Clone, Debug, Default)]
pub struct NewObject {
    /// The content.
    pub body: Bytes,
    /// `Content-Type`; S3 itself reports `binary/octet-stream` where none was given.
    pub content_type: Option<String>,
    /// The user's metadata, without the `x-amz-meta-` prefix.
    pub metadata: BTreeMap<String, String>,
    /// The checksum that came with the body, already verified.
    pub checksum: Option<Checksum>,
}

impl<T: Into<Bytes>> From<T> for NewObject {
    fn from(body: T) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}

/// An object as a bucket holds it.
#[derive(Clone, Debug)]
pub struct Object {
    /// The content; its length is the object's size.
    pub body: Bytes,
    /// The entity tag without quotes: the MD5 of the body, or `<md5 of the parts' MD5s>-<number of parts>`.
    pub e_tag: String,
    /// When it was written, in whole seconds, as S3 reports it.
    pub last_modified: Timestamp,
    /// `Content-Type`.
    pub content_type: String,
    /// The user's metadata, without the `x-amz-meta-` prefix.
    pub metadata: BTreeMap<String, String>,
    /// The checksum that was sent with it. Where none was sent there is none, while S3 would compute a CRC64NVME.
    pub checksum: Option<Checksum>,
}

impl Object {
    pub(super) fn new(new: NewObject, e_tag: String, now: Timestamp) -> Self {
        Self {
            body: new.body,
            e_tag,
            last_modified: whole_seconds(now),
            content_type: new.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()),
            metadata: new.metadata,
            checksum: new.checksum,
        }
    }
}

/// `moment` without its fraction of a second.
pub(super) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// The MD5 of `content`.
pub(super) fn md5(content: &[u8]) -> [u8; 16] {
    Md5::digest(content).into()
}

/// `bytes` in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
