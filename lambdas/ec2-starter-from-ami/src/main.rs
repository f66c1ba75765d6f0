//! The EC2StarterFromAMI Lambda: launches the instance and waits until it can take commands.
fn main() {}
