//! Inputs: the state of this name waits until they exist, so that nothing is launched before.

use jiff::{SignedDuration, Timestamp};

use crate::aws_error::AwsErrorKind;
use crate::document::Job;
use crate::error::Error;
use crate::ids::Region;
use crate::ports::{Clock, Objects};

/// Checks once whether every input exists.
///
/// # Errors
/// [`Error::InputsPending`] while one is missing; the state machine looks again. [`Error::InputMissing`] when that has lasted
/// for `run_options.inputs_timeout_s` since the attempt began.
pub(crate) async fn check(
    job: &Job,
    region: &Region,
    attempt_began: Timestamp,
    clock: &impl Clock,
    objects: &impl Objects,
) -> Result<(), Error> {
    for input in &job.inputs {
        let target = &input.target;
        // Any object will do, however old.
        match objects.newest(region, target, Timestamp::MIN).await {
            Ok(Some(_)) => {}
            Err(error) if error.kind != AwsErrorKind::NotFound => return Err(error.into()),
            Ok(None) | Err(_) => {
                let patience = SignedDuration::from_secs(job.inputs_timeout_s.into());
                return Err(if clock.now().duration_since(attempt_began) < patience {
                    Error::InputsPending(target.clone())
                } else {
                    Error::InputMissing(target.clone())
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::execution::Execution;
    use crate::fakes::{FakeAws, time};
    use crate::ports::Object;

    /// The result at 06:00 for an attempt that began at 05:30, as the name of its error.
    async fn check_with(timeout_s: u32, aws: &FakeAws) -> &'static str {
        let document = json!({
            "commands": ["true"],
            "inputs": [{ "bucket": "b-1", "key": "in/a" }, { "bucket": "b-1", "prefix": "in/b" }],
            "run_options": { "inputs_timeout_s": timeout_s },
            "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
        });
        let began = time("2026-03-01T05:30:00Z");
        let job = Job::resolve(&document, &Execution::rehearsal(began)).unwrap();
        let checked = check(&job, &Region::new("us-east-1"), began, aws, aws).await;
        checked.map_or_else(|error| error.name(), |()| "all exist")
    }

    fn with(keys: &[&str]) -> FakeAws {
        let last_modified = time("2020-01-01T00:00:00Z");
        let object = |key: &&str| Object { key: (*key).to_owned(), last_modified, size: Some(1) };
        FakeAws { objects: keys.iter().map(object).collect(), ..FakeAws::default() }
    }

    #[tokio::test]
    async fn inputs_of_any_age_count_once_all_of_them_exist() {
        assert_eq!(check_with(0, &with(&["in/a", "in/b/1"])).await, "all exist");
        for some in [&["in/a"][..], &["in/b/1"], &["in/a", "in/bc"], &[]] {
            assert_eq!(check_with(0, &with(some)).await, "InputMissing", "{some:?}");
        }
    }

    #[tokio::test]
    async fn a_missing_input_is_waited_for_as_long_as_the_document_allows() {
        for (timeout_s, name) in [(0, "InputMissing"), (1_800, "InputMissing"), (1_801, "InputsPending")] {
            assert_eq!(check_with(timeout_s, &with(&["in/a"])).await, name, "{timeout_s} s");
        }
    }

    #[tokio::test]
    async fn only_not_found_is_read_as_absent() {
        for (code, name) in
            [("NoSuchBucket", "Refused"), ("NoSuchKey", "InputsPending"), ("SlowDown", "Throttled")]
        {
            let aws = FakeAws { failing: Some(("HeadObject", code)), ..FakeAws::default() };
            assert_eq!(check_with(604_800, &aws).await, name, "{code}");
        }
    }
}
