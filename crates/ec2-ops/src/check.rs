//! RunChecker: proves that the promised output exists and that this attempt made it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws_error::AwsErrorKind;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::ports::Objects;
use crate::step::{Context, read, region_of, write};

/// The section that RunChecker writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckSection {
    pub(crate) result: CheckResult,
    /// The output that was found.
    pub(crate) object: Option<String>,
    pub(crate) last_modified: Option<Timestamp>,
    pub(crate) size: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckResult {
    /// The document asks for no check.
    NotAsked,
    /// The output is there, and new.
    Found,
}

/// Looks for the output, where the document asks for it.
///
/// # Errors
/// [`Error::OutputMissing`] where it is absent or older than the attempt.
pub async fn handle(payload: Value, deployment: &Deployment, objects: &impl Objects) -> Result<Value, Error> {
    let context: Context = read(payload)?;
    let job = context.job()?;
    let Some(output) = &job.output else {
        let nothing =
            CheckSection { result: CheckResult::NotAsked, object: None, last_modified: None, size: None };
        return write(&nothing);
    };
    let target = &output.target;

    let missing = |why: String| Error::OutputMissing { target: target.clone(), why };
    let newest = match objects.newest(&region_of(&job, deployment), target).await {
        Err(error) if error.kind == AwsErrorKind::NotFound => None,
        Err(error) if error.code == "NoSuchBucket" => {
            return Err(missing("its bucket does not exist".to_owned()));
        }
        answer => answer?,
    };
    let Some(object) = newest else {
        return Err(missing("their output does not exist".to_owned()));
    };

    // S3 keeps whole seconds, so an object of the attempt's first second carries a time before the attempt began.
    let since = context.attempt.started.as_second();
    if object.last_modified.as_second() < since {
        return Err(missing(format!(
            "the newest output is {}, last modified at {}, before this attempt began at {}",
            object.key, object.last_modified, context.attempt.started
        )));
    }
    write(&CheckSection {
        result: CheckResult::Found,
        object: Some(format!("s3://{}/{}", target.bucket(), object.key)),
        last_modified: Some(object.last_modified),
        size: Some(object.size),
    })
}
