//! The Lambda functions, and the processors that they are built for.

/// A function: its package, and the name that users see.
pub(crate) struct Lambda {
    pub(crate) package: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const LAMBDAS: [Lambda; 5] = [
    Lambda { package: "ec2-starter-from-ami", name: "EC2StarterFromAMI" },
    Lambda { package: "commander", name: "Commander" },
    Lambda { package: "ec2-poller", name: "EC2Poller" },
    Lambda { package: "run-checker", name: "RunChecker" },
    Lambda { package: "ec2-stopper", name: "EC2Stopper" },
];

/// The function that the benchmarks compare the others with. It is packaged only on request.
pub(crate) const FLOOR: Lambda = Lambda { package: "empty-function", name: "EmptyFunction" };

/// An architecture, in Lambda's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Arm64,
    X86_64,
}

impl Architecture {
    pub(crate) const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.name() == name)
    }

    /// The flag of `cargo lambda build`.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Arm64 => "--arm64",
            Self::X86_64 => "--x86-64",
        }
    }

    /// The architecture that an executable was built for, by its ELF header:
    /// <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>.
    pub(crate) fn of_executable(executable: &[u8]) -> Option<Self> {
        const MACHINE: std::ops::Range<usize> = 18..20;
        if !executable.starts_with(b"\x7fELF") {
            return None;
        }
        match executable.get(MACHINE)? {
            [0xB7, 0] => Some(Self::Arm64),
            [0x3E, 0] => Some(Self::X86_64),
            _ => None,
        }
    }

    /// The name of a function's zip. Both architectures may lie in one directory.
    pub(crate) fn zip_name(self, function: &str) -> String {
        format!("{function}-{}.zip", self.name())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What looks like an executable to [`Architecture::of_executable`].
    pub(crate) fn executable(architecture: Architecture) -> Vec<u8> {
        let machine = match architecture {
            Architecture::Arm64 => 0xB7,
            Architecture::X86_64 => 0x3E,
        };
        [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &[3, 0, machine, 0]].concat()
    }

    #[test]
    fn an_architecture_is_read_from_the_executable() {
        for architecture in Architecture::ALL {
            assert_eq!(Architecture::of_executable(&executable(architecture)), Some(architecture));
        }
        for other in [&b""[..], b"\x7fELF", b"#!/bin/sh\necho this is a longer script"] {
            assert_eq!(Architecture::of_executable(other), None);
        }
    }
}
