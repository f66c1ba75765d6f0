//! The service as its callers see it, in virtual time.

mod describe;
mod launch;
mod lifecycle;
mod model;
mod support;
mod volumes;
