//! What runs inside an instance of the sandbox: `ec2-ops guest init`, its init and its SSM agent in one process.
//!
//! The host starts it with pipes and speaks JSON lines ([`protocol`]). All that commands start lives below it:
//! on Linux it is a child subreaper, so that a daemon which forks twice and leaves its session still has it as
//! its ancestor. Powering off kills everything below it. When the host dies, of whatever, the guest reads the end
//! of its stdin, kills everything below itself and exits: nothing is left behind.
//!
//! # An instance on disk
//! ```text
//! <root>/bin/                 the commands that the image brings (see `shims`), first in PATH
//!        etc/environment      the environment of every login
//!        home/ec2-user/       the home of ec2-user
//!        etc/systemd/system/  the units that are enabled (see `units`)
//!        root/                the home of root
//!        run/init             the socket on which the image's commands speak to init
//!        tmp/                 TMPDIR
//!        var/lib/amazon/ssm/  the scripts and their whole output, where the SSM agent keeps them
//!        var/log/messages     the messages of `logger`
//! ```
//!
//! # Where it differs from a real instance
//! - Absolute paths are those of the machine itself: `/home/ec2-user` cannot be remapped without privileges.
//!   `~`, `$HOME`, `$TMPDIR` and the current directory lead into the instance.
//! - root and ec2-user are both the user who started the sandbox; only their homes and environments differ.
//! - The commands of the image are found through PATH. `/sbin/shutdown` by its absolute path is the machine's own;
//!   for an ordinary user it finds no system bus to ask.
//! - On systems without child subreapers (not Linux) a daemon that has left both its session and its parent is not
//!   found again. There the promise is best effort.

mod capture;
mod control;
pub mod host;
mod init;
mod layout;
mod processes;
mod protocol;
mod run;
mod schedule;
mod shims;
mod units;

use std::io::Write as _;
use std::process::ExitCode;

pub use protocol::{CommandResult, CommandStatus};

/// Runs `guest <args>`: `init`, or the name of a command of the image followed by its arguments.
pub fn main(args: impl IntoIterator<Item = String>) -> ExitCode {
    let mut args = args.into_iter();
    let Some(name) = args.next() else {
        return refuse("guest: which command? `init`, or one that the sandbox image brings");
    };
    let args: Vec<String> = args.collect();
    if name == "init" && args.is_empty() {
        return init::main();
    }
    shims::main(&name, &args)
}

/// Says on stderr why something is not done.
fn refuse(why: &str) -> ExitCode {
    // Without a stderr the message is lost; the exit code still reports the failure.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}
