//! How data flows through a state: paths, payload templates, intrinsic functions and the context object.

pub(crate) mod context;
pub(crate) mod intrinsic;
pub(crate) mod path;
pub(crate) mod scope;
pub(crate) mod size;
pub(crate) mod template;
