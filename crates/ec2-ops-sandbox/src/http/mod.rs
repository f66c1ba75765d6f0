//! The account over HTTP: one endpoint for all services, as real SDKs and the real `aws` CLI speak to them.
//!
//! A request passes these stations, in this order:
//!
//! 1. the [`guard`], which keeps out the pages of a browser;
//! 2. the credential [`scope`] of its signature, which says who calls which service in which region: the access key id
//!    has to be one of the sandbox's [`AccessKeys`];
//! 3. its [`body`];
//! 4. the faults by plan, if a function calls, and the account's quotas;
//! 5. its [`Service`].

mod body;
#[cfg(test)]
mod fuzz;
pub mod guard;
mod record;
mod scope;
mod server;
#[cfg(test)]
mod strangers;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use tokio::net::TcpListener;

pub use server::{Limits, Severed, serve};

use crate::fault_plan::{FaultPlan, Instead};
use crate::protocol::{Protocol, Response};
use crate::service::{Call, Description, SERVICES, Service};
use crate::{AccessKeys, Account, AwsError, Caller};
use record::Record;
use scope::Scope;

/// A port of this machine on which an account can be reached.
pub struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Takes `port`, or any free one for 0.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The URL to give to clients as `--endpoint-url` or `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves `account` to the callers who have one of `keys`, as long as the future is polled, under a plan of faults.
    pub async fn serve(self, account: Account, keys: AccessKeys, faults: FaultPlan) {
        let services =
            SERVICES.iter().map(|(description, of)| (description.signing_name, (*description, of(&account))));
        let front =
            Arc::new(Front { services: services.collect(), address: self.address, account, faults, keys });
        serve(self.listener, Limits::default(), move |request| Arc::clone(&front).receive(request)).await;
    }
}

/// The stations of a request before its service.
struct Front {
    /// By signing name.
    services: HashMap<&'static str, (&'static Description, Arc<dyn Service>)>,
    address: SocketAddr,
    account: Account,
    faults: FaultPlan,
    keys: AccessKeys,
}

impl Front {
    async fn receive(self: Arc<Self>, request: http::Request<Incoming>) -> Result<Response, Severed> {
        let request_id = self.account.platform.uuid();
        let (parts, body) = request.into_parts();
        let refused = |protocol, error| Ok(refuse(protocol, &request_id, &error));
        let guess = Protocol::guess(&parts.headers);
        let (scope, caller) = match self.admit(&parts) {
            Ok(admitted) => admitted,
            Err(error) => return refused(guess, error),
        };
        let Some((description, service)) = self.services.get(scope.service.as_str()) else {
            return refused(guess, AwsError::unmodelled(format!("the service {}", scope.service)));
        };
        let protocol = description.protocol;
        let body = match body::collect(body, protocol.max_body()).await {
            Ok(body) => body,
            Err(error) => return refused(protocol, error),
        };
        let request = http::Request::from_parts(parts, body);
        let action = protocol.action(&request);
        let call = Call { caller, region: scope.region, action, request_id, request };
        let (journal, clock) = (&self.account.platform.journal, self.account.platform.clock);
        let environment = AccessKeys::environment(&scope.key);
        let record = Record::begin(journal, clock.now(), description.name, &call, environment);
        let carried = self.carry(protocol, service.as_ref(), &call, &record).await;
        if let Ok(response) = &carried {
            record.answered(response);
        }
        carried
    }

    /// The scope of a request, and its caller, if this sandbox answers to it at all.
    fn admit(&self, request: &Parts) -> Result<(Scope, Caller), AwsError> {
        guard::check(request, self.address)?;
        let scope = Scope::of(request, self.account.platform.clock.now())?;
        match self.keys.caller(&scope.key) {
            Some(caller) => Ok((scope, caller)),
            None => Err(AwsError::new(
                403,
                "InvalidAccessKeyId",
                "the access key id is not one of this ec2-ops sandbox, which prints its own when it starts",
            )),
        }
    }

    /// Carries a call to its service, if the plan of faults and the quotas let it.
    async fn carry(
        &self,
        protocol: Protocol,
        service: &dyn Service,
        call: &Call,
        record: &Record,
    ) -> Result<Response, Severed> {
        let refuse = |error: &AwsError| {
            record.refused(error);
            refuse(protocol, &call.request_id, error)
        };
        let effect = async {
            let answered = match self.account.admit(&call.region, &call.action) {
                Ok(()) => service.answer(call).await,
                Err(error) => Err(error),
            };
            Ok(match answered {
                Ok(mut response) => {
                    protocol.stamp(&call.request_id, &mut response);
                    response
                }
                Err(error) => refuse(&error),
            })
        };
        let Caller::Function(function) = &call.caller else { return effect.await };
        let instead = |instead| match instead {
            Instead::Refusal(error) => Ok(refuse(&error)),
            Instead::Page(status) => Ok(page(status)),
            Instead::Silence => Err(Severed),
        };
        self.faults.carry(function, &call.action, effect, instead).await
    }
}

/// A gateway's page.
fn page(status: u16) -> Response {
    let mut response = Response::new(Bytes::from_static(b"<html><body>an HTML page</body></html>").into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html"));
    response
}

fn refuse(protocol: Protocol, request_id: &str, error: &AwsError) -> Response {
    let mut response = protocol.refuse(request_id, error);
    protocol.stamp(request_id, &mut response);
    response
}
