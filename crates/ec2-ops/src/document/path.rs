//! A position in a document.

use std::fmt;

/// A JSON path, formatted only if a message needs it.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    /// `$`
    Root,
    /// `….name`
    Field(&'a Path<'a>, &'a str),
    /// `…[0]`
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("$"),
            Self::Field(parent, name) if is_plain(name) => write!(f, "{parent}.{name}"),
            Self::Field(parent, name) => write!(f, "{parent}[{name:?}]"),
            Self::Item(parent, i) => write!(f, "{parent}[{i}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
