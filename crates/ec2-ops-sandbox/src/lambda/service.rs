//! Lambda as a service of the account: its REST API.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::concurrency::THROTTLING;
use super::{InvokeError, Lambda};
use crate::AwsError;
use crate::protocol::{Protocol, Route};
use crate::protocol::{Request, Response};
use crate::service::{Call, Description, Service, Words, limits};

/// Its errors: <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>.
pub(crate) const SERVICE: Description = Description {
    name: "Lambda",
    signing_name: "lambda",
    protocol: Protocol::RestJson(&ROUTES),
    failure: Words(500, "ServiceException"),
    throttling: THROTTLING,
    denial: Words(403, "AccessDeniedException"),
    actions: &["Invoke", "ListFunctions"],
};

const ROUTES: [Route; 2] = [
    Route {
        action: "Invoke",
        method: "POST",
        path: "/2015-03-31/functions/{FunctionName}/invocations",
        marker: "",
    },
    Route { action: "ListFunctions", method: "GET", path: "/2015-03-31/functions", marker: "" },
];

#[async_trait]
impl Service for Lambda {
    async fn answer(&self, call: &Call) -> Result<Response, AwsError> {
        let request = &call.request;
        match Route::find(&ROUTES, request) {
            Some(found) => match found.segments.as_slice() {
                [function] => self.answer_invoke(&call.region, function, request).await,
                _ => self.answer_list_functions(&call.region, request),
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
        let [qualifier] = parameters(request, "Invoke", ["Qualifier"])?;
        let named = json!({ "FunctionName": function, "Qualifier": qualifier });
        limits::check(SERVICE.signing_name, "Invoke", &named)?;
        let version = qualifier.map(|qualifier| format!("{function}:{qualifier}"));
        let function = version.as_deref().unwrap_or(function);
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
            "DryRun" => {
                self.check(region, function)?;
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response)
            }
            other => Err(AwsError::client(
                "InvalidParameterValueException",
                format!("InvocationType is Event, RequestResponse or DryRun, found {other}"),
            )),
        }
    }

    /// `ListFunctions`. See <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
    fn answer_list_functions(&self, region: &str, request: &Request) -> Result<Response, AwsError> {
        let [most, marker] = parameters(request, "ListFunctions", ["MaxItems", "Marker"])?;
        let asked = json!({ "MaxItems": most.as_deref().map(number).transpose()? });
        limits::check(SERVICE.signing_name, "ListFunctions", &asked)?;
        let most =
            asked["MaxItems"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE).min(PAGE);
        let start = marker.as_deref().map(number).transpose()?.and_then(|start| usize::try_from(start).ok());
        let start = start.unwrap_or_default();
        let all = self.list(region);
        let next = start.saturating_add(most);
        let more = (all.len() > next).then(|| next.to_string());
        let functions = all.into_iter().skip(start).take(most).map(|function| {
            json!({
                "FunctionName": function.name,
                "FunctionArn": function.arn,
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Timeout": function.timeout.as_secs(),
                "MemorySize": MEMORY_MB,
                "Version": "$LATEST",
                "PackageType": "Zip",
                "State": "Active",
                "LastModified": function.created.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
                "Role": format!("arn:aws:iam::{}:role/{}", self.platform.account_id, function.name),
            })
        });
        let functions: Vec<_> = functions.collect();
        Ok(response(StatusCode::OK, None, &json!({ "Functions": functions, "NextMarker": more })))
    }
}

/// How many functions a page has at most. See <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
const PAGE: usize = 50;

/// The memory of each function, as deployed, in MB. It is not limited here.
const MEMORY_MB: u32 = 256;

/// The values of the parameters `names`; any other is refused.
fn parameters<const N: usize>(
    request: &Request,
    action: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], AwsError> {
    let mut values = [const { None }; N];
    for (key, text) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        let Some(known) = names.iter().position(|name| *name == key) else {
            return Err(SERVICE.unmodelled(format!("the parameter {key} in {action}")));
        };
        values[known] = Some(text.into_owned());
    }
    Ok(values)
}

fn number(text: &str) -> Result<i64, AwsError> {
    let refused = |_| AwsError::client("InvalidParameterValueException", format!("'{text}' is no number"));
    text.parse().map_err(refused)
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
