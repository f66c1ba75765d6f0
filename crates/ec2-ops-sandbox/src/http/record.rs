//! The record of a call for the journal.

use std::sync::Mutex;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::journal::{Call as Noted, Journal};
use crate::lock::lock;
use crate::protocol::Response;
use crate::service::Call;
use crate::{AwsError, Caller};

/// A call under way. When it is dropped, it is noted: also if its caller has died meanwhile, or its answer is lost.
pub(super) struct Record {
    journal: Journal,
    environment: Option<String>,
    began: Instant,
    /// None if the call is not worth a note: people and instances read all the time.
    noted: Mutex<Option<Noted>>,
}

/// How the actions begin that change nothing.
const READING: [&str; 4] = ["Describe", "Get", "Head", "List"];

impl Record {
    pub(super) fn begin(
        journal: &Journal,
        at: Timestamp,
        service: &'static str,
        call: &Call,
        environment: Option<&str>,
    ) -> Self {
        let reads = READING.iter().any(|start| call.action.starts_with(start));
        let caller = match &call.caller {
            Caller::Function(name) => Some(name.as_str()),
            Caller::Owner if reads => None,
            Caller::Owner => Some("owner"),
        };
        let noted = caller.map(|caller| Noted {
            at,
            caller: caller.to_owned(),
            service,
            action: call.action.clone(),
            status: None,
            error: None,
            took: std::time::Duration::ZERO,
            invocation: None,
            subject: None,
        });
        Self {
            journal: journal.clone(),
            environment: environment.map(str::to_owned),
            began: Instant::now(),
            noted: Mutex::new(noted),
        }
    }

    /// The service, or what stands in its place, refuses the call.
    pub(super) fn refused(&self, error: &AwsError) {
        if let Some(noted) = &mut *lock(&self.noted) {
            noted.error = Some((error.code.clone(), error.message.clone()));
        }
    }

    /// The answer is on its way.
    pub(super) fn answered(&self, response: &Response) {
        if let Some(noted) = &mut *lock(&self.noted) {
            noted.status = Some(response.status().as_u16());
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(mut noted) = lock(&self.noted).take() {
            noted.took = self.began.elapsed();
            self.journal.called(noted, self.environment.as_deref());
        }
    }
}
