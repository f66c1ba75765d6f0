//! `serve --trigger BUCKET[/PREFIX]=FILE`: documents that new objects start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use ec2_ops_sandbox::deployment::Trigger;

use crate::documents::{self, Assignment};
use crate::exit::Failure;

/// One trigger, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TriggerArg {
    bucket: String,
    prefix: String,
    file: PathBuf,
}

impl FromStr for TriggerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected BUCKET[/PREFIX]=FILE, such as sandbox-output/new/=run.json".to_owned();
        // A prefix may have an equals sign, as in `date=2026-01-01/`.
        let (place, file) = text.rsplit_once('=').ok_or_else(expected)?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() || file.is_empty() {
            return Err(expected());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), file: file.into() })
    }
}

impl TriggerArg {
    /// The bucket whose objects it waits for.
    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }
}

/// The triggers by name, if all of their documents are valid; else the problems of the documents are said. A trigger has the
/// name of its file, and each has another one.
pub(crate) fn valid(triggers: &[TriggerArg]) -> Result<Option<BTreeMap<String, Trigger>>, Failure> {
    let mut named = BTreeMap::new();
    for TriggerArg { bucket, prefix, file } in triggers {
        // The values stand for those of an object.
        let key = format!("{prefix}key");
        let variables = [("INPUT_BUCKET", bucket.as_str()), ("INPUT_KEY", &key)];
        let variables =
            variables.map(|(name, value)| format!("variables.{name}=\"{value}\"").parse::<Assignment>());
        let variables = variables.into_iter().collect::<Result<Vec<_>, _>>().map_err(Failure::Usage)?;
        let Some(documents) = documents::valid(std::slice::from_ref(file), &variables)? else {
            return Ok(None);
        };
        let document = documents.into_iter().next().unwrap_or_default();
        let output = documents::resolve(&document).ok().and_then(|job| job.output);
        if let Some(output) = output
            && output.target.bucket() == bucket
            && output.target.key().starts_with(prefix)
        {
            return Err(Failure::Usage(format!(
                "--trigger: the output of {} is at {bucket}/{prefix}, so each execution would start the next; expected \
                 another prefix, or another key of the output",
                file.display()
            )));
        }
        let stem: String =
            file.file_stem().unwrap_or_default().to_string_lossy().chars().take(MAX_NAME).collect();
        let name = stem.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
        let trigger = Trigger { bucket: bucket.clone(), prefix: prefix.clone(), document };
        if named.insert(name.clone(), trigger).is_some() {
            return Err(Failure::Usage(format!(
                "--trigger: two triggers have the name {name}, which is that of their file"
            )));
        }
    }
    Ok(Some(named))
}

/// As in Terraform: the name of a rule holds it.
const MAX_NAME: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_would_trigger_itself_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("run.json");
        let starts = |prefix: &str, key: &str| {
            let document = serde_json::json!({
                "commands": ["true"],
                "bucket": "$INPUT_BUCKET",
                "obj_key": key,
                "instance_parameters": { "ImageId": "ami-0abcdef1234567890", "InstanceType": "t4g.nano" },
            });
            std::fs::write(&file, document.to_string()).unwrap();
            let trigger = format!("incoming/{prefix}={}", file.display()).parse().unwrap();
            valid(&[trigger])
        };
        for (prefix, key) in [("new/", "$INPUT_KEY.out"), ("new/", "new/out"), ("", "out/$INPUT_KEY")] {
            let refused = starts(prefix, key).err().unwrap();
            assert!(refused.exit().1.unwrap().contains("would start the next"), "{prefix} {key}");
        }
        assert!(starts("new/", "out/$INPUT_KEY").unwrap().is_some());
    }

    #[test]
    fn a_trigger_names_a_bucket_a_prefix_and_a_file() {
        for (text, bucket, prefix, file) in [
            ("in=run.json", "in", "", "run.json"),
            ("in/new/=a/run.json", "in", "new/", "a/run.json"),
            ("in/date=2026-01-01/=run.json", "in", "date=2026-01-01/", "run.json"),
        ] {
            let expected =
                TriggerArg { bucket: bucket.to_owned(), prefix: prefix.to_owned(), file: file.into() };
            assert_eq!(text.parse(), Ok(expected));
        }
        for text in ["in", "=run.json", "/new=run.json", "in="] {
            assert!(text.parse::<TriggerArg>().is_err(), "{text}");
        }
    }
}
