//! The additional checksums of S3, which current SDKs send with every upload.
//! See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// `CRC32`, the default of the AWS CLI and boto3.
    Crc32,
    /// `CRC32C`.
    Crc32c,
    /// `CRC64NVME`.
    Crc64Nvme,
    /// `SHA1`.
    Sha1,
    /// `SHA256`.
    Sha256,
}

/// What the checksum of a multipart object covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumType {
    /// The checksums of the parts, one after the other.
    Composite,
    /// The whole content.
    FullObject,
}

/// A checksum of an object or a part, as S3 writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// What it covers.
    pub kind: ChecksumType,
    /// Base64 of the digest; a composite one is followed by `-` and the number of parts.
    pub value: String,
}

impl ChecksumAlgorithm {
    /// Every algorithm that S3 knows.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// AWS's own name: `CRC32`, `CRC32C`, `CRC64NVME`, `SHA1` or `SHA256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that carries the value, in lower case.
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// What a multipart object's checksum covers unless the upload says otherwise.
    pub fn default_type(self) -> ChecksumType {
        match self {
            Self::Crc64Nvme => ChecksumType::FullObject,
            _ => ChecksumType::Composite,
        }
    }

    /// The checksum of `content`.
    pub fn of(self, content: &[u8]) -> Checksum {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher.update(content);
        let sum = hasher.finalize();
        let value = match self {
            Self::Crc32 => sum.checksum_crc32,
            Self::Crc32c => sum.checksum_crc32c,
            Self::Crc64Nvme => sum.checksum_crc64nvme,
            Self::Sha1 => sum.checksum_sha1,
            Self::Sha256 => sum.checksum_sha256,
        };
        Checksum { algorithm: self, kind: ChecksumType::FullObject, value: value.unwrap_or_default() }
    }
}

impl ChecksumType {
    /// AWS's own name: `COMPOSITE` or `FULL_OBJECT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Composite => "COMPOSITE",
            Self::FullObject => "FULL_OBJECT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of "123456789" from the catalogue of parametrised CRC algorithms, in base64.
    #[test]
    fn the_checksums_have_their_published_check_values() {
        let of = |algorithm: ChecksumAlgorithm| algorithm.of(b"123456789").value;
        assert_eq!(of(ChecksumAlgorithm::Crc32), "y/Q5Jg==");
        assert_eq!(of(ChecksumAlgorithm::Crc32c), "4waSgw==");
        assert_eq!(of(ChecksumAlgorithm::Crc64Nvme), "rosUhgp5mIg=");
    }
}
