//! Commander: sends the attempt's commands, once.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use crate::aws_error::AwsError;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::ids::AttemptId;
use crate::ports::{Clock, Command, Commands, Logs, S3Prefix, SentCommand};
use crate::step::{CommandSection, Context, InstanceSection, read, write};

/// How long SSM may take to deliver the command to an agent that was online a moment ago, in seconds.
const DELIVERY_TIMEOUT_S: u32 = 300;
/// How long after its limit SSM may take to report a command as ended, in seconds.
const REPORT_GRACE_S: u32 = 60;

/// What Commander is invoked with.
#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    context: Context,
    instance: InstanceSection,
}

/// Sends the commands to the instance, unless an earlier try has sent them.
///
/// # Errors
/// Why they could not be sent.
pub async fn handle(
    payload: Value,
    deployment: &Deployment,
    clock: &impl Clock,
    commands: &impl Commands,
) -> Result<Value, Error> {
    let Payload { context, instance } = read(payload)?;
    let job = context.job()?;
    let attempt = context.attempt_id();
    let comment = attempt.fingerprint();
    let logs = logs(deployment, &attempt);

    // SendCommand has no client token, so a repetition must look for the command before it sends it.
    let sent = if context.is_first_try() {
        None
    } else {
        let found = commands.find(&instance.region, &instance.id, &comment).await;
        found.map_err(|error| not_online(&instance, error))?.into_iter().next()
    };
    let SentCommand { id, requested_at } = match sent {
        Some(sent) => sent,
        None => {
            let command = Command {
                instance: instance.id.clone(),
                script: job.script(&attempt, &instance.region),
                comment,
                execution_timeout: Duration::from_secs(job.timeout_s.into()),
                delivery_timeout: Duration::from_secs(DELIVERY_TIMEOUT_S.into()),
                logs: logs.clone(),
            };
            let sent = commands.send(&instance.region, &command).await;
            sent.map_err(|error| not_online(&instance, error))?
        }
    };
    let deliver_by = clock.now() + SignedDuration::from_secs(DELIVERY_TIMEOUT_S.into());
    let end_by = deliver_by + SignedDuration::from_secs((job.timeout_s + REPORT_GRACE_S).into());
    write(&CommandSection {
        logs: locations(&logs, &id.to_string()),
        id,
        // On a repetition no listing may show the command of an earlier try yet, which was accepted before.
        requested_at: requested_at.filter(|_| context.is_first_try()),
        ready_at: None,
        poll_seconds: poll_seconds(job.timeout_s, instance.queued),
        deliver_by,
        end_by,
    })
}

/// An agent that was online a moment ago may be updating itself, or its instance may be ending.
fn not_online(instance: &InstanceSection, error: AwsError) -> Error {
    match error.code.as_str() {
        "InvalidInstanceId" => Error::InstanceNotReady {
            instance: instance.id.clone(),
            state: "its SSM agent is no longer online".to_owned(),
        },
        _ => error.into(),
    }
}

/// About 50 polls over the whole limit, so that a lost event costs at most 2% of the allowed time. A queued attempt has
/// 10 polls, since it shares the quota with many others.
fn poll_seconds(timeout_s: u32, queued: bool) -> u32 {
    let polls = if queued { 10 } else { 50 };
    (timeout_s / polls).clamp(60, 1800)
}

fn logs(deployment: &Deployment, attempt: &AttemptId) -> Logs {
    let prefix = || format!("commands/{}/attempt-{}", attempt.execution.name(), attempt.attempt);
    Logs {
        s3: deployment.log_bucket.clone().map(|bucket| S3Prefix { bucket, prefix: prefix() }),
        log_group: deployment.log_group.clone(),
    }
}

/// Where the complete output is kept, for people. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-rc-setting-up-cwlogs.html>.
fn locations(logs: &Logs, command: &str) -> Vec<String> {
    let s3 = logs.s3.iter().map(|S3Prefix { bucket, prefix }| format!("s3://{bucket}/{prefix}/{command}/"));
    let cloudwatch = logs.log_group.iter().map(|group| format!("cloudwatch:{group}:{command}"));
    s3.chain(cloudwatch).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fakes::{FakeAws, deployment};

    /// The instance is gone: both calls of Commander report only that SSM does not know it.
    #[tokio::test]
    async fn an_instance_that_no_call_finds_is_not_ready() {
        for (retry, redrives, action) in
            [(0, 0, "SendCommand"), (1, 0, "ListCommands"), (0, 1, "ListCommands")]
        {
            let payload = json!({
                "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
                "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
                "document": {
                    "commands": ["true"],
                    "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
                },
                "retry": retry,
                "redrives": redrives,
                "instance": {
                    "id": "i-1", "region": "us-east-1", "market": "spot", "launched_at": "2026-03-01T05:31:00Z",
                },
            });
            let aws = FakeAws { failing: Some((action, "InvalidInstanceId")), ..FakeAws::default() };
            let error = handle(payload, &deployment(), &aws, &aws).await.unwrap_err();
            assert_eq!(error.name(), "InstanceNotReady", "{action}");
        }
    }

    #[test]
    fn a_lost_event_costs_at_most_two_percent_of_the_limit_or_a_minute() {
        for (timeout_s, expected) in [(30, 60), (3_600, 72), (86_400, 1_728), (172_800, 1_800)] {
            assert_eq!(poll_seconds(timeout_s, false), expected);
        }
    }

    #[test]
    fn a_queued_attempt_polls_a_fifth_as_often() {
        for (timeout_s, expected) in [(30, 60), (3_600, 360), (86_400, 1_800)] {
            assert_eq!(poll_seconds(timeout_s, true), expected);
        }
    }
}
