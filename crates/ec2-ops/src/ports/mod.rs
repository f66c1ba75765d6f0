//! The ports: what the steps need from AWS, one trait per capability, each beside its types.
//!
//! | port | AWS calls | used by |
//! |---|---|---|
//! | [`Instances`] | EC2 `RunInstances`, `DescribeInstances`, `StopInstances`, `TerminateInstances` | start, poll, stop |
//! | [`Volumes`] | EC2 `DescribeVolumes`, `DetachVolume`, `DeleteVolume` | stop |
//! | [`Agents`] | SSM `DescribeInstanceInformation` | start |
//! | [`Commands`] | SSM `SendCommand`, `ListCommands`, `GetCommandInvocation` | command, poll |
//! | [`Objects`] | S3 `HeadBucket`, `HeadObject`, `ListObjectsV2` | start, check |
//! | [`FleetResults`] | S3 `GetObject`, `PutObject` | check |
//! | [`Ledger`] | S3 `PutObject` | stop |
//! | [`WakeTokens`] | DynamoDB `PutItem`, `GetItem`, `DeleteItem` | poll |
//! | [`Executions`] | Step Functions `SendTaskSuccess`, `SendTaskFailure`, `ListExecutions`, `DescribeExecution`, `GetExecutionHistory` | poll, stop |
//! | [`Catalog`] | EC2 `RunInstances` with `DryRun`, `DescribeImages`, `DescribeInstanceTypeOfferings`, `DescribeSubnets`, `DescribeRouteTables`, `DescribeVpcEndpoints` | preflight |
//! | [`Clock`] | none | command, poll, stop |
//!
//! `ec2-ops-aws` implements them over the AWS SDK; in tests and in simulation they are implemented in process.
//!
//! A method makes one AWS call, or reads one paginated listing. It never retries: the state machine does that, where a
//! retry is visible, and a hidden repetition of `SendCommand` would run the commands twice. A call that fails is an
//! [`AwsError`](crate::AwsError), which says whether AWS throttled it, refused it, or was out of reach. "There is no such
//! instance" is an answer, and so `Ok(None)`.
//!
//! # Example
//!
//! A step runs over any implementation of its ports. Here RunChecker looks for an object in a bucket that is a list:
//!
//! ```
//! use ec2_ops::ids::Region;
//! use ec2_ops::ports::{Object, Objects, OutputTarget};
//! use ec2_ops::{AwsError, Deployment, check};
//! use jiff::Timestamp;
//! use serde_json::json;
//!
//! struct Bucket(Vec<Object>);
//!
//! impl Objects for Bucket {
//!     async fn bucket_exists(&self, _: &Region, _: &str) -> Result<bool, AwsError> {
//!         Ok(true)
//!     }
//!
//!     async fn newest(
//!         &self,
//!         _: &Region,
//!         target: &OutputTarget,
//!         _: Timestamp,
//!     ) -> Result<Option<Object>, AwsError> {
//!         let covered = self.0.iter().filter(|object| target.covers(&object.key));
//!         Ok(covered.max_by_key(|object| object.last_modified).cloned())
//!     }
//! }
//!
//! # impl ec2_ops::ports::FleetResults for Bucket {
//! #     async fn read(&self, _: &Region, _: &str, _: &str, _: std::ops::Range<u64>) -> Result<Vec<u8>, AwsError> {
//! #         Ok(Vec::new())
//! #     }
//! #     async fn write(&self, _: &Region, _: &str, _: &str, _: Vec<u8>) -> Result<(), AwsError> {
//! #         Ok(())
//! #     }
//! # }
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let deployment = Deployment::new("docs", Region::new("us-east-1"));
//! let payload = json!({
//!     "step": "output",
//!     "execution": { "id": "arn:x", "started": "2026-03-01T05:30:00Z" },
//!     "attempt": { "number": 1, "started": "2026-03-01T05:30:00Z" },
//!     "instance": {
//!         "id": "i-1", "region": "us-east-1", "market": "on-demand", "launched_at": "2026-03-01T05:31:00Z",
//!     },
//!     "command": {
//!         "id": "c-1", "requested_at": "2026-03-01T05:32:00Z", "poll_seconds": 60,
//!         "deliver_by": "2026-03-01T05:37:00Z", "end_by": "2026-03-01T06:37:00Z", "logs": [],
//!     },
//!     "document": {
//!         "commands": ["date > now && aws s3 cp now s3://my-bucket/out/now"],
//!         "bucket": "my-bucket",
//!         "obj_key": "out/now",
//!         "instance_parameters": { "ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.nano" },
//!     },
//! });
//! let object = |last_modified: &str| -> Result<Object, jiff::Error> {
//!     Ok(Object { key: "out/now".to_owned(), last_modified: last_modified.parse()?, size: Some(29) })
//! };
//!
//! let written = Bucket(vec![object("2026-03-01T05:40:00Z")?]);
//! let section = check::handle(payload.clone(), &deployment, &written).await?;
//! assert_eq!(section["object"], "s3://my-bucket/out/now");
//!
//! // An object that is older than the attempt is not its output.
//! let stale = Bucket(vec![object("2026-02-28T05:40:00Z")?]);
//! let error = check::handle(payload, &deployment, &stale).await.unwrap_err();
//! assert_eq!(error.name(), "OutputMissing");
//! # Ok(())
//! # }
//! ```

mod agents;
mod catalog;
mod clock;
mod commands;
mod executions;
mod fleet_results;
mod instances;
mod ledger;
mod objects;
mod volumes;
mod wake_tokens;

pub use crate::output_target::OutputTarget;
pub use agents::Agents;
pub use catalog::{Catalog, Image, RouteTable, Subnet};
pub use clock::Clock;
pub use commands::{Command, Commands, Invocation, InvocationStatus, Logs, S3Prefix, SentCommand};
pub use executions::{Delivery, ExecutionState, Executions};
pub use fleet_results::FleetResults;
pub use instances::{Instance, InstanceState, Instances, Kind, Launch, ShutdownBehavior, time_of_call};
pub use ledger::Ledger;
pub use objects::{KeptOutput, Object, Objects};
pub use volumes::{Volume, Volumes};
pub use wake_tokens::{Wake, WakeTokens, Watch};
