//! The EC2Stopper Lambda: leaves nothing running.
fn main() {}
