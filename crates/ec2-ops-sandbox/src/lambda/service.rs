//! Lambda as a service of the account: its REST API.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use super::concurrency::THROTTLING;
use super::{InvokeError, Lambda};
use crate::AwsError;
use crate::protocol::{Protocol, Route};
use crate::protocol::{Request, Response};
use crate::service::{Call, Description, Service, Words};

/// Its errors: <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "Lambda",
    signing_name: "lambda",
    protocol: Protocol::RestJson(&ROUTES),
    failure: Words(500, "ServiceException"),
    throttling: THROTTLING,
    denial: Words(403, "AccessDeniedException"),
    actions: &["Invoke"],
};

const ROUTES: [Route; 1] = [Route {
    action: "Invoke",
    method: "POST",
    path: "/2015-03-31/functions/{FunctionName}/invocations",
    marker: "",
}];

#[async_trait]
impl Service for Lambda {
    async fn answer(&self, call: &Call) -> Result<Response, AwsError> {
        let request = &call.request;
        match Route::find(&ROUTES, request) {
            Some(found) => match found.segments.as_slice() {
                [function] => self.answer_invoke(&call.region, function, request).await,
                _ => Err(SERVICE.failure.error("a route without its function")),
            },
            None => Err(SERVICE.unmodelled(format!("{} {}", request.method(), request.uri().path()))),
        }
    }
}

impl Lambda {
    /// `Invoke`. See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
    async fn answer_invoke(
        &self,
        region: &str,
        function: &str,
        request: &Request,
    ) -> Result<Response, AwsError> {
        if let Some(parameter) = request.uri().query().filter(|query| !query.is_empty()) {
            return Err(SERVICE.unmodelled(format!("the parameter {parameter} in Invoke")));
        }
        let payload = match request.body() {
            body if body.is_empty() => Value::Null,
            body => serde_json::from_slice(body)
                .map_err(|error| AwsError::client("InvalidRequestContentException", error.to_string()))?,
        };
        match modelled_headers(request.headers())? {
            "RequestResponse" => match self.invoke(region, function, payload).await {
                Ok(answer) => Ok(response(StatusCode::OK, None, &answer)),
                Err(InvokeError::Service(error)) => Err(error),
                Err(InvokeError::Function(error)) => Ok(response(StatusCode::OK, Some("Unhandled"), &error)),
            },
            "Event" => {
                self.invoke_async(region, function, payload)?;
                let mut response = Response::default();
                *response.status_mut() = StatusCode::ACCEPTED;
                Ok(response)
            }
            other => Err(SERVICE.unmodelled(format!("the invocation type {other}"))),
        }
    }
}

/// The invocation type, unless a header asks for what is not modelled.
fn modelled_headers(headers: &HeaderMap) -> Result<&str, AwsError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    for (name, modelled) in [("x-amz-log-type", "None"), ("x-amz-client-context", "")] {
        if text(name).is_some_and(|value| value != modelled) {
            return Err(SERVICE.unmodelled(format!("the header {name} in Invoke")));
        }
    }
    Ok(text("x-amz-invocation-type").unwrap_or("RequestResponse"))
}

fn response(status: StatusCode, function_error: Option<&'static str>, payload: &Value) -> Response {
    let mut response = Response::new(Bytes::from(payload.to_string()).into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if let Some(error) = function_error {
        headers.insert("x-amz-function-error", HeaderValue::from_static(error));
    }
    response
}
