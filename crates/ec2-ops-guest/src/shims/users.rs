//! `runuser`, `su`, `sudo`, `getent`. All users of an instance are the user who started the sandbox; what changes is what a
//! command sees: home, environment, current directory.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use super::arguments::{Argument, Arguments};
use super::{Outcome, delegate, unmodelled};
use crate::layout::{Root, User, login_shell};

/// What a login shell reads of the home before it runs a command. The machine's `/etc/profile` is left out: it
/// may replace PATH, and with it the image's commands.
const PROFILE: &str = r#"for f in ~/.bash_profile ~/.bash_login ~/.profile; do if [ -r "$f" ]; then . "$f"; break; fi; done; unset f"#;

/// `getent passwd NAME|NUMBER` for the users of the image; other databases are those of the machine.
pub(super) fn getent(args: &[String]) -> Outcome {
    const NOT_FOUND: u8 = 2;
    let [database, key] = args else { return unmodelled(&args.join(" ")) };
    if database != "passwd" {
        return Err(delegate("getent", args));
    }
    let user = match key.as_str() {
        "0" => Some(User::Root),
        "1000" => Some(User::Ec2User),
        name => User::named(name),
    };
    let Some(user) = user else { return Ok(ExitCode::from(NOT_FOUND)) };
    let root = Root::of_caller().map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{}", root.passwd(user)).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// How `su` and `runuser` without `-u` are asked for a shell.
#[derive(Default)]
struct ShellCall {
    login: bool,
    user: Option<User>,
    command: Option<String>,
    arguments: Vec<String>,
}

/// `runuser -u USER [--] COMMAND…`, and the forms of `su`.
pub(super) fn runuser(args: &[String]) -> Outcome {
    let mut arguments = Arguments::new(args);
    match arguments.next()? {
        Some(Argument::Option(option)) if option == "-u" || option == "--user" => {
            let user = user_named(&arguments.value(&option)?)?;
            let rest = arguments.rest();
            let rest = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
            run_as(user, &[], rest)
        }
        _ => su(args),
    }
}

/// `su [-|-l] [USER] -c COMMAND [ARGUMENT…]`.
pub(super) fn su(args: &[String]) -> Outcome {
    let mut call = ShellCall::default();
    let mut arguments = Arguments::new(args);
    while let Some(argument) = arguments.next()? {
        match argument {
            Argument::Option(option) => match option.as_str() {
                "-l" | "--login" => call.login = true,
                "-c" | "--command" => call.command = Some(arguments.value(&option)?),
                other => return unmodelled(other),
            },
            Argument::Operand(dash) if dash == "-" => call.login = true,
            Argument::Operand(name) if call.user.is_none() => call.user = Some(user_named(&name)?),
            Argument::Operand(word) => call.arguments.push(word),
            Argument::End => break,
        }
    }
    call.arguments.extend(arguments.rest().iter().cloned());
    shell(call)
}

fn shell(call: ShellCall) -> Outcome {
    let Some(command) = call.command else {
        return Err("the ec2-ops sandbox has no interactive shells: give the command with -c".to_owned());
    };
    let user = call.user.unwrap_or(User::Root);
    let mut process = Command::new(login_shell());
    let prepared = if call.login { log_in(&mut process, user) } else { become_user(&mut process, user) };
    prepared.map_err(|error| error.to_string())?;
    let text = if call.login { format!("{PROFILE}\n{command}") } else { command };
    execute(process.arg("-c").arg(text).args(call.arguments))
}

/// `sudo [-n] [-E] [-H] [-u USER] [NAME=VALUE…] [--] COMMAND…`. The environment is kept, as with `-E`.
pub(super) fn sudo(args: &[String]) -> Outcome {
    let mut user = User::Root;
    let mut words = Vec::new();
    let mut arguments = Arguments::new(args);
    while let Some(argument) = arguments.next()? {
        match argument {
            Argument::Option(option) => match option.as_str() {
                "-n" | "--non-interactive" | "-E" | "--preserve-env" | "-H" | "--set-home" => {}
                "-u" | "--user" => user = user_named(&arguments.value(&option)?)?,
                other => return unmodelled(other),
            },
            Argument::End => break,
            Argument::Operand(word) => {
                words.push(word);
                break;
            }
        }
    }
    words.extend(arguments.rest().iter().cloned());
    let assigned = words.iter().take_while(|word| is_assignment(word)).count();
    let (assignments, words) = words.split_at(assigned);
    run_as(user, assignments, words)
}

/// Runs a command as that user, its words as they are.
fn run_as(user: User, assignments: &[String], words: &[String]) -> Outcome {
    let [program, arguments @ ..] = words else {
        return Err("no command was specified".to_owned());
    };
    let mut process = Command::new(program);
    become_user(&mut process, user).map_err(|error| error.to_string())?;
    process.envs(assignments.iter().filter_map(|word| word.split_once('=')));
    execute(process.args(arguments))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// A fresh environment, in the user's home.
fn log_in(process: &mut Command, user: User) -> io::Result<()> {
    let root = Root::of_caller()?;
    process.env_clear().envs(root.login(user)?).current_dir(root.home(user));
    if let Some(terminal) = std::env::var_os("TERM") {
        process.env("TERM", terminal);
    }
    Ok(())
}

/// The caller's environment, but the user's own home and name.
fn become_user(process: &mut Command, user: User) -> io::Result<()> {
    process.envs(Root::of_caller()?.identity(user));
    Ok(())
}

fn execute(process: &mut Command) -> Outcome {
    let error = process.exec();
    let program = process.get_program().to_string_lossy().into_owned();
    Err(format!("{program}: {error}"))
}

fn user_named(name: &str) -> Result<User, String> {
    User::named(name)
        .ok_or_else(|| format!("user {name} does not exist; the sandbox image has root and ec2-user"))
}
