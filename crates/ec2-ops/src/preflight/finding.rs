//! One line of the report.

use serde::Serialize;

use crate::aws_error::{AwsError, AwsErrorKind};

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    about: String,
    verdict: Verdict,
    /// What was found.
    says: String,
    /// What to type, or where to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// An execution would fail.
    Wrong,
    /// It could not be looked at.
    Unknown,
}

impl Finding {
    pub(super) fn ok(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { about: about.into(), verdict: Verdict::Ok, says: says.into(), todo: None }
    }

    pub(super) fn wrong(about: impl Into<String>, says: impl Into<String>, todo: Option<String>) -> Self {
        Self { about: about.into(), verdict: Verdict::Wrong, says: says.into(), todo }
    }

    /// A call that failed. EC2's refusal of a launch is the finding itself; any other call only could not be asked.
    pub(super) fn of_call(about: impl Into<String>, error: &AwsError) -> Self {
        let passes = matches!(error.kind, AwsErrorKind::Throttled | AwsErrorKind::Unavailable);
        let verdict =
            if error.action == "RunInstances" && !passes { Verdict::Wrong } else { Verdict::Unknown };
        let todo = match error.code.as_str() {
            _ if passes => Some("ask again in a minute".to_owned()),
            "UnauthorizedOperation" | "AccessDenied" => Some(
                "compare `allowed` of the Terraform module; `aws sts decode-authorization-message` reads the encoded message"
                    .to_owned(),
            ),
            _ => None,
        };
        Self { about: about.into(), verdict, says: error.to_string(), todo }
    }
}
