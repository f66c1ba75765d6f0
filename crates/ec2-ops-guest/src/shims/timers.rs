//! `systemd-run`, for commands that run later.

use super::arguments::{Argument, Arguments};
use super::{Outcome, order, unmodelled};
use crate::control::Order;

/// `systemd-run --on-active=TIME [--unit=NAME] [--quiet] [--collect] COMMAND…`.
pub(super) fn systemd_run(args: &[String]) -> Outcome {
    let (mut after_seconds, mut unit, mut quiet) = (None, None, false);
    let mut arguments = Arguments::new(args);
    let mut first = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Argument::Option(option) => match option.as_str() {
                "--on-active" => after_seconds = Some(parse_span(&arguments.value(&option)?)?),
                "--unit" | "-u" => unit = Some(unit_name(&arguments.value(&option)?)?),
                "--quiet" | "-q" => quiet = true,
                // A transient unit leaves nothing behind here in any case.
                "--collect" | "-G" => {}
                other => return unmodelled(other),
            },
            Argument::Operand(program) => {
                first = Some(program);
                break;
            }
            Argument::End => break,
        }
    }
    let command = match (first, arguments.rest()) {
        (Some(program), rest) => (program, rest.to_vec()),
        (None, [program, rest @ ..]) => (program.clone(), rest.to_vec()),
        (None, []) => return Err("which command?".to_owned()),
    };
    let needed = "the ec2-ops sandbox models timers only: --on-active=SECONDS is needed";
    let after_seconds = after_seconds.ok_or(needed)?;
    order(&Order::StartTimer { unit, after_seconds, command }, quiet)
}

/// Seconds, with or without `s`; `min` and `h` as systemd.time(7) writes them.
fn parse_span(span: &str) -> Result<u64, String> {
    let digits = span.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &span[digits.len()..] {
        "" | "s" | "sec" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        _ => return unmodelled(span),
    };
    let count: Option<u64> = digits.parse().ok();
    count.and_then(|count| count.checked_mul(unit)).ok_or_else(|| format!("'{span}' is not a time span"))
}

fn unit_name(name: &str) -> Result<String, String> {
    let name = name.trim_end_matches(".timer").trim_end_matches(".service");
    let legal = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    if name.is_empty() || !name.chars().all(legal) {
        return Err(format!("'{name}' is not the name of a unit"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_in_seconds_unless_it_says_otherwise() {
        assert_eq!(parse_span("30"), Ok(30));
        assert_eq!(parse_span("30s"), Ok(30));
        assert_eq!(parse_span("2min"), Ok(120));
        assert_eq!(parse_span("1h"), Ok(3600));
        for wrong in ["", "s", "1 h", "-1", "1.5s", "3weeks"] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }
}
