//! `shutdown`, `poweroff`, `reboot`, `halt`, `init`, `telinit`, `systemctl`: orders for the instance's own init.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{Argument, Arguments};
use super::{Outcome, order, unmodelled};
use crate::control::Order;
use crate::layout::Root;
use crate::units;

/// Halting stops the processor but not the instance, which goes on to be billed. See
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html>.
const HALT: &str = "on EC2 a halted instance does not stop, it stays 'running' without an operating system; \
                    the ec2-ops sandbox does not model that. Use 'shutdown -h now' or 'poweroff'";

/// shutdown(8) of systemd: `[-h|-P|-r|-c] [now|+MINUTES] [MESSAGE…]`; without a time it is a minute.
pub(super) fn shutdown(args: &[String]) -> Outcome {
    let (mut restart, mut cancel, mut minutes) = (false, false, None);
    let mut arguments = Arguments::new(args);
    while let Some(argument) = arguments.next()? {
        match argument {
            Argument::Option(option) => match option.as_str() {
                "-h" | "-P" | "--poweroff" => restart = false,
                "-r" | "--reboot" => restart = true,
                "-c" => cancel = true,
                "-H" | "--halt" => return Err(HALT.to_owned()),
                "--no-wall" => {}
                other => return unmodelled(other),
            },
            // What follows the time is the message to all users, of whom there are none.
            Argument::Operand(time) if minutes.is_none() => minutes = Some(parse_minutes(&time)?),
            Argument::Operand(_) | Argument::End => {}
        }
    }
    if cancel {
        return order(&Order::CancelShutdown, false);
    }
    let after_seconds = minutes.unwrap_or(1).saturating_mul(60);
    order(&Order::Shutdown { after_seconds, restart }, false)
}

fn parse_minutes(time: &str) -> Result<u64, String> {
    if time == "now" {
        return Ok(0);
    }
    let minutes = time.strip_prefix('+').unwrap_or(time);
    minutes
        .parse()
        .map_err(|_| format!("the ec2-ops sandbox knows the times 'now' and '+MINUTES', not '{time}'"))
}

/// `poweroff`, `reboot`, `halt`: at once. `--force` and `--no-wall` change nothing that could be seen from outside.
pub(super) fn power(name: &str, args: &[String]) -> Outcome {
    let mut how = name;
    for arg in args {
        match arg.as_str() {
            "-p" | "--poweroff" => how = "poweroff",
            "--reboot" => how = "reboot",
            "--halt" => how = "halt",
            "-f" | "--force" | "--no-wall" => {}
            other => return unmodelled(other),
        }
    }
    match how {
        "halt" => Err(HALT.to_owned()),
        how => order(&Order::Shutdown { after_seconds: 0, restart: how == "reboot" }, false),
    }
}

/// `init 0` and `init 6`, as System V had them.
pub(super) fn runlevel(args: &[String]) -> Outcome {
    match args {
        [level] if level == "0" => power("poweroff", &[]),
        [level] if level == "6" => power("reboot", &[]),
        _ => unmodelled(&args.join(" ")),
    }
}

/// `systemctl [-q] poweroff|reboot|halt`, `enable PATH…`, and `stop UNIT.timer`; other units would be those of the machine
/// itself.
pub(super) fn systemctl(args: &[String]) -> Outcome {
    match args {
        [quiet, rest @ ..] if quiet == "-q" || quiet == "--quiet" => systemctl(rest),
        [verb, rest @ ..] if matches!(verb.as_str(), "poweroff" | "reboot" | "halt") => power(verb, rest),
        [verb, files @ ..] if verb == "enable" && !files.is_empty() => {
            let root = Root::of_caller().map_err(|error| error.to_string())?;
            files.iter().try_for_each(|file| units::enable(&root, Path::new(file)))?;
            Ok(ExitCode::SUCCESS)
        }
        [verb, unit] if verb == "stop" && unit.strip_suffix(".timer").is_some() => {
            order(&Order::StopTimer { unit: unit.clone() }, false)
        }
        _ => unmodelled(&args.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_shutdown_is_now_or_in_minutes() {
        assert_eq!(parse_minutes("now"), Ok(0));
        assert_eq!(parse_minutes("+5"), Ok(5));
        assert_eq!(parse_minutes("5"), Ok(5));
        assert!(parse_minutes("23:30").expect_err("refused").contains("'23:30'"));
        assert!(parse_minutes("+-1").is_err());
    }
}
