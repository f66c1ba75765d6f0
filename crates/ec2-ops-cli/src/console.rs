//! `console`: the console of a deployment, until Ctrl-C.

use clap::Args;
use ec2_ops_console::Console;

use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output;
use crate::verbs::DeploymentArgs;

/// Which deployment is shown, and where.
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4567)]
    port: u16,
    #[command(flatten)]
    deployment: DeploymentArgs,
}

/// Serves the console until Ctrl-C, or says where the sandbox has its own.
pub(crate) async fn console(args: &ConsoleArgs) -> Result<Exit, Failure> {
    let client = args.deployment.connect().await?;
    if let Some(url) = client.sandbox().and_then(|sandbox| sandbox.console_url.as_ref()) {
        output::line(format!("The sandbox has its own console: {url}"))?;
        return Ok(Exit::Success);
    }
    let mut interruption = Interruption::watch()?;
    let place = client.place();
    let console = Console::bind(args.port, client, None).await;
    let console = console.map_err(|error| {
        let port = args.port;
        Failure::failed(format!("cannot open the console at port {port}: {error}; --port chooses another"))
    })?;
    output::line(format!("The console of {place}:\n\n  {}\n\nCtrl-C ends it.", console.url()))?;
    tokio::select! {
        () = interruption.wait() => {}
        () = console.serve() => {}
    }
    Ok(Exit::Success)
}
