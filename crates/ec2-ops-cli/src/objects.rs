//! What a sandbox's S3 holds, as files.

use std::fs;
use std::path::{Path, PathBuf};

use ec2_ops_sandbox::s3::{ListObjectsV2, S3};
use serde_json::Value;

use crate::exit::Failure;

/// Writes every object of `s3` below `directory`, as BUCKET/KEY.
///
/// # Errors
/// Which objects could not be written, for example because one key is the directory of another. All others are.
pub(crate) fn keep(s3: &S3, directory: &Path) -> Result<(), Failure> {
    let mut lost = Vec::new();
    for bucket in s3.list_buckets() {
        let mut after: Option<String> = None;
        loop {
            let query = ListObjectsV2 { start_after: after.as_deref(), ..ListObjectsV2::default() };
            let listing = s3.list_objects_v2(&bucket.name, query).map_err(Failure::failed)?;
            for (key, object) in &listing.contents {
                let path = path_of(directory, &bucket.name, key);
                let made = path.parent().map_or(Ok(()), fs::create_dir_all);
                if let Err(error) = made.and_then(|()| fs::write(&path, &object.body)) {
                    let (bucket, path) = (&bucket.name, path.display());
                    lost.push(format!("cannot keep s3://{bucket}/{key} as {path}: {error}"));
                }
            }
            after = listing.next;
            if after.is_none() {
                break;
            }
        }
    }
    if lost.is_empty() { Ok(()) } else { Err(Failure::failed(lost.join("\n"))) }
}

/// `outcome` with paths below `directory` in the place of the addresses in S3: the sandbox has gone, the files are there.
pub(crate) fn lead_to_files(outcome: &mut Value, directory: &Path) {
    match outcome {
        Value::Object(fields) => fields.values_mut().for_each(|value| lead_to_files(value, directory)),
        Value::Array(items) => items.iter_mut().for_each(|value| lead_to_files(value, directory)),
        Value::String(text) => {
            let place = text.strip_prefix("s3://").and_then(|place| place.split_once('/'));
            if let Some(path) =
                place.map(|(bucket, key)| path_of(directory, bucket, key)).filter(|path| path.exists())
            {
                *text = path.display().to_string();
            }
        }
        _ => {}
    }
}

/// The file of an object. No key leads out of the directory: a part that means something to a file system is escaped.
fn path_of(directory: &Path, bucket: &str, key: &str) -> PathBuf {
    let parts = key.strip_suffix('/').unwrap_or(key).split('/').map(|part| match part {
        "" => "%2F",
        "." => "%2E",
        ".." => "%2E%2E",
        plain => plain,
    });
    directory.join(bucket).join(parts.collect::<PathBuf>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_key_leads_out_of_the_directory() {
        let path = |key| path_of(Path::new("/out"), "b", key).display().to_string();
        assert_eq!(path("a/b.txt"), "/out/b/a/b.txt");
        assert_eq!(path("../../etc/passwd"), "/out/b/%2E%2E/%2E%2E/etc/passwd");
        assert_eq!(path("/etc/passwd"), "/out/b/%2F/etc/passwd");
        assert_eq!(path("a//./b/"), "/out/b/a/%2F/%2E/b");
    }

    #[test]
    fn an_outcome_leads_to_the_files_that_are_there() {
        let directory = tempfile::tempdir().unwrap();
        let kept = path_of(directory.path(), "logs", "x/attempt-1");
        fs::create_dir_all(&kept).unwrap();
        let mut outcome =
            json!({ "attempts": [{ "logs": ["s3://logs/x/attempt-1/"], "output": "s3://gone/y" }] });
        lead_to_files(&mut outcome, directory.path());
        assert_eq!(outcome["attempts"][0]["logs"][0], kept.display().to_string());
        assert_eq!(outcome["attempts"][0]["output"], "s3://gone/y");
    }
}
