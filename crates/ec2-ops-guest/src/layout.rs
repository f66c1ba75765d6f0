//! An instance on disk and in the environment.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::protocol::Boot;
use crate::{run, shims};

/// Where the commands of the image find their instance.
pub(crate) const ROOT_VARIABLE: &str = "EC2_OPS_INSTANCE_ROOT";

/// The environment of one process, in order.
pub(super) type Environment = Vec<(String, String)>;

/// The directory that is an instance.
#[derive(Clone, Debug)]
pub(super) struct Root(PathBuf);

/// The users of the image. Both are the user who started the sandbox; homes and environments differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Root,
    Ec2User,
}

impl User {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "root" => Some(Self::Root),
            "ec2-user" => Some(Self::Ec2User),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Ec2User => "ec2-user",
        }
    }
}

impl Root {
    /// The instance that the calling command of the image belongs to.
    pub(super) fn of_caller() -> io::Result<Self> {
        std::env::var_os(ROOT_VARIABLE).map(|root| Self(root.into())).ok_or_else(|| {
            io::Error::other(format!(
                "{ROOT_VARIABLE} is not set: this command works inside a sandbox instance"
            ))
        })
    }

    /// The instance that is, or will be, in this directory.
    pub(super) fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Creates what is missing of the instance; a reboot finds the files of the time before.
    pub(super) fn create(boot: &Boot) -> io::Result<Self> {
        if boot.root.to_str().is_none_or(|root| root.contains([':', '\n'])) {
            let why = "it cannot stand in PATH: it must be UTF-8 without ':' and line feeds";
            return Err(io::Error::other(format!(
                "the instance's directory is {}; {why}",
                boot.root.display()
            )));
        }
        let root = Self(boot.root.clone());
        for directory in [
            "bin",
            "etc/systemd/system",
            "home/ec2-user",
            "root",
            "run",
            "tmp",
            "var/lib/amazon/ssm",
            "var/log",
        ] {
            fs::create_dir_all(root.path(directory))?;
        }
        fs::write(root.path("etc/environment"), root.environment_file(boot)?)?;
        for name in shims::NAMES {
            root.write_shim(&boot.tools, name)?;
        }
        Ok(root)
    }

    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.0.join(inside)
    }

    pub(super) fn home(&self, user: User) -> PathBuf {
        match user {
            User::Root => self.path("root"),
            User::Ec2User => self.path("home/ec2-user"),
        }
    }

    /// The environment of a fresh login: nothing of the caller's.
    pub(super) fn login(&self, user: User) -> io::Result<Environment> {
        let mut variables = self.sandbox()?;
        variables.extend(self.identity(user));
        Ok(variables)
    }

    /// The environment in which the SSM agent starts the script of a command. The real agent is a service of systemd, and
    /// gives it no HOME, USER, LOGNAME and SHELL either.
    pub(super) fn agent(&self, instance_id: &str, command_id: &str) -> io::Result<Environment> {
        let mut variables = self.sandbox()?;
        let valued =
            |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let agents = [
            ("PWD", Some(run::DIRECTORY.to_owned())),
            ("SHLVL", Some("0".to_owned())),
            ("INVOCATION_ID", Some("0123456789abcdef0123456789abcdef".to_owned())),
            ("JOURNAL_STREAM", Some("8:20480".to_owned())),
            ("AWS_SSM_INSTANCE_ID", Some(instance_id.to_owned())),
            ("AWS_SSM_REGION_NAME", valued("AWS_REGION")),
            ("AWS_SSM_PLATFORM_NAME", Some("Amazon Linux".to_owned())),
            ("AWS_SSM_PLATFORM_VERSION", Some("2023".to_owned())),
            ("SSM_COMMAND_ID", Some(command_id.to_owned())),
        ];
        variables.extend(agents.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Ok(variables)
    }

    /// What every process of the instance needs, because it is one of the sandbox: `etc/environment`.
    fn sandbox(&self) -> io::Result<Environment> {
        let file = fs::read_to_string(self.path("etc/environment"))?;
        let variables = file.lines().filter_map(|line| line.split_once('='));
        Ok(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The line of the user in `passwd(5)`, as `getent` prints it.
    pub(super) fn passwd(&self, user: User) -> String {
        let number = match user {
            User::Root => 0,
            User::Ec2User => 1000,
        };
        let (name, home) = (user.name(), self.home(user));
        format!("{name}:x:{number}:{number}:{name}:{}:{}", home.display(), login_shell())
    }

    /// What tells a process whose it is.
    pub(super) fn identity(&self, user: User) -> Environment {
        let name = user.name().to_owned();
        vec![
            ("HOME".to_owned(), self.home(user).to_string_lossy().into_owned()),
            ("USER".to_owned(), name.clone()),
            ("LOGNAME".to_owned(), name),
            ("SHELL".to_owned(), login_shell().to_owned()),
        ]
    }

    /// `etc/environment`, in the form that `pam_env(8)` reads: a line for each variable.
    fn environment_file(&self, boot: &Boot) -> io::Result<String> {
        let host_path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin:/usr/sbin:/sbin".to_owned());
        let own = [
            ("PATH", format!("{}:{host_path}", self.path("bin").display())),
            ("TMPDIR", self.path("tmp").display().to_string()),
            ("LANG", "C.UTF-8".to_owned()),
            // So that not even `/sbin/shutdown` of an ordinary user reaches the machine's own init.
            ("DBUS_SYSTEM_BUS_ADDRESS", "disabled:".to_owned()),
            (ROOT_VARIABLE, self.0.display().to_string()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let mut file = String::new();
        for (name, value) in own.iter().chain(&boot.env) {
            if name.is_empty() || name.contains(['=', '\n']) || value.contains('\n') {
                return Err(io::Error::other(format!(
                    "environment variable {name:?} does not fit on a line"
                )));
            }
            file.extend([name, "=", value, "\n"]);
        }
        Ok(file)
    }

    fn write_shim(&self, tools: &Path, name: &str) -> io::Result<()> {
        let path = self.path("bin").join(name);
        // The root is part of the text, so that the command works in an emptied environment (`env -i`) too.
        let text = format!(
            "#!/bin/sh\n{ROOT_VARIABLE}={} exec {} guest {name} \"$@\"\n",
            quoted(&self.0.to_string_lossy()),
            quoted(&tools.to_string_lossy())
        );
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    }
}

/// ec2-user's shell on Amazon Linux is bash; a machine without it has sh.
pub(super) fn login_shell() -> &'static str {
    ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"]
        .into_iter()
        .find(|bash| Path::new(bash).exists())
        .unwrap_or("/bin/sh")
}

/// `text` as one word of sh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
