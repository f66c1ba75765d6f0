//! The S3 object that a document promises.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The object, or the objects, that a document promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutputTarget {
    /// Exactly this object.
    Key {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Any object under this prefix.
    Prefix {
        /// The bucket's name.
        bucket: String,
        /// The prefix; `a/b` covers `a/b` itself and `a/b/…`, but not `a/bc`.
        prefix: String,
    },
}

impl OutputTarget {
    /// The bucket of the target.
    pub fn bucket(&self) -> &str {
        match self {
            Self::Key { bucket, .. } | Self::Prefix { bucket, .. } => bucket,
        }
    }

    /// The key or the prefix of the target.
    pub fn key(&self) -> &str {
        match self {
            Self::Key { key, .. } => key,
            Self::Prefix { prefix, .. } => prefix,
        }
    }

    /// A target of the same kind, at another place.
    pub(crate) fn at(&self, bucket: String, key: String) -> Self {
        match self {
            Self::Key { .. } => Self::Key { bucket, key },
            Self::Prefix { .. } => Self::Prefix { bucket, prefix: key },
        }
    }

    /// Whether the object with this key is one that the document promises.
    ///
    /// A key that only begins with the same letters as a prefix is not.
    pub fn covers(&self, candidate: &str) -> bool {
        match self {
            Self::Key { key, .. } => candidate == key,
            Self::Prefix { prefix, .. } => candidate
                .strip_prefix(prefix.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

impl fmt::Display for OutputTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Prefix { bucket, prefix } => write!(f, "s3://{bucket}/{}/*", prefix.trim_end_matches('/')),
        }
    }
}
