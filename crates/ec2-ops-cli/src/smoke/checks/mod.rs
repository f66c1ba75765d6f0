//! The checks.

mod buckets;
mod commands;
mod ends;

use std::pin::Pin;

use super::site::{Trial, Wrong};

/// What a check finds.
type Found = Result<String, Wrong>;

/// A check.
pub(super) struct Check {
    /// Its name.
    pub(super) name: &'static str,
    /// Runs it.
    pub(super) run: for<'a> fn(&'a Trial<'a>) -> Pin<Box<dyn Future<Output = Found> + 'a>>,
}

macro_rules! checks {
    ($($name:literal => $run:path,)*) => {
        [$(Check { name: $name, run: |trial| Box::pin($run(trial)) },)*]
    };
}

/// All checks, the quickest first.
pub(super) const CHECKS: [Check; 17] = checks! {
    "functions" => ends::functions,
    "hello" => buckets::hello,
    "refused-bucket" => buckets::refused,
    "failure" => commands::failure,
    "environment-al2023" => commands::environment_of_amazon_linux,
    "environment-ubuntu" => commands::environment_of_ubuntu,
    "wake-up" => commands::wake_up,
    "background" => commands::background,
    "long-output" => commands::long_output,
    "sizes" => commands::sizes,
    "bucket-elsewhere" => buckets::elsewhere,
    "bucket-under-key" => buckets::under_key,
    "stop-execution" => ends::stop_execution,
    "cancel" => ends::cancel,
    "orphan" => ends::orphan,
    "spot" => ends::spot,
    "stopped" => ends::stopped,
};
