//! Ctrl-C, and the other ways to ask a process to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Failure;

/// Ctrl-C, Ctrl-\, a terminal that goes away, a polite kill.
pub(crate) struct Interruption([Signal; 4]);

impl Interruption {
    /// From here on none of them ends this process by itself: the caller has something to clean up.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let watch = |kind| {
            signal(kind).map_err(|error| Failure::failed(format!("cannot watch for signals: {error}")))
        };
        Ok(Self([
            watch(SignalKind::interrupt())?,
            watch(SignalKind::quit())?,
            watch(SignalKind::hangup())?,
            watch(SignalKind::terminate())?,
        ]))
    }

    /// Returns when there is one.
    pub(crate) async fn wait(&mut self) {
        let [interrupt, quit, hangup, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = hangup.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
