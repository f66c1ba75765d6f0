//! Answers of AWS as they came, to be compared with what is believed of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Serialize;

/// The account in AWS's own examples.
const EXAMPLE: &str = "123456789012";

/// The longest body that is kept, in bytes. Longer ones are histories, and repeat documents and output.
const LONGEST: usize = 8 * 1024;

/// Keeps the last answer to each action, without the number of the account.
///
/// Bodies that are streamed, those of objects, and long ones are left out.
#[derive(Clone, Debug)]
pub struct Recorder {
    answers: Option<Arc<Mutex<BTreeMap<String, Recorded>>>>,
    account: String,
}

/// An answer of AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The API action, `DescribeInstances`.
    pub action: String,
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

impl Recorder {
    /// Records what AWS answers in `account`.
    pub fn of_account(account: &str) -> Self {
        Self { answers: Some(Arc::default()), account: account.to_owned() }
    }

    /// Records nothing.
    pub(crate) fn off() -> Self {
        Self { answers: None, account: String::new() }
    }

    /// The last answer to each action, by the action.
    pub fn answers(&self) -> Vec<Recorded> {
        let answers = self.answers.iter().map(|answers| {
            let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.values().cloned().collect::<Vec<_>>()
        });
        answers.flatten().collect()
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(answers), Some(metadata)) = (&self.answers, config.load::<Metadata>()) else {
            return Ok(());
        };
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        if body.len() > LONGEST {
            return Ok(());
        }
        let body = String::from_utf8_lossy(body);
        let answer = Recorded {
            action: metadata.name().to_owned(),
            status: response.status().as_u16(),
            content_type: response.headers().get("content-type").map(str::to_owned),
            body: body.replace(&self.account, EXAMPLE),
        };
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(answer.action.clone(), answer);
        Ok(())
    }
}
