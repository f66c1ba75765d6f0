//! What runs inside a sandbox instance, on its own: `ec2-ops-guest guest init`. The `ec2-ops` command carries the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The first argument is `guest`, as in `ec2-ops guest init`.
    ec2_ops_guest::main(std::env::args().skip(2))
}
