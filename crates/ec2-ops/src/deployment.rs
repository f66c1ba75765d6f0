//! What a deployment decides for all of its executions.

use crate::document::{Job, Problem, Problems};
use crate::error::Error;
use crate::ids::Region;

/// The settings of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name, unique in the account: the value of the `ec2-ops:deployment` tag.
    pub name: String,
    /// Its own region, where documents run that name none.
    pub region: Region,
    /// Further regions that documents may name: those in which its events are forwarded and its sweeper looks.
    pub additional_regions: Vec<Region>,
    /// The bucket in which SSM keeps the complete output of commands.
    pub log_bucket: Option<String>,
    /// The log group in which SSM keeps the complete output of commands.
    pub log_group: Option<String>,
    /// Whether an execution without a success ends as FAILED where its document does not say.
    pub fail_execution: bool,
    /// How long an execution waits before its second attempt, in seconds; twice as long before each further one.
    pub backoff_s: u32,
}

impl Deployment {
    /// Every region in which its instances can be.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.region).chain(&self.additional_regions)
    }

    /// Where `job` runs.
    ///
    /// # Errors
    /// Where no net of this deployment would catch it.
    pub(crate) fn region_of(&self, job: &Job) -> Result<Region, Error> {
        let region = job.region.as_ref().unwrap_or(&self.region);
        if self.regions().any(|covered| covered == region) {
            return Ok(region.clone());
        }
        let covered: Vec<_> = self.regions().map(Region::as_str).collect();
        let message = format!(
            "found {:?}, expected a region of this deployment: {}",
            region.as_str(),
            covered.join(", ")
        );
        Err(Error::InvalidExecution(Problems(vec![Problem::new("$.region", message)])))
    }
}
