//! The client of a service that is called in the deployment's own region only, made at the first call: a start waits for
//! no client, and no invocation needs all of them.

use std::sync::LazyLock;

use aws_types::SdkConfig;

/// A client that is made when it is first used.
pub(crate) type Home<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// The client that `build` makes of `config`.
pub(crate) fn home<C: 'static>(config: &SdkConfig, build: fn(&SdkConfig) -> C) -> Home<C> {
    let config = config.clone();
    LazyLock::new(Box::new(move || build(&config)))
}
