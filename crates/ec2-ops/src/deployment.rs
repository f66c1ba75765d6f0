//! What a deployment decides for all of its executions.

use crate::ids::Region;

/// The settings of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name, unique in the account: the value of the `ec2-ops:deployment` tag.
    pub name: String,
    /// Its own region, where documents run that name none.
    pub region: Region,
    /// The bucket in which SSM keeps the complete output of commands.
    pub log_bucket: Option<String>,
    /// The log group in which SSM keeps the complete output of commands.
    pub log_group: Option<String>,
    /// Whether an execution without a success ends as FAILED where its document does not say.
    pub fail_execution: bool,
    /// How long an execution waits before its second attempt, in seconds; twice as long before each further one.
    pub backoff_s: u32,
}
