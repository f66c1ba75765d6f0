//! What the commands of an attempt print: while they run from CloudWatch Logs, complete from S3.

use aws_sdk_cloudwatchlogs::Client as CloudWatchLogs;
use aws_sdk_cloudwatchlogs::types::OutputLogEvent;
use jiff::Timestamp;

use crate::{Attempt, Client, CommandRef, Error};

/// One of the two streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The name that the SSM agent gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// A line that a command printed, without its line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When the agent sent it, to the second; unknown where it comes from S3.
    pub at: Option<Timestamp>,
    /// Where it was printed to.
    pub stream: Stream,
    /// The line.
    pub text: String,
}

impl Line {
    /// The entry of the commands that runs, as "2 of 3"; "2 to 4 of 5" where entries belong together. The script around the
    /// commands says so on stderr of an entry that takes long.
    pub fn entry(&self) -> Option<&str> {
        let entry = self.text.strip_prefix("ec2-ops: command ")?.strip_suffix(" runs")?;
        let is_number = |word: &str| word.parse::<usize>().is_ok();
        let is_entry = entry.split(' ').all(|word| is_number(word) || matches!(word, "to" | "of"));
        (self.stream == Stream::Stderr && is_entry).then_some(entry)
    }
}

/// Reads what a command prints as it prints it.
///
/// The SSM agent sends what is new once a second, all lines of that second as one event. See `StreamData` in
/// <https://github.com/aws/amazon-ssm-agent>, `agent/agentlogstocloudwatch/cloudwatchlogspublisher`.
#[derive(Clone, Debug)]
pub struct LogReader {
    logs: CloudWatchLogs,
    group: String,
    streams: Vec<Tail>,
}

/// How far a stream has been read.
#[derive(Clone, Debug)]
struct Tail {
    stream: Stream,
    name: String,
    token: Option<String>,
}

impl LogReader {
    /// The lines since the last call, in the order of their times.
    ///
    /// # Errors
    /// Where CloudWatch Logs cannot be asked. A stream that is not there yet has no lines.
    pub async fn read(&mut self) -> Result<Vec<Line>, Error> {
        let mut lines = Vec::new();
        for tail in &mut self.streams {
            lines.extend(tail.read(&self.logs, &self.group).await?);
        }
        lines.sort_by_key(|line| line.at);
        Ok(lines)
    }
}

impl Tail {
    async fn read(&mut self, logs: &CloudWatchLogs, group: &str) -> Result<Vec<Line>, Error> {
        let mut lines = Vec::new();
        loop {
            let call = logs.get_log_events().log_group_name(group).log_stream_name(&self.name);
            let call = call.start_from_head(true).set_next_token(self.token.clone());
            let page = match call.send().await.map_err(|error| Error::of_call("GetLogEvents", &error)) {
                Ok(page) => page,
                // Nothing has been printed yet.
                Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(lines),
                Err(error) => return Err(error),
            };
            lines.extend(page.events().iter().flat_map(|event| self.lines(event)));
            // The end of the stream answers with the token that it was asked with.
            let end = page.next_forward_token == self.token;
            self.token = page.next_forward_token;
            if end || self.token.is_none() {
                return Ok(lines);
            }
        }
    }

    fn lines(&self, event: &OutputLogEvent) -> Vec<Line> {
        let at = event.timestamp().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let lines = event.message().unwrap_or_default().lines();
        lines.map(|line| Line { at, stream: self.stream, text: line.to_owned() }).collect()
    }
}

/// Follows the output of an execution from attempt to attempt.
#[derive(Clone, Debug)]
pub struct LogFollower {
    client: Client,
    reading: Option<(u32, LogReader)>,
}

impl LogFollower {
    /// Goes on to `attempt`, once it has sent its commands.
    pub fn go_on_to(&mut self, attempt: &Attempt) {
        if self.reading.as_ref().is_none_or(|(number, _)| *number != attempt.number)
            && let Some(reader) = self.client.log_reader(attempt)
        {
            self.reading = Some((attempt.number, reader));
        }
    }

    /// The number of the attempt, and its lines since the last call.
    ///
    /// # Errors
    /// As [`LogReader::read`].
    pub async fn read(&mut self) -> Result<(u32, Vec<Line>), Error> {
        match &mut self.reading {
            Some((number, reader)) => Ok((*number, reader.read().await?)),
            None => Ok((0, Vec::new())),
        }
    }
}

