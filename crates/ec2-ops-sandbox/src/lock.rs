//! How this crate locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. If another holder panicked, its own task reports that bug; the state stays readable here.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
