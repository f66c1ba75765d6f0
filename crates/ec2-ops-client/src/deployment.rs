//! Which deployment is meant, and where it is.

use crate::{Error, Served};

/// What the user says about the deployment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    /// The name or ARN of the state machine.
    pub(crate) state_machine: Option<&'a str>,
    /// The endpoint.
    pub(crate) endpoint_url: Option<&'a str>,
    /// A profile: an account is meant, and no sandbox.
    pub(crate) profile: Option<&'a str>,
}

/// A deployment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// Its state machine.
    pub(crate) state_machine: StateMachine,
    /// The sandbox that it is in; without one it is in an account.
    pub(crate) sandbox: Option<Served>,
}

/// A state machine, as the user names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StateMachine {
    Arn(String),
    Name(String),
}

impl StateMachine {
    fn parse(text: &str) -> Self {
        if text.starts_with("arn:") { Self::Arn(text.to_owned()) } else { Self::Name(text.to_owned()) }
    }

    fn is_of(&self, sandbox: &Served) -> bool {
        match self {
            Self::Arn(arn) => *arn == sandbox.state_machine_arn,
            Self::Name(name) => sandbox.state_machine_arn.rsplit(':').next() == Some(name),
        }
    }
}

impl Deployment {
    /// Takes what `wish` names, else what Terraform made from the present directory, else the sandbox that runs.
    ///
    /// # Errors
    /// Where nothing of that is there, or more than one sandbox.
    pub(crate) fn choose(
        wish: Wish<'_>,
        sandboxes: Vec<Served>,
        terraform: impl FnOnce() -> Result<Option<String>, Error>,
    ) -> Result<Self, Error> {
        let reachable = |sandbox: &Served| {
            wish.profile.is_none()
                && wish.endpoint_url.is_none_or(|url| same_endpoint(url, &sandbox.endpoint_url))
        };
        let mut sandboxes: Vec<_> = sandboxes.into_iter().filter(reachable).collect();
        let state_machine = match wish.state_machine {
            Some(named) => Some(StateMachine::parse(named)),
            // An endpoint says where to look, so the directory does not.
            None if wish.endpoint_url.is_some() && !sandboxes.is_empty() => None,
            None => terraform()?.map(StateMachine::Arn),
        };
        if let Some(state_machine) = state_machine {
            // A name is looked up in the account, unless an endpoint leads to a sandbox.
            let by_name = matches!(state_machine, StateMachine::Name(_));
            sandboxes
                .retain(|sandbox| state_machine.is_of(sandbox) && !(by_name && wish.endpoint_url.is_none()));
            return Ok(Self { sandbox: at_most_one(sandboxes)?, state_machine });
        }
        let sandbox = at_most_one(sandboxes)?.ok_or_else(|| Error::Usage(NOTHING.to_owned()))?;
        Ok(Self {
            state_machine: StateMachine::Arn(sandbox.state_machine_arn.clone()),
            sandbox: Some(sandbox),
        })
    }
}

const NOTHING: &str = "no deployment is named: --state-machine NAME|ARN or EC2_OPS_STATE_MACHINE names one, a directory in \
                       which `terraform apply` was run has one, and `ec2-ops serve` starts a sandbox with one";

fn at_most_one(mut sandboxes: Vec<Served>) -> Result<Option<Served>, Error> {
    if sandboxes.len() > 1 {
        let urls: Vec<_> = sandboxes.iter().map(|sandbox| sandbox.endpoint_url.as_str()).collect();
        return Err(Error::Usage(format!(
            "more than one sandbox runs: {}; --endpoint-url chooses one",
            urls.join(", ")
        )));
    }
    Ok(sandboxes.pop())
}

fn same_endpoint(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').replace("//localhost:", "//127.0.0.1:");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_SANDBOX: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:ec2-ops";
    const IN_ACCOUNT: &str = "arn:aws:states:us-west-2:123456789012:stateMachine:forecasts";

    fn sandbox(port: u16) -> Served {
        Served {
            endpoint_url: format!("http://127.0.0.1:{port}"),
            region: "us-east-1".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: "secret".to_owned(),
            state_machine_arn: IN_SANDBOX.to_owned(),
            console_url: None,
        }
    }

    /// The ARN or name of the state machine and the sandbox's URL.
    fn chosen(
        wish: Wish<'_>,
        ports: &[u16],
        terraform: Option<&str>,
    ) -> Result<(String, Option<String>), String> {
        let sandboxes = ports.iter().copied().map(sandbox).collect();
        let deployment = Deployment::choose(wish, sandboxes, || Ok(terraform.map(str::to_owned)));
        let deployment = deployment.map_err(|error| error.to_string())?;
        let (StateMachine::Arn(machine) | StateMachine::Name(machine)) = deployment.state_machine;
        Ok((machine, deployment.sandbox.map(|sandbox| sandbox.endpoint_url)))
    }

    fn at(machine: &str, url: Option<&str>) -> (String, Option<String>) {
        (machine.to_owned(), url.map(str::to_owned))
    }

    #[test]
    fn the_named_state_machine_comes_before_the_directory_and_that_before_the_sandbox() {
        let named = Wish { state_machine: Some("other"), ..Wish::default() };
        assert_eq!(chosen(named, &[1], Some(IN_ACCOUNT)), Ok(at("other", None)));
        assert_eq!(chosen(Wish::default(), &[1], Some(IN_ACCOUNT)), Ok(at(IN_ACCOUNT, None)));
        assert_eq!(chosen(Wish::default(), &[1], None), Ok(at(IN_SANDBOX, Some("http://127.0.0.1:1"))));
    }

    #[test]
    fn an_endpoint_leads_to_the_sandbox_that_has_it() {
        let to = |url| Wish { endpoint_url: Some(url), ..Wish::default() };
        assert_eq!(
            chosen(to("http://localhost:2/"), &[1, 2], Some(IN_ACCOUNT)),
            Ok(at(IN_SANDBOX, Some("http://127.0.0.1:2")))
        );
        let named = Wish { state_machine: Some("ec2-ops"), ..to("http://127.0.0.1:1") };
        assert_eq!(chosen(named, &[1], None), Ok(at("ec2-ops", Some("http://127.0.0.1:1"))));
        // An endpoint of another program.
        assert!(chosen(to("http://127.0.0.1:5000"), &[1], None).unwrap_err().contains("--state-machine"));
        assert_eq!(chosen(to("http://127.0.0.1:5000"), &[1], Some(IN_ACCOUNT)), Ok(at(IN_ACCOUNT, None)));
    }

    #[test]
    fn the_arn_of_a_sandbox_leads_to_it() {
        let named = Wish { state_machine: Some(IN_SANDBOX), ..Wish::default() };
        assert_eq!(chosen(named, &[1], None), Ok(at(IN_SANDBOX, Some("http://127.0.0.1:1"))));
    }

    #[test]
    fn a_profile_means_an_account() {
        let wish = Wish { profile: Some("production"), ..Wish::default() };
        assert!(chosen(wish, &[1], None).unwrap_err().contains("--state-machine"));
    }

    #[test]
    fn two_sandboxes_are_a_question_and_not_a_guess() {
        let message = chosen(Wish::default(), &[1, 2], None).unwrap_err();
        assert!(message.contains("http://127.0.0.1:1, http://127.0.0.1:2; --endpoint-url"), "{message}");
    }
}
