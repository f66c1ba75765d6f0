//! Calls of services without a connection.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hyper::body::{Body as _, Bytes};
use serde_json::Value;

use super::{Input, Rpc};
use crate::protocol::{Request, Response};
use crate::{AwsError, Caller};

/// The output of `action` on a JSON input.
pub(crate) fn perform<S: Rpc>(
    service: &S,
    region: &str,
    action: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let body = input.to_string();
    let input =
        Input { service: S::DESCRIPTION, action, region, caller: &Caller::Owner, body: body.as_bytes() };
    service.perform(action, &input)
}

/// Status and body of the answer to a request whose body says everything.
pub(crate) fn exchange<S: Rpc>(service: &S, region: &str, body: &[u8]) -> (u16, String) {
    let protocol = S::DESCRIPTION.protocol;
    let action = protocol.action(&Request::new(Bytes::copy_from_slice(body)));
    let input = Input { service: S::DESCRIPTION, action: &action, region, caller: &Caller::Owner, body };
    let response = match service.perform(&action, &input) {
        Ok(output) => protocol.answer(&action, "request-id", &output),
        Err(error) => protocol.refuse("request-id", &error),
    };
    (response.status().as_u16(), text(response))
}

/// The body, which is there as a whole.
pub(crate) fn text(response: Response) -> String {
    let mut body = response.into_body();
    match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => {
            String::from_utf8(frame.into_data().unwrap_or_default().to_vec()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
