//! The conventions of NextGen hydrologic forecasts; nothing outside this module knows of them.
//!
//! Their documents speak of `DAILY` where a date belongs, name the forecast cycle in `--FORCING_SOURCE`, and say in
//! `--S3_BUCKET` and `--S3_PREFIX` where the output will be.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::document::DatastreamCommandOptions;
use crate::ports::OutputTarget;

/// The word that stands for the date of the forecast cycle.
const DAILY: &str = "DAILY";
/// The cycle of a forcing source whose name does not say it.
const DEFAULT_CYCLE: i8 = 16;
/// Hours between the cycles that the members of a medium-range ensemble start from.
const MEMBER_LAG_HOURS: i64 = 6;

/// The forecast cycle that the commands name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cycle {
    hour: i8,
    member: i64,
}

/// Puts the date of the forecast cycle in place of `DAILY`.
///
/// With a `--FORCING_SOURCE`, that is the word in the S3 prefix and in the `-F` path (the program that is run reads the rest
/// itself); without one, every whole word `DAILY`.
pub(crate) fn resolve_daily(commands: &[String], started: Timestamp) -> Vec<String> {
    let Some(cycle) = cycle(commands) else {
        let date = compact(yesterday(started));
        return commands.iter().map(|command| replace_word(command, &date)).collect();
    };
    let date = date_of(cycle, started);
    let resolve = |command: &String| {
        let command = rewrite_value(command, |name| name == "-F", |path| forcing_path(path, date, cycle));
        rewrite_value(&command, is_option("S3_PREFIX"), |prefix| replace_word(prefix, &compact(date)))
    };
    commands.iter().map(resolve).collect()
}

/// Puts the date of the forecast cycle in place of `DAILY` in the key or prefix of `target`.
pub(crate) fn date_output(target: OutputTarget, commands: &[String], started: Timestamp) -> OutputTarget {
    let date = compact(cycle(commands).map_or_else(|| yesterday(started), |cycle| date_of(cycle, started)));
    match target {
        OutputTarget::Key { bucket, key } => OutputTarget::Key { bucket, key: replace_word(&key, &date) },
        OutputTarget::Prefix { bucket, prefix } => {
            OutputTarget::Prefix { bucket, prefix: replace_word(&prefix, &date) }
        }
    }
}

