//! How an execution stands, as a coloured word with a sign.

use maud::{Markup, html};

/// The badge of `standing`; empty while that is not known yet.
pub(crate) fn badge(standing: &str) -> Markup {
    let (class, sign) = match standing {
        "" => ("unknown", "…"),
        "Running" => ("running", "▶"),
        "Succeeded" => ("good", "✓"),
        "Aborted" | "Cancelled" => ("stopped", "■"),
        _ => ("bad", "✕"),
    };
    let word = if standing.is_empty() { "ended" } else { standing };
    html! { span.badge.(class) { span.sign aria-hidden="true" { (sign) } (word) } }
}
