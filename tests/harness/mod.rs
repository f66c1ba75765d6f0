//! What all scenarios share.

pub(crate) mod aws;
mod build;
mod command;
mod document;
mod processes;
mod sandbox;

pub(crate) use build::workspace;
pub(crate) use command::{Finished, Ops};
pub(crate) use document::document;
pub(crate) use processes::below;
pub(crate) use sandbox::TestSandbox;

use std::time::{Duration, Instant};

/// Longer than anything here takes, shorter than anyone's patience.
pub(crate) const LONG: Duration = Duration::from_secs(90);

/// Waits for what other processes do in their own time.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
