//! The account over HTTP: one endpoint for all services, as real SDKs and the real `aws` CLI speak to them.
//!
//! The credential scope of the signature says which service is meant, and in which region. The signature itself is
//! not checked, so the endpoint binds to loopback only. A request passes, in this order: its [`scope`], its [`body`],
//! the faults by plan, the account's quotas, its [`Service`].

mod body;
mod scope;
mod server;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::body::Incoming;
use tokio::net::TcpListener;

pub(crate) use server::serve;

use crate::fault_plan::{FaultPlan, Instead};
use crate::protocol::{Protocol, Response};
use crate::service::{Call, Description, SERVICES, Service};
use crate::{Account, AwsError};
use scope::Scope;
use server::Severed;

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

    /// Serves `account` as long as the future is polled, under a plan of faults.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(self, account: Account, faults: FaultPlan) -> io::Result<()> {
        let services =
            SERVICES.iter().map(|(description, of)| (description.signing_name, (*description, of(&account))));
        let front = Arc::new(Front { services: services.collect(), account, faults });
        serve(self.listener, move |request| Arc::clone(&front).receive(request))
            .await
            .map(|never| match never {})
    }
}

/// What stands before the services.
struct Front {
    /// By signing name.
    services: HashMap<&'static str, (&'static Description, Arc<dyn Service>)>,
    account: Account,
    faults: FaultPlan,
}

impl Front {
    async fn receive(self: Arc<Self>, request: http::Request<Incoming>) -> Result<Response, Severed> {
        let request_id = self.account.platform.uuid();
        let (parts, body) = request.into_parts();
        // S3 also answers requests that are not signed.
        let scope =
            Scope::of(&parts).unwrap_or_else(|| Scope { service: "s3".to_owned(), ..Scope::default() });
        let Some((description, service)) = self.services.get(scope.service.as_str()) else {
            let error = AwsError::unmodelled(format!("the service {}", scope.service));
            return Ok(refuse(Protocol::guess(&parts.headers), &request_id, &error));
        };
        let protocol = description.protocol;
        let body = match body::collect(body, protocol.max_body()).await {
            Ok(body) => body,
            Err(error) => return Ok(refuse(protocol, &request_id, &error)),
        };
        let request = http::Request::from_parts(parts, body);
        let action = protocol.action(&request);
        let Scope { caller, region, .. } = scope;
        let call = Call { caller, region, action, request_id, request };
        self.carry(protocol, service.as_ref(), &call).await
    }

    /// Carries a call to its service, if the plan of faults and the quotas let it.
    async fn carry(
        &self,
        protocol: Protocol,
        service: &dyn Service,
        call: &Call,
    ) -> Result<Response, Severed> {
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
                Err(error) => refuse(protocol, &call.request_id, &error),
            })
        };
        let instead = |instead| match instead {
            Instead::Refusal(error) => Ok(refuse(protocol, &call.request_id, &error)),
            Instead::Silence => Err(Severed),
        };
        self.faults.carry(&call.caller, &call.action, effect, instead).await
    }
}

fn refuse(protocol: Protocol, request_id: &str, error: &AwsError) -> Response {
    let mut response = protocol.refuse(request_id, error);
    protocol.stamp(request_id, &mut response);
    response
}
