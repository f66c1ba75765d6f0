//! Requests and responses of the modelled EC2 actions, in AWS's own names and shapes.
//!
//! A field that is not here is not modelled, and `deny_unknown_fields` refuses it by name. The names' authority is
//! EC2's service model; their meaning is at <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/>.
// Each struct links its own page by name; repeating AWS's sentence for every field would be noise.
#![allow(missing_docs)]

mod catalog;
mod describe;
mod instances;
mod network;
mod run_instances;
mod status;
mod tags;
mod volumes;

pub use catalog::*;
pub use describe::*;
pub use instances::*;
pub use network::*;
pub use run_instances::*;
pub use status::*;
pub use tags::*;
pub use volumes::*;
