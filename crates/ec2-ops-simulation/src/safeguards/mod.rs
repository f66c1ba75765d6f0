//! The product with one safeguard taken away. A safeguard that no seed misses is not needed, or not tested.
//!
//! Some safeguards are part of what is deployed ([`template()`]), the others of how the steps use AWS ([`WithoutSafeguard`]).

mod ports;
mod safeguard;
mod template;

pub(crate) use ports::WithoutSafeguard;
pub use safeguard::Safeguard;
pub(crate) use template::template;
