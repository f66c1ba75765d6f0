//! STS: who calls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::AwsError;
use crate::Platform;
use crate::protocol::{Dialect, Protocol, QueryApi};
use crate::service::{Action, Description, Rpc, Words, names};

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
    /// The access key id of the caller; AWS has an id of its own for each.
    pub user_id: String,
    /// The account.
    pub account: String,
}

impl Sts {
    /// STS over the account's platform.
    pub fn new(platform: Arc<Platform>) -> Self {
        Self { platform }
    }

    /// `GetCallerIdentity`. Each access key id is taken for a user.
    ///
    /// # Errors
    /// None: every caller has an identity.
    pub fn get_caller_identity(
        &self,
        caller: &str,
        _: &GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, AwsError> {
        let account = self.platform.account_id.clone();
        Ok(GetCallerIdentityResponse {
            arn: format!("arn:aws:iam::{account}:user/{caller}"),
            user_id: caller.to_owned(),
            account,
        })
    }
}
