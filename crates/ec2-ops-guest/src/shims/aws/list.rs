//! `aws s3 ls` and `aws s3 mb`.

use super::call::{Call, Location};
use super::s3::S3;
use super::{Failure, say};

/// Lists the buckets, or what starts with a prefix. Nothing found under a prefix is exit code 1, as with the CLI.
pub(super) fn list(s3: &S3, call: &Call) -> Result<(), Failure> {
    let Some(at) = call.operands.first() else {
        return s3
            .buckets()?
            .iter()
            .try_for_each(|(name, created)| say(&format!("{} {name}", moment(created))));
    };
    let at = location(at)?;
    let listing = s3.list(&at, !call.recursive)?;
    // Without --recursive, names are those in the folder that the prefix points into.
    let folder = if call.recursive { 0 } else { at.key.rfind('/').map_or(0, |slash| slash + 1) };
    for prefix in &listing.prefixes {
        say(&format!("{:>30} {}", "PRE", prefix.get(folder..).unwrap_or(prefix)))?;
    }
    for object in &listing.objects {
        let name = object.key.get(folder..).unwrap_or(&object.key);
        say(&format!("{} {:>10} {name}", moment(&object.last_modified), object.size))?;
    }
    if listing.prefixes.is_empty() && listing.objects.is_empty() && !at.key.is_empty() {
        return Err(Failure { text: String::new(), code: 1 });
    }
    Ok(())
}

/// Creates a bucket.
pub(super) fn make_bucket(s3: &S3, call: &Call) -> Result<(), Failure> {
    let uri = call.operands.first().map_or("", String::as_str);
    let bucket = location(uri)?.bucket;
    s3.create_bucket(&bucket).map_err(|failure| Failure {
        text: format!("make_bucket failed: s3://{bucket} {}", failure.text),
        ..failure
    })?;
    if call.quiet || call.only_show_errors { Ok(()) } else { say(&format!("make_bucket: {bucket}")) }
}

/// The CLI takes `bucket/prefix` for `s3://bucket/prefix` here.
fn location(text: &str) -> Result<Location, Failure> {
    let uri = if text.starts_with("s3://") { text.to_owned() } else { format!("s3://{text}") };
    Location::parse(&uri).ok_or_else(|| Failure { text: format!("'{text}' is not an S3 URI"), code: 252 })
}

/// `2026-01-02T03:04:05.000Z` as `2026-01-02 03:04:05`.
fn moment(timestamp: &str) -> String {
    timestamp.get(..19).unwrap_or(timestamp).replace('T', " ")
}
