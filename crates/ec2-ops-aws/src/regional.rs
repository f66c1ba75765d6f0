//! The clients of a service that is called in any region, since documents may name one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_types::SdkConfig;
use ec2_ops::ids::Region;

/// One client per region, made at the first call there. All share credentials, connections and limits.
#[derive(Debug)]
pub(crate) struct Regional<C> {
    config: SdkConfig,
    build: fn(&SdkConfig) -> C,
    clients: Mutex<HashMap<Region, C>>,
}

impl<C: Clone> Regional<C> {
    pub(crate) fn new(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), build, clients: Mutex::default() }
    }

    /// The client for `region`.
    pub(crate) fn of(&self, region: &Region) -> C {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry(region.clone())
            .or_insert_with(|| {
                let region = aws_types::region::Region::new(region.as_str().to_owned());
                (self.build)(&self.config.to_builder().region(region).build())
            })
            .clone()
    }
}
