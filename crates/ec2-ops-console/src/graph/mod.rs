//! The state machine as a graph: its states in layers, and how each of them stands.

mod definition;
mod draw;
mod layout;

pub(crate) use definition::{Graph, Kind};
pub(crate) use draw::draw;
pub(crate) use layout::Layout;
