//! An account in virtual time, and what is deployed in it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::functions::Function;
use super::machines::{Guests, Machines};
use super::virtual_time::EPOCH;
use ec2_ops_sandbox::deployment::{self, Names, Template};
use ec2_ops_sandbox::lambda::Runtime;
use ec2_ops_sandbox::{Account, AccountConfig, AwsError, MachineEvent};

/// One simulated account. It is dissolved when the world is dropped.
pub(crate) struct World<G: Guests> {
    pub(crate) account: Account,
    pub(crate) machines: Arc<Machines<G>>,
    pub(crate) names: Arc<Names>,
}

impl<G: Guests> World<G> {
    /// An account with these machines, in which nothing is deployed yet.
    pub(crate) fn new(
        config: AccountConfig,
        (machines, events): (Arc<Machines<G>>, mpsc::UnboundedReceiver<MachineEvent>),
        names: Names,
    ) -> Self {
        let account = Account::new(EPOCH, config, Arc::clone(&machines), events);
        machines.belong_to(Some(account.clone()));
        Self { account, machines, names: Arc::new(names) }
    }

    /// Provisions the bucket of the outputs and the deployment. Answers with the state machine's ARN.
    pub(crate) fn deploy(
        &self,
        bucket: &str,
        template: &Template,
        runtime_of: impl Fn(&'static str) -> Arc<dyn Runtime>,
    ) -> Result<String, AwsError> {
        self.account.s3.create_bucket(bucket, &self.names.region)?;
        deployment::deploy(&self.account, &self.names, template, |function| runtime_of(function.name))
    }

    /// The function `name` with every right and every safeguard, whose invocations `begin` makes.
    pub(crate) fn function<B>(&self, name: &'static str, begin: B) -> Function<B> {
        let (account, names) = (self.account.clone(), Arc::clone(&self.names));
        Function { name, account, names, begin, role: None, without: None }
    }
}

impl<G: Guests> Drop for World<G> {
    fn drop(&mut self) {
        self.machines.belong_to(None);
        self.account.dissolve();
    }
}
