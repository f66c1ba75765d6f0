//! The harness of all scenarios.

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

/// The time limit of every wait.
pub(crate) const LONG: Duration = Duration::from_secs(90);

/// Waits until `holds`. Other processes run in real time.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {LONG:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
