//! Virtual time: one thread, and a paused clock that jumps to the next timer.

use std::future::Future;

use jiff::Timestamp;

/// When every simulated account begins: 2026-01-01T00:00:00Z. Always the same, so that nothing depends on today.
pub(crate) const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Runs `world` to its end.
///
/// # Errors
/// Those of `world`, or why there is no runtime for it.
pub(crate) fn run<T>(world: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(world)
}
