//! Policy documents, as far as the deployment's go.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::pattern::matches;
use crate::wildcard;

/// One question to a policy: is this action on this resource allowed in this context?
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// In IAM's words: `ec2:StopInstances`.
    pub(super) action: String,
    /// The ARN, or `*` where the action knows no resources.
    pub(super) resource: String,
    /// The condition keys that AWS sets for the call.
    pub(super) context: BTreeMap<String, String>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} with {:?}", self.action, self.resource, self.context)
    }
}

/// A policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Policy {
    #[expect(dead_code, reason = "read to be held to the one version that there is")]
    version: Version,
    statement: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Version {
    #[serde(rename = "2012-10-17")]
    Current,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[expect(dead_code, reason = "a name for people")]
    sid: String,
    #[expect(dead_code, reason = "read to be held to the one that is modelled")]
    effect: Effect,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(default)]
    condition: Condition,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Effect {
    Allow,
}

/// Each key must have one of its values. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are IAM's")]
struct Condition {
    #[serde(default)]
    string_equals: BTreeMap<String, OneOrMany>,
    /// Of patterns.
    #[serde(default)]
    string_like: BTreeMap<String, OneOrMany>,
    /// Of patterns; it holds as well where the call has no such key.
    #[serde(default)]
    string_like_if_exists: BTreeMap<String, OneOrMany>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Policy {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let pattern = policy
            .statement
            .iter()
            .flat_map(|statement| &statement.action)
            .find(|action| action.contains(['*', '?']));
        pattern.map_or(Ok(policy.clone()), |pattern| Err(format!("the action {pattern} is a pattern")))
    }

    /// Whether a statement allows `request`: nothing else does.
    pub(super) fn allows(&self, request: &Request) -> bool {
        self.statement.iter().any(|statement| statement.allows(request))
    }

    /// Takes every right to do `action` away.
    #[cfg(test)]
    pub(super) fn without(mut self, action: &str) -> Self {
        for statement in &mut self.statement {
            statement.action.retain(|allowed| allowed != action);
        }
        self
    }
}

impl Statement {
    fn allows(&self, request: &Request) -> bool {
        self.action.contains(&request.action)
            && self.resource.iter().any(|pattern| matches(pattern, &request.resource))
            && self.condition.holds(&request.context)
    }
}

impl Condition {
    /// Keys are compared without case, also where the key of a tag is a part of them. See
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>.
    fn holds(&self, context: &BTreeMap<String, String>) -> bool {
        let found = |key: &str| {
            let same = |(other, _): &(&String, _)| other.to_lowercase() == key.to_lowercase();
            context.iter().filter(same).map(|(_, value)| value).collect::<Vec<_>>()
        };
        let equal = self.string_equals.iter().all(|(key, wanted)| {
            // Where the keys of two tags differ by case alone, either may count.
            found(key).into_iter().any(|value| wanted.as_slice().contains(value))
        });
        let like = |(key, wanted): (&String, &OneOrMany)| {
            let matches = |value: &String| {
                wanted.as_slice().iter().any(|pattern| wildcard::matches(&wildcard::parts(pattern), value))
            };
            found(key).into_iter().any(matches)
        };
        equal
            && self.string_like.iter().all(like)
            && self
                .string_like_if_exists
                .iter()
                .all(|condition| found(condition.0).is_empty() || like(condition))
    }
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement(changes: &Value) -> Result<Policy, String> {
        let mut statement = json!({"Sid": "S", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]});
        for (field, value) in changes.as_object().unwrap() {
            statement[field] = value.clone();
        }
        Policy::parse(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
    }

    fn request(context: &[(&str, &str)]) -> Request {
        Request {
            action: "s3:GetObject".to_owned(),
            resource: "arn:aws:s3:::b/k".to_owned(),
            context: context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn what_is_not_modelled_is_refused() {
        assert!(statement(&json!({})).is_ok());
        for changes in [
            json!({"Effect": "Deny"}),
            json!({"Action": ["s3:*"]}),
            json!({"NotResource": ["*"]}),
            json!({"Principal": "*"}),
            json!({"Condition": {"NumericEquals": {"k": "v"}}}),
            json!({"Condition": {"ForAnyValue:StringEquals": {"k": "v"}}}),
        ] {
            assert!(statement(&changes).is_err(), "{changes}");
        }
    }

    #[test]
    fn action_and_resource_and_every_condition_must_fit() {
        assert!(statement(&json!({})).unwrap().allows(&request(&[])));
        assert!(!statement(&json!({"Action": ["s3:PutObject"]})).unwrap().allows(&request(&[])));
        assert!(!statement(&json!({"Resource": ["arn:aws:s3:::c/*"]})).unwrap().allows(&request(&[])));
        let both = json!({"Condition": {"StringEquals": {"region": ["a", "b"], "tag": "t"}}});
        let policy = statement(&both).unwrap();
        assert!(policy.allows(&request(&[("region", "b"), ("tag", "t"), ("more", "x")])));
        assert!(!policy.allows(&request(&[("region", "c"), ("tag", "t")])));
        assert!(!policy.allows(&request(&[("region", "a"), ("tag", "T")])));
        assert!(!policy.allows(&request(&[("tag", "t")])));
    }

    #[test]
    fn the_key_of_a_condition_has_no_case() {
        let ours = json!({"Condition": {"StringEquals": {"aws:ResourceTag/ec2-ops:deployment": "mine"}}});
        let policy = statement(&ours).unwrap();
        for key in ["aws:ResourceTag/ec2-ops:deployment", "aws:resourcetag/EC2-OPS:Deployment"] {
            assert!(policy.allows(&request(&[(key, "mine")])), "{key}");
            assert!(!policy.allows(&request(&[(key, "Mine")])), "{key}");
        }
    }

    #[test]
    fn a_condition_if_exists_holds_for_a_call_without_the_key() {
        let condition = json!({"Condition": {"StringLikeIfExists": {"type": ["m8g.*", "t4g.nano"]}}});
        let policy = statement(&condition).unwrap();
        for (context, expected) in [
            (&[("type", "m8g.large")][..], true),
            (&[("type", "t4g.nano")], true),
            (&[("type", "m8gd.large")], false),
            (&[], true),
        ] {
            assert_eq!(policy.allows(&request(context)), expected, "{context:?}");
        }
    }
}
