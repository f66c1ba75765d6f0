//! The tags of our instances: the execution that an instance belongs to, and how to end it.
//!
//! The launch call itself writes them, so no instance of ours ever exists without them, and the cleanup needs nothing but
//! the instance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{AttemptId, ExecutionId};

/// Tags of an AWS resource, in a stable order.
pub type Tags = BTreeMap<String, String>;

/// How the keys of our tags begin, and no others.
pub(crate) const PREFIX: &str = "ec2-ops:";
/// The ARN of the execution.
pub const EXECUTION: &str = "ec2-ops:execution";
/// The attempt's number.
pub const ATTEMPT: &str = "ec2-ops:attempt";
/// The deployment: an account may have several.
pub const DEPLOYMENT: &str = "ec2-ops:deployment";
/// How to end the instance: [`OnEnd::tag`].
pub const ON_END: &str = "ec2-ops:on-end";

/// The keys of every tag that a launch of ours has.
pub(crate) const KEYS: [&str; 4] = [ATTEMPT, DEPLOYMENT, EXECUTION, ON_END];

/// How an instance is ended when its attempt is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnEnd {
    /// Terminate, rather than stop.
    pub terminate: bool,
    /// Delete the volumes that the launch created.
    pub delete_volumes: bool,
}

impl OnEnd {
    /// The value of the [`ON_END`] tag.
    pub fn tag(self) -> &'static str {
        match (self.terminate, self.delete_volumes) {
            (true, true) => "terminate,delete-volumes",
            (true, false) => "terminate",
            (false, true) => "stop,delete-volumes",
            (false, false) => "stop",
        }
    }

    /// Reads the [`ON_END`] tag. Any other value, which a user may have written, means stop: that loses nothing.
    pub fn of(tags: &Tags) -> Self {
        let tag = tags.get(ON_END).map_or("", String::as_str);
        Self { terminate: tag.starts_with("terminate"), delete_volumes: tag.ends_with(",delete-volumes") }
    }
}

/// The tags of everything that `attempt` launches.
pub fn of_attempt(attempt: &AttemptId, deployment: &str, on_end: OnEnd) -> Tags {
    Tags::from([
        (EXECUTION.to_owned(), attempt.execution.to_string()),
        (ATTEMPT.to_owned(), attempt.attempt.to_string()),
        (DEPLOYMENT.to_owned(), deployment.to_owned()),
        (ON_END.to_owned(), on_end.tag().to_owned()),
    ])
}

/// The tags that everything of an execution carries, and nothing of another deployment.
pub fn of_execution(execution: &ExecutionId, deployment: &str) -> Tags {
    let mut tags = of_deployment(deployment);
    tags.insert(EXECUTION.to_owned(), execution.to_string());
    tags
}

/// The tags that everything of a deployment carries.
pub fn of_deployment(deployment: &str) -> Tags {
    Tags::from([(DEPLOYMENT.to_owned(), deployment.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_end_an_instance_can_be_read_from_its_tags() {
        for (terminate, delete_volumes) in [(true, true), (true, false), (false, true), (false, false)] {
            let on_end = OnEnd { terminate, delete_volumes };
            assert_eq!(OnEnd::of(&Tags::from([(ON_END.to_owned(), on_end.tag().to_owned())])), on_end);
        }
        assert_eq!(OnEnd::of(&Tags::new()), OnEnd { terminate: false, delete_volumes: false });
    }
}
