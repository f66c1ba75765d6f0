//! The RunChecker Lambda: checks that the promised output exists and is new.
fn main() {}
