//! The actions: each checks its request, then reads or changes the state.

mod catalog;
mod describe;
mod filter;
mod limits;
mod modify;
mod network;
mod page;
mod power;
mod run_instances;
mod spot_prices;
mod status;
mod tags;
mod volumes;

use super::fault;
use crate::AwsError;

/// Ends a valid request with EC2's answer to a dry run, if it is one.
fn refuse_dry_run(dry_run: bool) -> Result<(), AwsError> {
    if dry_run { Err(fault::dry_run()) } else { Ok(()) }
}
