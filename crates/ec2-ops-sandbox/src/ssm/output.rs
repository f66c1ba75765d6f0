//! The agent's way of sending to CloudWatch Logs what a command prints, while it prints it.
//!
//! After `StreamData` of <https://github.com/aws/amazon-ssm-agent>, which looks once a second: the complete lines since the
//! last look become one event, or several where they are long; what follows the last line feed waits for the rest of its line,
//! or for the end.

use super::{OutputStream, Ssm};
use crate::lock::lock;
use crate::logs::api::{CreateLogGroupRequest, CreateLogStreamRequest, InputLogEvent, PutLogEventsRequest};

/// The most bytes of one event (`MessageLengthThresholdInBytes`).
const EVENT: usize = 200_000;
/// The most events of one call (`maxNumberOfEventsPerCall`).
const EVENTS: usize = 4;

impl Ssm {
    /// The script of a command has printed `bytes`.
    pub fn printed(&self, command_id: &str, stream: OutputStream, bytes: &[u8]) {
        self.send(command_id, stream, bytes, false);
    }

    /// The script has ended: the last line may lack its line feed.
    pub(super) fn send_rest(&self, command_id: &str) {
        for stream in OutputStream::BOTH {
            self.send(command_id, stream, &[], true);
        }
    }

    fn send(&self, command_id: &str, stream: OutputStream, bytes: &[u8], complete: bool) {
        let (region, group, name, text) = {
            let mut state = lock(&self.shared.state);
            let Some(command) = state.commands.get_mut(command_id) else { return };
            let config = command.request.cloud_watch_output_config.clone().unwrap_or_default();
            if config.cloud_watch_output_enabled != Some(true) {
                return;
            }
            let unsent = command.unsent.of(stream);
            unsent.extend_from_slice(bytes);
            let lines = unsent.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            let text: Vec<u8> = unsent.drain(..if complete { unsent.len() } else { lines }).collect();
            let name = format!("{command_id}/{}/aws-runShellScript/{}", command.instance, stream.as_str());
            let group = config.cloud_watch_log_group_name.filter(|name| !name.is_empty());
            let group = group.unwrap_or_else(|| format!("/aws/ssm/{}", command.request.document_name));
            (command.region.clone(), group, name, text)
        };
        let mut messages = events(&text, complete);
        if messages.is_empty() {
            return;
        }
        let logs = &self.shared.logs;
        // Both are there after the first event. As with the real agent, output that cannot be sent is lost here, and the
        // command goes on.
        let _ = logs.create_log_group(&region, &CreateLogGroupRequest { log_group_name: group.clone() });
        let created = CreateLogStreamRequest { log_group_name: group.clone(), log_stream_name: name.clone() };
        let _ = logs.create_log_stream(&region, &created);
        let timestamp = self.shared.platform.clock.now().as_millisecond();
        while !messages.is_empty() {
            let batch = messages.drain(..messages.len().min(EVENTS));
            let log_events = batch.map(|message| InputLogEvent { timestamp, message }).collect();
            let (log_group_name, log_stream_name) = (group.clone(), name.clone());
            let request =
                PutLogEventsRequest { log_group_name, log_stream_name, log_events, sequence_token: None };
            let _ = logs.put_log_events(&region, request);
        }
    }
}

/// The messages of the events that carry `text`: as many lines as fit, and a line that is longer in pieces. The end of a
/// complete output has no line feed.
fn events(text: &[u8], complete: bool) -> Vec<String> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    for piece in lines.flat_map(|line| line.chunks(EVENT)) {
        match messages.last_mut().filter(|message| message.len() + piece.len() <= EVENT) {
            Some(message) => message.extend_from_slice(piece),
            None => messages.push(piece.to_owned()),
        }
    }
    let mut messages: Vec<_> =
        messages.iter().map(|message| String::from_utf8_lossy(message).replace("\r\n", "\n")).collect();
    if let Some(last) = messages.last_mut().filter(|last| complete && last.ends_with('\n')) {
        last.pop();
    }
    messages.retain(|message| !message.is_empty());
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_share_an_event_as_long_as_they_fit() {
        assert_eq!(events(b"one\r\ntwo\n", false), ["one\ntwo\n"]);
        assert_eq!(events(b"one\ntwo\n", true), ["one\ntwo"]);
        assert_eq!(events(b"\n", true), [""; 0]);
        let long = [&b"a".repeat(EVENT - 1)[..], b"\nb\n"].concat();
        assert_eq!(events(&long, false).iter().map(String::len).collect::<Vec<_>>(), [EVENT, 2]);
        assert_eq!(
            events(&b"c".repeat(2 * EVENT + 5), false).iter().map(String::len).collect::<Vec<_>>(),
            [EVENT, EVENT, 5]
        );
    }
}
