//! A deployment of ec2-ops as its user sees it: start an execution, list, show, follow, stop.
//!
//! Everything goes through AWS's public APIs, so the same code serves an account and the sandbox. The crate prints nothing;
//! `ec2-ops-cli` does.
//!
//! [`Client::connect`] finds the deployment and the way to it. From there:
//!
//! ```no_run
//! # async fn example() -> Result<(), ec2_ops_client::Error> {
//! use ec2_ops_client::{Client, Options};
//!
//! let client = Client::connect(&Options::default()).await?;
//! let execution = client.find("hello-3f").await?;
//! let timeline = client.timeline(&execution.arn).await?;
//! println!("{} is {}", execution.name, execution.standing());
//! for attempt in timeline.attempts() {
//!     println!("attempt {}: {:?}", attempt.number, attempt.instance);
//! }
//! # Ok(())
//! # }
//! ```

mod commands;
mod connection;
mod definition;
mod deployment;
mod error;
mod execution;
mod fleet;
mod functions;
mod history;
mod incidents;
mod instances;
mod inventory;
mod latest;
mod ledger;
mod listing;
mod logs;
mod objects;
mod prices;
mod quotas;
mod recorder;
mod served;
mod terraform;
mod time;
mod timeline;
mod usage;
mod words;

pub use commands::Invocation;
pub use connection::{Client, Options};
pub use error::Error;
pub use execution::{Execution, RUNNING, Standing};
pub use fleet::{Failures, Fleet, FleetProgress, FleetRun, FleetStart};
pub use functions::{Invoked, Machine};
pub use history::{Event, HistoryReader, What};
pub use instances::{Launch, Left};
pub use inventory::{Instance, Volume};
pub use latest::Listed;
pub use ledger::Ledger;
pub use listing::Listing;
pub use logs::{Line, LogFollower, LogReader, Stream};
pub use objects::Object;
pub use prices::{SOURCE as PRICES_FROM, SpotPrices, of_instance};
pub use quotas::{Bought, VcpuQuota};
pub use recorder::{Recorded, Recorder};
pub use served::{Announcement, Served};
pub use timeline::{Attempt, CommandRef, InstanceRef, Timeline, Visit, Waiting};
pub use usage::Usage;
pub use words::{duration, moment};