impl CommandRef {
    /// The log group that the agent sends the output to.
    fn group(&self) -> Option<&str> {
        let groups = self.logs.iter().filter_map(|place| place.strip_prefix("cloudwatch:"));
        groups.filter_map(|place| place.rsplit_once(':')).map(|(group, _)| group).next()
    }

    /// Bucket and prefix that the agent uploads the output to.
    fn bucket(&self) -> Option<(&str, &str)> {
        self.logs.iter().find_map(|place| place.strip_prefix("s3://")?.split_once('/'))
    }
}

impl Client {
    /// A follower of the output of an execution.
    pub fn follow_logs(&self) -> LogFollower {
        LogFollower { client: self.clone(), reading: None }
    }

    /// A reader of what the commands of `attempt` print. None before they are sent, and where the deployment has no log
    /// group for them.
    pub fn log_reader(&self, attempt: &Attempt) -> Option<LogReader> {
        let (instance, command) = (attempt.instance.as_ref()?, attempt.command.as_ref()?);
        let tail = |stream: Stream| Tail {
            stream,
            // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-rc-setting-up-cwlogs.html
            name: format!("{}/{}/aws-runShellScript/{}", command.id, instance.id, stream.as_str()),
            token: None,
        };
        Some(LogReader {
            logs: self.logs(&instance.region),
            group: command.group()?.to_owned(),
            streams: Stream::BOTH.map(tail).into(),
        })
    }

    /// The complete output of the commands of `attempt`, which the agent uploads when they have ended: first what went to
    /// stdout, then what went to stderr. None where it is not in S3.
    ///
    /// # Errors
    /// Where S3 cannot be asked.
    pub async fn uploaded_output(&self, attempt: &Attempt) -> Result<Option<Vec<Line>>, Error> {
        let Some((bucket, prefix)) = attempt.command.as_ref().and_then(CommandRef::bucket) else {
            return Ok(None);
        };
        let s3 = self.s3();
        let mut keys = Vec::new();
        let mut pages = s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of_call("ListObjectsV2", &error))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(|object| object.key));
        }
        let mut lines = Vec::new();
        for stream in Stream::BOTH {
            let end = format!("/{}", stream.as_str());
            for key in keys.iter().filter(|key| key.ends_with(&end)) {
                let text = String::from_utf8_lossy(&self.object(bucket, key).await?).into_owned();
                lines.extend(text.lines().map(|line| Line { at: None, stream, text: line.to_owned() }));
            }
        }
        Ok((!keys.is_empty()).then_some(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(logs: &[&str]) -> CommandRef {
        CommandRef {
            id: "c-1".to_owned(),
            logs: logs.iter().map(|&place| place.to_owned()).collect(),
            end_by: None,
        }
    }

    #[test]
    fn the_places_of_an_outcome_are_read() {
        let both = command(&["s3://logs/hello/attempt-1/c-1/", "cloudwatch:/ec2-ops/commands:c-1"]);
        assert_eq!(both.group(), Some("/ec2-ops/commands"));
        assert_eq!(both.bucket(), Some(("logs", "hello/attempt-1/c-1/")));
        let none = command(&[]);
        assert_eq!((none.group(), none.bucket()), (None, None));
    }

    #[test]
    fn an_entry_that_runs_is_told_from_one_that_ended_and_from_what_it_prints() {
        let line = |stream, text: &str| Line { at: None, stream, text: text.to_owned() };
        for (text, entry) in [
            ("ec2-ops: command 2 of 3 runs", Some("2 of 3")),
            ("ec2-ops: command 2 to 4 of 5 runs", Some("2 to 4 of 5")),
            ("ec2-ops: command 2 of 3 ended with exit code 7", None),
            ("ec2-ops: command  runs", None),
            ("command 2 of 3 runs", None),
        ] {
            assert_eq!(line(Stream::Stderr, text).entry(), entry, "{text}");
        }
        assert_eq!(line(Stream::Stdout, "ec2-ops: command 2 of 3 runs").entry(), None);
    }

    #[test]
    fn one_event_of_the_agent_is_many_lines() {
        let tail = Tail { stream: Stream::Stderr, name: String::new(), token: None };
        let event = OutputLogEvent::builder().timestamp(1_000).message("one\n\n  two\nthree\n").build();
        let texts: Vec<_> = tail.lines(&event).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["one", "", "  two", "three"]);
    }
}
