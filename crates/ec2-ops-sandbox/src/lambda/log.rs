//! What functions print: in a file, and in CloudWatch Logs as Lambda sends it there.

use std::fs::File;
use std::io::{self, PipeWriter, Write as _};
use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

use crate::Platform;
use crate::logs::Logs;
use crate::logs::api::{CreateLogGroupRequest, CreateLogStreamRequest, InputLogEvent, PutLogEventsRequest};

/// Where a function's output goes.
#[derive(Clone)]
pub struct FunctionLog {
    /// The file for the output of all environments.
    pub file: PathBuf,
    /// CloudWatch Logs.
    pub logs: Logs,
    /// The region of the group.
    pub region: String,
    /// The group, in which each environment has a stream of its own.
    pub group: String,
}

impl FunctionLog {
    /// Starts to copy the output of an environment, line by line. Returns the end of the pipe that its process writes to.
    pub(super) fn copy(
        &self,
        environment: &str,
        platform: &Platform,
    ) -> io::Result<(PipeWriter, JoinHandle<()>)> {
        let mut file = File::options().create(true).append(true).open(&self.file)?;
        let (reader, writer) = io::pipe()?;
        let mut lines = BufReader::new(Receiver::from_owned_fd(reader.into())?).split(b'\n');
        let stream = Stream::create(self, platform);
        let (clock, journal) = (platform.clock, platform.journal.clone());
        let environment = environment.to_owned();
        let copied = tokio::spawn(async move {
            // An error of the pipe is its end.
            while let Ok(Some(line)) = lines.next_segment().await {
                // A full disk loses the log and not the invocation.
                let _ = file.write_all(&[&line[..], b"\n"].concat());
                stream.put(clock.now().as_millisecond(), &line);
                journal.printed(&environment, &line);
            }
        });
        Ok((writer, copied))
    }
}

/// A log stream.
struct Stream {
    logs: Logs,
    region: String,
    group: String,
    name: String,
}

impl Stream {
    /// A stream with a name as Lambda gives it. See
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html>.
    fn create(log: &FunctionLog, platform: &Platform) -> Self {
        let day = platform.clock.now().strftime("%Y/%m/%d").to_string();
        let name = format!("{day}/[$LATEST]{}", platform.uuid().replace('-', ""));
        let FunctionLog { logs, region, group, .. } = log.clone();
        // The group is there from the deployment on, unless a user has deleted it: then Lambda creates it again.
        let _ = logs.create_log_group(&region, &CreateLogGroupRequest { log_group_name: group.clone() });
        let request = CreateLogStreamRequest { log_group_name: group.clone(), log_stream_name: name.clone() };
        let _ = logs.create_log_stream(&region, &request);
        Self { logs, region, group, name }
    }

    fn put(&self, timestamp: i64, line: &[u8]) {
        let message = String::from_utf8_lossy(line).into_owned();
        // An empty line is no event.
        let _ = self.logs.put_log_events(
            &self.region,
            PutLogEventsRequest {
                log_group_name: self.group.clone(),
                log_stream_name: self.name.clone(),
                log_events: vec![InputLogEvent { timestamp, message }],
                sequence_token: None,
            },
        );
    }
}
