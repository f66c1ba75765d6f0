//! The services that systemd starts when the instance boots and when it powers off, as far as unit files need it here: one
//! program, wanted by one of two targets. What else a unit file says is refused when the unit is enabled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::control::Argv;
use crate::layout::Root;

/// When a unit is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The instance has booted.
    MultiUser,
    /// It powers off, and not for a reboot.
    PowerOff,
}

/// A unit file that was understood.
#[derive(Debug, PartialEq, Eq)]
struct Unit {
    wanted_by: Target,
    /// `ConditionPathExists`.
    condition: Option<PathBuf>,
    exec_start: Argv,
}

/// `systemctl enable PATH`: links the unit file, which stays where it is.
pub(super) fn enable(root: &Root, file: &Path) -> Result<(), String> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !file.is_absolute() || !name.ends_with(".service") {
        return Err(format!(
            "the ec2-ops sandbox enables services by their absolute path, not '{}'",
            file.display()
        ));
    }
    let failed = |error: io::Error| format!("Failed to enable unit: {}: {error}", file.display());
    parse(&fs::read_to_string(file).map_err(failed)?).map_err(|why| format!("{name}: {why}"))?;
    let link = directory(root).join(name);
    match fs::read_link(&link) {
        Ok(target) if target == file => Ok(()),
        Ok(_) => Err(format!("Failed to enable unit: File {} already exists", link.display())),
        Err(_) => std::os::unix::fs::symlink(file, link).map_err(failed),
    }
}

/// The programs that reaching `target` starts, in the order of their units' names. A unit whose file is gone is skipped, as
/// systemd does.
pub(super) fn wanted_by(root: &Root, target: Target) -> Vec<Argv> {
    let entries = fs::read_dir(directory(root)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let units = files.iter().filter_map(|file| parse(&fs::read_to_string(file).ok()?).ok());
    units
        .filter(|unit| unit.wanted_by == target && unit.condition.as_deref().is_none_or(Path::exists))
        .map(|unit| unit.exec_start)
        .collect()
}

fn directory(root: &Root) -> PathBuf {
    root.path("etc/systemd/system")
}

fn parse(text: &str) -> Result<Unit, String> {
    let (mut section, mut oneshot) = ("", false);
    let (mut wanted_by, mut condition, mut exec_start) = (None, None, None);
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let unmodelled = || format!("the ec2-ops sandbox does not model '{line}' in {section}");
        match (section, line.split_once('=')) {
            (_, None) if matches!(line, "[Unit]" | "[Service]" | "[Install]") => section = line,
            // Units start one after another here, so the order that a unit asks for makes no difference.
            (
                "[Unit]",
                Some(("Description", _) | ("DefaultDependencies", "no") | ("Before", "poweroff.target")),
            ) => {}
            ("[Unit]", Some(("ConditionPathExists", path))) if condition.is_none() => {
                condition = Some(PathBuf::from(path));
            }
            ("[Service]", Some(("Type", "oneshot"))) => oneshot = true,
            ("[Service]", Some(("ExecStart", command))) if exec_start.is_none() => {
                exec_start = Some(words(command).ok_or_else(unmodelled)?);
            }
            ("[Install]", Some(("WantedBy", "multi-user.target"))) => wanted_by = Some(Target::MultiUser),
            ("[Install]", Some(("WantedBy", "poweroff.target"))) => wanted_by = Some(Target::PowerOff),
            _ => return Err(unmodelled()),
        }
    }
    let (Some(wanted_by), Some(exec_start), true) = (wanted_by, exec_start, oneshot) else {
        return Err(
            "the ec2-ops sandbox models services with Type=oneshot, ExecStart and WantedBy".to_owned()
        );
    };
    Ok(Unit { wanted_by, condition, exec_start })
}

/// The words of a command line, some of them in double quotes. Nothing in them is expanded, so what systemd would expand is
/// not taken.
fn words(command: &str) -> Option<Argv> {
    let mut words = Vec::new();
    let mut rest = command.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        if word.contains(['\\', '$', '%', '"'])
            || !(after.is_empty() || after.starts_with(' ') || !rest.starts_with('"'))
        {
            return None;
        }
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    let (program, arguments) = words.split_first()?;
    program.starts_with('/').then(|| (program.clone(), arguments.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "[Unit]\nDescription=x\nConditionPathExists=/a b/armed\n[Service]\nType=oneshot\n\
                        ExecStart=\"/a b/rm\" -f \"/it's here\"\n[Install]\nWantedBy=multi-user.target\n";

    #[test]
    fn a_unit_has_a_condition_a_program_and_a_target() {
        let exec_start = ("/a b/rm".to_owned(), vec!["-f".to_owned(), "/it's here".to_owned()]);
        let expected =
            Unit { wanted_by: Target::MultiUser, condition: Some("/a b/armed".into()), exec_start };
        assert_eq!(parse(UNIT), Ok(expected));
    }

    #[test]
    fn what_is_not_modelled_in_a_unit_is_refused_by_name() {
        for (from, to, complaint) in [
            ("Description=x", "Requires=y", "'Requires=y' in [Unit]"),
            ("Type=oneshot", "Type=simple", "'Type=simple' in [Service]"),
            ("multi-user.target", "graphical.target", "'WantedBy=graphical.target' in [Install]"),
            ("/it's here", "%h", "%h"),
            ("\"/a b/rm\"", "rm", "ExecStart=rm"),
            ("Type=oneshot\n", "", "Type=oneshot, ExecStart and WantedBy"),
        ] {
            let error = parse(&UNIT.replace(from, to)).expect_err(to);
            assert!(error.contains(complaint), "{error}");
        }
    }
}
