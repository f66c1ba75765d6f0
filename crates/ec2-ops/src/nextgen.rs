//! The conventions of NextGen hydrologic forecasts. No other module knows them.
//!
//! In their documents `DAILY` stands for a date, `--FORCING_SOURCE` names the forecast cycle, and `--S3_BUCKET` and
//! `--S3_PREFIX` name the output. If an option occurs more than once, the last one counts.

mod daily;
mod datastream;
mod options;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::output_target::OutputTarget;
use daily::{DAILY, Variables, replace};
pub use datastream::DatastreamCommandOptions;
use options::{last_value, long, rewrite_values, short};

/// The options that only commands of NextGen have, and words in the names of its programs and files.
const OPTIONS: [&str; 3] = ["FORCING_SOURCE", "S3_BUCKET", "S3_PREFIX"];
const OF_NEXTGEN: [&str; 3] = ["ngen", "nextgen", "datastream"];
/// The cycle of a forcing source whose name has no hour.
const DEFAULT_CYCLE: i8 = 16;
/// The cycle of commands that name no forcing source: a day counts once it is over.
const END_OF_DAY: i8 = 24;
/// Hours between the cycles that the members of a medium-range ensemble start from.
const MEMBER_LAG_HOURS: i64 = 6;

/// The forecast cycle that the commands name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cycle {
    /// Its hour, 0 to 23; or [`END_OF_DAY`].
    hour: i8,
    /// The member of the ensemble, from 1.
    member: u8,
}

/// Replaces `DAILY` with the date of the forecast cycle: in the `-F` path, in the S3 prefix, and, without a
/// `--FORCING_SOURCE`, wherever it is a word. With a `--FORCING_SOURCE`, the program itself reads the other words.
/// `declared` are the names of variables that the commands do not set themselves.
pub(crate) fn resolve_daily<'a>(
    commands: &'a [String],
    declared: impl Iterator<Item = &'a str>,
    started: Timestamp,
) -> Vec<String> {
    let source = forcing_source(commands);
    let cycle = cycle_of(source);
    let date = date_of(cycle, started);
    let variables = Variables::of(commands, declared);
    let resolve = |command: &String| {
        let command = rewrite_values(command, short("-F"), |path| forcing_path(path, date, cycle));
        let command = rewrite_values(&command, long("S3_PREFIX"), |prefix| replace_in_path(prefix, date));
        if source.is_none() { replace(&command, date, &variables) } else { command }
    };
    commands.iter().map(resolve).collect()
}

/// A warning if `DAILY` was replaced in `commands`, and nothing in them is of NextGen: perhaps it was only a word.
pub(crate) fn surprise(commands: &[String], resolved: &[String]) -> Option<String> {
    let changed = commands.iter().zip(resolved).position(|(command, resolved)| command != resolved)?;
    let option = |name| last_value(commands, long(name)).is_some();
    let word = |command: &String| OF_NEXTGEN.iter().any(|word| command.to_lowercase().contains(word));
    if OPTIONS.into_iter().any(option) || commands.iter().any(word) {
        return None;
    }
    Some(format!(
        "$.commands[{changed}]: {DAILY} was replaced with the date of yesterday; to keep the word, give it as a variable: \
         \"variables\": {{\"WORD\": \"{DAILY}\"}}, and $WORD in the commands"
    ))
}

/// Replaces `DAILY` with the date of the forecast cycle in the key or prefix of `target`.
pub(crate) fn date_output(target: &OutputTarget, commands: &[String], started: Timestamp) -> OutputTarget {
    let date = date_of(cycle_of(forcing_source(commands)), started);
    target.at(target.bucket().to_owned(), replace_in_path(target.key(), date))
}

