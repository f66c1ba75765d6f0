//! `Retry` and `Catch`.

use super::fields::{Fields, StateIds};
use crate::definition::machine::{Catcher, JitterStrategy, Retrier};
use crate::failure::{ALL, PREDEFINED};
use crate::suggestion::did_you_mean;

/// The longest `MaxDelaySeconds`: 366 days.
const MAX_DELAY_SECONDS: u64 = 31_622_400;
const MAX_INTERVAL_SECONDS: u64 = 99_999_999;
const MAX_ATTEMPTS: u64 = 99_999_999;

pub(super) fn retriers(state: &Fields<'_>) -> Vec<Retrier> {
    elements(state, "Retry", retrier)
}

pub(super) fn catchers(state: &Fields<'_>, states: &StateIds<'_>) -> Vec<Catcher> {
    elements(state, "Catch", |fields, last| catcher(fields, states, last))
}

/// Reads each element of the array `name`. `read` gets the element, and whether it is the last.
fn elements<T>(
    state: &Fields<'_>,
    name: &'static str,
    read: impl Fn(&Fields<'_>, bool) -> Option<T>,
) -> Vec<T> {
    let elements: Vec<_> = state.array(name).into_iter().flatten().collect();
    let last = elements.len().saturating_sub(1);
    elements
        .into_iter()
        .enumerate()
        .filter_map(|(index, (value, at))| read(&state.inner(value, at)?, index == last))
        .collect()
}

fn retrier(fields: &Fields<'_>, last: bool) -> Option<Retrier> {
    fields.string("Comment");
    let error_equals = error_equals(fields, last);
    let interval_seconds = fields.integer("IntervalSeconds", 1..=MAX_INTERVAL_SECONDS).unwrap_or(1);
    let max_attempts = fields.integer("MaxAttempts", 0..=MAX_ATTEMPTS).unwrap_or(3);
    let max_delay_seconds = fields.integer("MaxDelaySeconds", 1..=MAX_DELAY_SECONDS);
    if let Some(delay) = max_delay_seconds.filter(|delay| *delay <= interval_seconds) {
        fields.report(
            "MaxDelaySeconds",
            format!("expected more than IntervalSeconds ({interval_seconds}), found {delay}"),
        );
    }
    let backoff_rate = backoff_rate(fields);
    let jitter = jitter(fields);
    fields.finish("a retrier");
    Some(Retrier {
        error_equals: error_equals?,
        interval_seconds,
        backoff_rate: backoff_rate?,
        max_attempts,
        max_delay_seconds,
        jitter,
    })
}

fn backoff_rate(fields: &Fields<'_>) -> Option<f64> {
    let Some(value) = fields.get("BackoffRate") else {
        return Some(2.0);
    };
    let rate = value.as_f64().filter(|rate| *rate >= 1.0);
    if rate.is_none() {
        fields.report("BackoffRate", format!("expected a number of at least 1.0, found {value}"));
    }
    rate
}

fn jitter(fields: &Fields<'_>) -> JitterStrategy {
    match fields.string("JitterStrategy") {
        Some("FULL") => JitterStrategy::Full,
        Some("NONE") | None => JitterStrategy::None,
        Some(other) => {
            fields.report("JitterStrategy", format!("expected 'FULL' or 'NONE', found '{other}'"));
            JitterStrategy::None
        }
    }
}

fn catcher(fields: &Fields<'_>, states: &StateIds<'_>, last: bool) -> Option<Catcher> {
    fields.string("Comment");
    let error_equals = error_equals(fields, last);
    let result_path = fields.result_path();
    let next = fields.require("Next").and_then(|_| fields.target("Next", states));
    fields.finish("a catcher");
    Some(Catcher { error_equals: error_equals?, result_path, next: next? })
}

/// The names that a retrier or a catcher matches. `States.ALL` must stand alone, in the last one.
fn error_equals(fields: &Fields<'_>, last: bool) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (value, at) in fields.non_empty_array("ErrorEquals")? {
        match value.as_str() {
            Some(name) => {
                if name.starts_with("States.") && !PREDEFINED.contains(&name) {
                    let hint = did_you_mean(name, PREDEFINED);
                    fields.report_at(at, format!("'{name}' is not an error name that AWS predefines{hint}"));
                }
                names.push(name.to_owned());
            }
            None => fields.report_at(at, format!("expected a string, found {value}")),
        }
    }
    if names.iter().any(|name| name == ALL) && (names.len() > 1 || !last) {
        fields.report("ErrorEquals", format!("'{ALL}' must stand alone, and in the last element"));
    }
    Some(names)
}
