//! The EC2Poller Lambda: tells the execution when its commands have ended.
fn main() {}
