//! What Parameter Store holds: instances read secrets from it, and EC2 resolves images by it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;

use crate::AwsError;
use crate::lock::lock;

/// AWS's own parameters: each stands for the one image that there is.
pub(super) const PUBLIC: &str = "/aws/service/";
/// That image.
pub(crate) const PUBLIC_IMAGE: &str = "ami-0abcdef1234567890";

/// The parameters of an account, by region and name.
#[derive(Default)]
pub(crate) struct ParameterStore(pub(super) Mutex<BTreeMap<(String, String), Vec<Version>>>);

/// One version of a parameter.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) value: String,
    pub(super) secure: bool,
    pub(super) modified: Timestamp,
}

impl ParameterStore {
    /// The value that `selector`, a name and perhaps `:VERSION`, has in `region`.
    pub(crate) fn value(&self, region: &str, selector: &str) -> Result<String, AwsError> {
        self.find(region, selector).map(|(_, version)| version.value)
    }

    /// The number of the version, and what it holds.
    pub(super) fn find(&self, region: &str, selector: &str) -> Result<(usize, Version), AwsError> {
        let (name, version) =
            selector.split_once(':').map_or((selector, None), |(name, version)| (name, Some(version)));
        if name.starts_with(PUBLIC) && name.contains("ami") {
            let value = PUBLIC_IMAGE.to_owned();
            return Ok((1, Version { value, secure: false, modified: Timestamp::UNIX_EPOCH }));
        }
        let parameters = lock(&self.0);
        let versions = parameters.get(&(region.to_owned(), name.to_owned())).ok_or_else(|| {
            AwsError::client("ParameterNotFound", format!("The parameter {name} does not exist."))
        })?;
        let number = match version.map(str::parse) {
            None => versions.len(),
            Some(Ok(number)) => number,
            Some(Err(_)) => return Err(AwsError::unmodelled("labels of parameters")),
        };
        let found = number.checked_sub(1).and_then(|index| versions.get(index));
        let missing = || {
            let message = format!("Systems Manager could not find version {number} of {name}.");
            AwsError::client("ParameterVersionNotFound", message)
        };
        found.map(|version| (number, version.clone())).ok_or_else(missing)
    }
}