/// The output that the commands name: `--S3_BUCKET` and `--S3_PREFIX`, in any case.
pub(crate) fn output_of_commands(commands: &[String]) -> Option<OutputTarget> {
    let bucket = last_value(commands, long("S3_BUCKET"))?;
    let prefix = last_value(commands, long("S3_PREFIX"))?;
    Some(OutputTarget::Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// The object below the prefix of `target` that NextGen's program in `commands` uploads at its end, as the production system
/// expects it; `target` itself for any other program. The programs upload their logs and metadata even if the run failed.
///
/// See `lambdas/checker` in <https://github.com/CIROH-UA/ngen-datastream>.
pub(crate) fn last_object(target: OutputTarget, commands: &[String]) -> OutputTarget {
    let runs = |program: &str| {
        let follows = |rest: &str| rest.starts_with(|c: char| c.is_whitespace() || "='\"".contains(c));
        commands.iter().any(|command| command.split(program).skip(1).any(follows))
    };
    let object = if runs("/scripts/datastream") {
        "ngen-run.tar.gz"
    } else if commands.iter().any(|command| command.contains("forcingprocessor")) {
        "metadata/forcings_metadata/metadata.csv"
    } else {
        return target;
    };
    let key = format!("{}/{object}", target.key().trim_end_matches('/'));
    OutputTarget::Key { bucket: target.bucket().to_owned(), key }
}

fn forcing_source(commands: &[String]) -> Option<&str> {
    last_value(commands, long("FORCING_SOURCE"))
}

/// Reads the cycle from a name such as `NWM_V3_SHORT_RANGE_06` or `NWM_V3_MEDIUM_RANGE_12_3`.
fn cycle_of(source: Option<&str>) -> Cycle {
    let Some(source) = source else {
        return Cycle { hour: END_OF_DAY, member: 1 };
    };
    let first_of = |hour| Cycle { hour, member: 1 };
    let default = first_of(DEFAULT_CYCLE);
    if source.contains("SHORT_RANGE") || source.contains("ANALYSIS_ASSIM_RESTART_CHRT") {
        return hour_at_end(source).map_or(default, first_of);
    }
    if source.contains("MEDIUM_RANGE") {
        let with_member = source.rsplit_once('_').and_then(|(cycle, member)| {
            Some(Cycle { hour: hour_at_end(cycle)?, member: member.parse::<u8>().ok()?.max(1) })
        });
        return with_member.or_else(|| hour_at_end(source).map(first_of)).unwrap_or(default);
    }
    default
}

/// The hour in the last two characters of `name`.
fn hour_at_end(name: &str) -> Option<i8> {
    hour(*name.as_bytes().last_chunk::<2>()?)
}

fn hour(digits: [u8; 2]) -> Option<i8> {
    let text = str::from_utf8(&digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    text.parse().ok().filter(|hour| (0..24).contains(hour))
}

/// The cycle's date: yesterday before its hour, then today. In UTC, so that daylight saving does not matter.
fn date_of(cycle: Cycle, started: Timestamp) -> Date {
    let now = started.to_zoned(TimeZone::UTC);
    if now.hour() < cycle.hour { now.date().yesterday().unwrap_or(now.date()) } else { now.date() }
}

/// Dates the path of the forcings. A later member of an ensemble starts from an earlier cycle, perhaps of the day before.
fn forcing_path(path: &str, date: Date, cycle: Cycle) -> String {
    let in_name = hour_between(path, b't', b'z');
    let Some(hour) = in_name.or_else(|| hour_between(path, b'/', b'/')) else {
        return replace_in_path(path, date);
    };
    let lag = SignedDuration::from_hours(MEMBER_LAG_HOURS * i64::from(cycle.member - 1));
    let at = date.at(hour, 0, 0, 0);
    let shifted = at.checked_sub(lag).unwrap_or(at);
    let new = shifted.hour();
    replace_in_path(path, shifted.date())
        .replace(&format!("/{hour:02}/"), &format!("/{new:02}/"))
        .replace(&format!("t{hour:02}z"), &format!("t{new:02}z"))
}

/// A path has no variables of its own; a `$NAME` in it stays.
fn replace_in_path(path: &str, date: Date) -> String {
    replace(path, date, &Variables::none())
}

/// The first hour in `path` that stands between `before` and `after`: `/HH/`, `tHHz`.
fn hour_between(path: &str, before: u8, after: u8) -> Option<i8> {
    path.as_bytes().windows(4).find_map(|window| match *window {
        [first, tens, ones, last] if (first, last) == (before, after) => hour([tens, ones]),
        _ => None,
    })
}
