//! The client of a service that is called only in the deployment's own region.

use std::sync::LazyLock;

use aws_types::SdkConfig;

/// A client that is made at the first call: a cold start does not wait for it, and no invocation needs every client.
pub(crate) type LazyClient<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// The client that `build` makes from `config`.
pub(crate) fn lazy_client<C: 'static>(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> LazyClient<C> {
    let config = config.clone();
    LazyLock::new(Box::new(move || build(&config)))
}
