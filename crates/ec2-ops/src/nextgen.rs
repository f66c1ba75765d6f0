//! The conventions of NextGen hydrologic forecasts; nothing outside this module knows of them.
//!
//! Their documents speak of `DAILY` where a date belongs, name the forecast cycle in `--FORCING_SOURCE`, and say in
//! `--S3_BUCKET` and `--S3_PREFIX` where the output will be. Where an option is given more than once, the last one counts.

mod options;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::document::DatastreamCommandOptions;
use crate::ports::OutputTarget;
use options::{last_value, long, rewrite_values, short};

/// The word that stands for the date of the forecast cycle.
const DAILY: &str = "DAILY";
/// The cycle of a forcing source whose name does not say it.
const DEFAULT_CYCLE: i8 = 16;
/// The cycle where no forcing source is named: a day counts once it is over.
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

/// Puts the date of the forecast cycle in place of `DAILY`: in the `-F` path, in the S3 prefix, and, without a
/// `--FORCING_SOURCE`, wherever it is a word. With one, the program that is run reads the rest itself.
pub(crate) fn resolve_daily(commands: &[String], started: Timestamp) -> Vec<String> {
    let source = forcing_source(commands);
    let cycle = cycle_of(source);
    let date = date_of(cycle, started);
    let resolve = |command: &String| {
        let command = rewrite_values(command, short("-F"), |path| forcing_path(path, date, cycle));
        let command = rewrite_values(&command, long("S3_PREFIX"), |prefix| replace_in_path(prefix, date));
        if source.is_none() { replace_word(&command, date, is_identifier) } else { command }
    };
    commands.iter().map(resolve).collect()
}

/// Puts the date of the forecast cycle in place of `DAILY` in the key or prefix of `target`.
pub(crate) fn date_output(target: OutputTarget, commands: &[String], started: Timestamp) -> OutputTarget {
    let date = date_of(cycle_of(forcing_source(commands)), started);
    match target {
        OutputTarget::Key { bucket, key } => OutputTarget::Key { bucket, key: replace_in_path(&key, date) },
        OutputTarget::Prefix { bucket, prefix } => {
            OutputTarget::Prefix { bucket, prefix: replace_in_path(&prefix, date) }
        }
    }
}

/// Where the commands say that their output will be: `--S3_BUCKET` and `--S3_PREFIX`, in any case.
pub(crate) fn output_of_commands(commands: &[String]) -> Option<OutputTarget> {
    let bucket = last_value(commands, long("S3_BUCKET"))?;
    let prefix = last_value(commands, long("S3_PREFIX"))?;
    Some(OutputTarget::Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// Where the older form says that its output will be.
pub(crate) fn output_of_options(options: &DatastreamCommandOptions) -> Option<OutputTarget> {
    let bucket = options.s3_bucket.clone()?;
    let prefix = options.s3_prefix.clone()?;
    Some(OutputTarget::Prefix { bucket, prefix })
}

/// The command that the older form stands for. Its values are read by the shell, inside single quotes.
pub(crate) fn datastream_command(options: &DatastreamCommandOptions) -> String {
    let DatastreamCommandOptions {
        start_time,
        end_time,
        forcing_source,
        subset_id,
        subset_id_type,
        hydrofabric_version,
        realization,
        nprocs,
        s3_bucket,
        s3_prefix,
    } = options;
    let upload = match (s3_bucket, s3_prefix) {
        (Some(bucket), Some(prefix)) => format!(" -S {bucket} -o {prefix}"),
        _ => String::new(),
    };
    format!(
        "runuser -l ec2-user -c 'cd /home/ec2-user/datastream && ./scripts/datastream -s {start_time} -e {end_time} \
         -C {forcing_source} -I {subset_id} -i {subset_id_type} -v {hydrofabric_version} -d $(pwd)/data/datastream \
         -R {realization} -n {nprocs}{upload}'"
    )
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

/// The hour that the last two characters of `name` say.
fn hour_at_end(name: &str) -> Option<i8> {
    hour(*name.as_bytes().last_chunk::<2>()?)
}

fn hour(digits: [u8; 2]) -> Option<i8> {
    let text = str::from_utf8(&digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    text.parse().ok().filter(|hour| (0..24).contains(hour))
}

/// The cycle's date: today once its hour has come, yesterday before. In UTC, whatever the clocks on the wall do.
fn date_of(cycle: Cycle, started: Timestamp) -> Date {
    let now = started.to_zoned(TimeZone::UTC);
    if now.hour() < cycle.hour { now.date().yesterday().unwrap_or(now.date()) } else { now.date() }
}

/// Dates the path of the forcings. A later member of an ensemble starts from an earlier cycle, which may be of another day.
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

/// The first hour in `path` that stands between `before` and `after`: `/HH/`, `tHHz`.
fn hour_between(path: &str, before: u8, after: u8) -> Option<i8> {
    path.as_bytes().windows(4).find_map(|window| match *window {
        [first, tens, ones, last] if (first, last) == (before, after) => hour([tens, ones]),
        _ => None,
    })
}

/// In a path `_` separates words: `restart_DAILY_00.nc`.
fn replace_in_path(path: &str, date: Date) -> String {
    replace_word(path, date, char::is_alphanumeric)
}

/// In a script `_` joins them: `$DAILY_LIMIT` is a variable.
fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Replaces `DAILY` where it is a word of its own: neither before nor after it is a character that `in_word` names.
fn replace_word(text: &str, date: Date, in_word: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut copied = 0;
    for (at, word) in text.match_indices(DAILY) {
        let end = at + word.len();
        let joined = text[..at].ends_with(&in_word) || text[end..].starts_with(&in_word);
        if !joined {
            out.push_str(&text[copied..at]);
            out.push_str(&date.strftime("%Y%m%d").to_string());
            copied = end;
        }
    }
    out.push_str(&text[copied..]);
    out
}
