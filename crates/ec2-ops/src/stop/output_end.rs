//! The end of what failed commands printed, if SSM has only the beginning of it.

use crate::deployment::Deployment;
use crate::error::{CommandsReport, Stream};
use crate::ids::InstanceId;
use crate::outcome::{TAIL, tail};
use crate::ports::KeptOutput;
use crate::step::CommandSection;

/// Puts the ends of the streams that were cut into `report`, from the bucket that has all of them. It only explains, so a
/// failure is a note there, and no error.
pub(super) async fn complete(
    report: &mut CommandsReport,
    instance: &InstanceId,
    command: &CommandSection,
    deployment: &Deployment,
    outputs: &impl KeptOutput,
) {
    for stream in std::mem::take(&mut report.cut) {
        let kept = match stream {
            Stream::Stdout => &mut report.stdout_tail,
            Stream::Stderr => &mut report.stderr_tail,
        };
        match end_of(stream, instance, command, deployment, outputs).await {
            Ok(end) => *kept = tail(end.trim_start_matches(char::REPLACEMENT_CHARACTER)),
            Err(why) => {
                let stream = stream.as_str();
                *kept = format!(
                    "{kept}\n[SSM has only the beginning of {stream}, and the end is not at hand: {why}]"
                );
            }
        }
    }
}

/// The end of what the agent has uploaded, or why it is not at hand. See
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/running-commands-console.html> for the keys.
async fn end_of(
    stream: Stream,
    instance: &InstanceId,
    command: &CommandSection,
    deployment: &Deployment,
    outputs: &impl KeptOutput,
) -> Result<String, String> {
    let mut places = command.logs.iter().filter_map(|place| place.strip_prefix("s3://")?.split_once('/'));
    let (bucket, prefix) = places.next().ok_or("the deployment has no bucket for it")?;
    let key = format!("{prefix}{instance}/awsrunShellScript/0.awsrunShellScript/{}", stream.as_str());
    let end = outputs.end(&deployment.region, bucket, &key, TAIL).await;
    end.map_err(|error| error.to_string())
}
