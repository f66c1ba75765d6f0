//! `cargo performance`: measures, and writes `docs/performance.md`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ec2_ops_benchmarks::main(std::env::args().skip(1))
}
