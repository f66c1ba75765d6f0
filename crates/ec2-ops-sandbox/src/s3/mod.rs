//! S3: buckets, objects and multipart uploads, held in memory.
//!
//! [`S3`] is the model; `S3Http` is its HTTP face, which speaks S3's REST protocol through the `s3s` crate.

mod checksum;
mod events;
mod http;
mod listing;
mod multipart;
mod object;
mod store;
#[cfg(test)]
mod testing;
mod upload;

pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
pub(crate) use http::{S3Http, SERVICE};
pub use listing::{ListObjectsV2, Listing};

pub use object::{NewObject, Object};
pub use store::{Bucket, S3};
pub use upload::{CompletedPart, NewUpload, Part};
