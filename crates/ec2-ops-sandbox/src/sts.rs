//! STS: who calls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::{Dialect, Protocol, QueryApi};
use crate::service::{Action, Description, Rpc, Words, names};
use crate::{AwsError, Caller, Platform};

/// Its errors: <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "STS",
    signing_name: "sts",
    protocol: Protocol::Query(QueryApi {
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        dialect: Dialect::Aws,
    }),
    failure: Words(500, "InternalFailure"),
    throttling: Words(400, "Throttling"),
    denial: Words(403, "AccessDenied"),
    actions: &names(&ACTIONS),
};

const ACTIONS: [Action<Sts>; 1] = [("GetCallerIdentity", |sts, input| {
    input.with(|request| sts.get_caller_identity(input.caller, &request))
})];

impl Rpc for Sts {
    const DESCRIPTION: &'static Description = &SERVICE;
    const ACTIONS: &'static [Action<Self>] = &ACTIONS;
}

/// STS of one account.
#[derive(Clone)]
pub struct Sts {
    platform: Arc<Platform>,
}

/// Asks who calls.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetCallerIdentityRequest {}

/// Who calls. See <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetCallerIdentityResponse {
    /// The ARN of the caller.
    pub arn: String,
    /// The id of the user, or of the role and its session.
    pub user_id: String,
    /// The account.
    pub account: String,
}

impl Sts {
    /// STS over the account's platform.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform }
    }

    /// `GetCallerIdentity`. People and instances are one user; each function has a role with its name.
    ///
    /// # Errors
    /// None: every caller has an identity.
    pub fn get_caller_identity(
        &self,
        caller: &Caller,
        _: &GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, AwsError> {
        let account = self.platform.account_id.clone();
        let (arn, user_id) = match caller {
            Caller::Owner => (format!("arn:aws:iam::{account}:user/owner"), "AIDAOWNER".to_owned()),
            Caller::Function(name) => (
                format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"),
                format!("AROA{}:{name}", name.to_ascii_uppercase()),
            ),
        };
        Ok(GetCallerIdentityResponse { arn, user_id, account })
    }
}