/// Where the commands say that their output will be: `--S3_BUCKET` and `--S3_PREFIX`, in any case.
pub(crate) fn output_of_commands(commands: &[String]) -> Option<OutputTarget> {
    let bucket = commands.iter().find_map(|command| value_of(command, is_option("S3_BUCKET")))?;
    let prefix = commands.iter().find_map(|command| value_of(command, is_option("S3_PREFIX")))?;
    Some(OutputTarget::Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// Where the older form says that its output will be.
pub(crate) fn output_of_options(options: &DatastreamCommandOptions) -> Option<OutputTarget> {
    let bucket = options.s3_bucket.clone()?;
    let prefix = options.s3_prefix.clone()?;
    Some(OutputTarget::Prefix { bucket, prefix })
}

/// The command that the older form stands for.
///
/// # Errors
/// The name of an option that is empty.
pub(crate) fn datastream_command(options: &DatastreamCommandOptions) -> Result<String, &'static str> {
    let required = [
        ("start_time", "-s", &options.start_time),
        ("end_time", "-e", &options.end_time),
        ("forcing_source", "-C", &options.forcing_source),
        ("subset_id", "-I", &options.subset_id),
        ("subset_id_type", "-i", &options.subset_id_type),
        ("hydrofabric_version", "-v", &options.hydrofabric_version),
        ("realization", "-R", &options.realization),
        ("nprocs", "-n", &options.nprocs),
    ];
    if let Some((name, ..)) = required.iter().find(|(.., value)| value.trim().is_empty()) {
        return Err(name);
    }
    let [start, end, source, id, id_type, version, realization, nprocs] =
        required.map(|(_, flag, value)| format!("{flag} {value}"));
    let upload = match (&options.s3_bucket, &options.s3_prefix) {
        (Some(bucket), Some(prefix)) => format!(" -S {bucket} -o {prefix}"),
        _ => String::new(),
    };
    Ok(format!(
        "runuser -l ec2-user -c 'cd /home/ec2-user/datastream && ./scripts/datastream {start} {end} {source} {id} {id_type} \
         {version} -d $(pwd)/data/datastream {realization} {nprocs}{upload}'"
    ))
}

fn cycle(commands: &[String]) -> Option<Cycle> {
    let source = commands.iter().find_map(|command| value_of(command, is_option("FORCING_SOURCE")))?;
    Some(cycle_of(source))
}

/// Reads the cycle from a name such as `NWM_V3_SHORT_RANGE_06` or `NWM_V3_MEDIUM_RANGE_12_3`.
fn cycle_of(source: &str) -> Cycle {
    let default = Cycle { hour: DEFAULT_CYCLE, member: 1 };
    let mut parts = source.rsplit('_');
    let last = parts.next().unwrap_or_default();
    if source.contains("SHORT_RANGE") || source.contains("ANALYSIS_ASSIM_RESTART_CHRT") {
        return hour(last).map_or(default, |hour| Cycle { hour, member: 1 });
    }
    if source.contains("MEDIUM_RANGE") {
        let cycle = parts.next().and_then(hour).zip(last.parse().ok());
        return cycle.map_or(default, |(hour, member)| Cycle { hour, member });
    }
    default
}

fn hour(digits: &str) -> Option<i8> {
    digits.parse().ok().filter(|hour| digits.len() == 2 && (0..24).contains(hour))
}

/// The cycle's date: today once its hour has come, yesterday before.
fn date_of(cycle: Cycle, started: Timestamp) -> Date {
    let now = started.to_zoned(TimeZone::UTC);
    if now.hour() < cycle.hour { yesterday(started) } else { now.date() }
}

fn yesterday(started: Timestamp) -> Date {
    let today = started.to_zoned(TimeZone::UTC).date();
    today.yesterday().unwrap_or(today)
}

fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Dates the path of the forcings. A later member of an ensemble starts from an earlier cycle.
fn forcing_path(path: &str, date: Date, cycle: Cycle) -> String {
    let lag = jiff::SignedDuration::from_hours(MEMBER_LAG_HOURS.saturating_mul(cycle.member - 1));
    let at: DateTime = date.at(cycle.hour, 0, 0, 0);
    let shifted = at.checked_sub(lag).unwrap_or(at);
    let (old, new) = (cycle.hour, shifted.hour());
    replace_word(path, &compact(shifted.date()))
        .replace(&format!("/{old:02}/"), &format!("/{new:02}/"))
        .replace(&format!("t{old:02}z"), &format!("t{new:02}z"))
}

/// Replaces `DAILY` where it is a word of its own.
fn replace_word(text: &str, date: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(DAILY) {
        let (before, from) = rest.split_at(at);
        let after = &from[DAILY.len()..];
        let preceded = before.chars().next_back().or_else(|| out.chars().next_back()).is_some_and(is_word);
        let followed = after.chars().next().is_some_and(is_word);
        out.push_str(before);
        out.push_str(if preceded || followed { DAILY } else { date });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Matches `--NAME` in any case.
fn is_option(name: &'static str) -> impl Fn(&str) -> bool {
    move |word| word.strip_prefix("--").is_some_and(|option| option.eq_ignore_ascii_case(name))
}

/// The value of the first option that `wanted` names: the next word, or what follows `=`.
fn value_of(command: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    value_spans(command, wanted).into_iter().next().map(|(start, end)| &command[start..end])
}

fn rewrite_value(command: &str, wanted: impl Fn(&str) -> bool, rewrite: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(command.len());
    let mut copied = 0;
    for (start, end) in value_spans(command, wanted) {
        out.push_str(&command[copied..start]);
        out.push_str(&rewrite(&command[start..end]));
        copied = end;
    }
    out.push_str(&command[copied..]);
    out
}

/// Where the values of the options stand that `wanted` names. Words end at white space and at quotes, so options inside
/// `runuser -c '…'` are words too.
fn value_spans(command: &str, wanted: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut value_is_next = false;
    let mut end_of_last = 0;
    for word in command.split(|c: char| c.is_whitespace() || c == '\'' || c == '"') {
        let start = end_of_last;
        end_of_last =
            start + word.len() + command[start + word.len()..].chars().next().map_or(0, char::len_utf8);
        if word.is_empty() {
            continue;
        }
        if value_is_next {
            spans.push((start, start + word.len()));
            value_is_next = false;
            continue;
        }
        match word.split_once('=') {
            Some((name, value)) if wanted(name) => {
                spans.push((start + name.len() + 1, start + name.len() + 1 + value.len()));
            }
            _ => value_is_next = wanted(word),
        }
    }
    spans
}
