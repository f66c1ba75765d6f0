//! The Commander Lambda: sends the commands, once.
fn main() {}
