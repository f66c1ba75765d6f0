//! The account over HTTP: one endpoint for all services, as real SDKs and the real `aws` CLI speak to them.
//!
//! Which service is meant, and in which region, stands in the credential scope of the signature. The signature itself is
//! not checked, so the endpoint binds to loopback only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::ec2::Ec2;
use crate::fault_plan::{FaultPlan, Instead};
use crate::lambda::InvokeError;
use crate::s3::S3Http;
use crate::{Account, AwsError};

/// The largest request body of any service but S3, in bytes: Lambda's limit, the largest of them.
const MAX_BODY: usize = 6 * 1024 * 1024;

/// A port of this machine, taken for an account.
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

    /// Serves `account` as long as the future is polled, with the faults of a plan on the way of each call.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(self, account: Account, faults: FaultPlan) -> io::Result<()> {
        let s3 = S3Http::new(account.s3.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (account, s3, faults) = (account.clone(), s3.clone(), faults.clone());
            async move {
                let scope = Scope::of(request.headers()).unwrap_or_default();
                match scope.service.as_str() {
                    // S3 also answers to those who sign nothing.
                    "s3" | "" => object(&s3, &faults, &scope, request).await,
                    _ => call(&account, &faults, &scope, request).await,
                }
            }
        });
        axum::serve(self.listener, router).await
    }
}

async fn object(s3: &S3Http, faults: &FaultPlan, scope: &Scope, request: Request) -> Response {
    let action = s3_action(&request);
    let effect = async { s3.call(request).await.map(Body::new) };
    let instead = |instead| match instead {
        Instead::Refusal(error) => S3Http::refuse(action, error).map(Body::new),
        Instead::Silence => sever(),
    };
    faults.carry(&scope.caller, action, effect, instead).await
}

/// The actions of the functions; whatever else an instance or a person asks of S3 is nobody's to disturb.
fn s3_action(request: &Request) -> &'static str {
    let has_key = request.uri().path().trim_matches('/').contains('/');
    let lists = request.uri().query().is_some_and(|query| query.contains("list-type=2"));
    match (request.method(), has_key) {
        (&Method::HEAD, true) => "HeadObject",
        (&Method::HEAD, false) => "HeadBucket",
        (&Method::GET, false) if lists => "ListObjectsV2",
        _ => "",
    }
}

async fn call(account: &Account, faults: &FaultPlan, scope: &Scope, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(error) => {
            return json_error(&AwsError::client("RequestEntityTooLargeException", error.to_string()));
        }
    };
    let action = match scope.service.as_str() {
        "ec2" => Ec2::action(&body),
        _ => target(&parts.headers).to_owned(),
    };
    let instead = |instead| match instead {
        Instead::Silence => sever(),
        Instead::Refusal(error) if scope.service == "ec2" => xml(account.ec2.refuse(&error)),
        Instead::Refusal(error) => json_error(&error),
    };
    faults.carry(&scope.caller, &action, answer(account, scope, &parts, &body), instead).await
}

async fn answer(account: &Account, scope: &Scope, parts: &Parts, body: &[u8]) -> Response {
    let region = scope.region.as_str();
    let action = target(&parts.headers);
    let admitted = || account.platform.quotas.admit(region, action);
    let result = match scope.service.as_str() {
        "ec2" => return xml(account.ec2.http(region, body)),
        "lambda" => return invoke(account, &parts.method, parts.uri.path(), &parts.headers, body).await,
        "ssm" => admitted().and_then(|()| account.ssm.call(region, action, body)),
        "dynamodb" => admitted().and_then(|()| account.dynamodb.call(action, body)),
        "states" => admitted().and_then(|()| account.stepfunctions.call(region, action, body)),
        other => Err(AwsError::unmodelled(format!("the service {other}"))),
    };
    match result {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(error) => json_error(&error),
    }
}

/// The action of the awsJson protocols.
fn target(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

/// What `Credential=AKID/20260101/us-east-1/ec2/aws4_request` says. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.
#[derive(Default)]
struct Scope {
    /// The access key id: each function has its own, as on AWS each has its own role.
    caller: String,
    service: String,
    region: String,
}

impl Scope {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let mut parts = credential.split([',', ' ']).next()?.split('/').map(str::to_owned);
        let (caller, _date) = (parts.next()?, parts.next()?);
        let (region, service) = (parts.next()?, parts.next()?);
        Some(Self { caller, service, region })
    }
}

/// Lambda's `Invoke`. See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
async fn invoke(
    account: &Account,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let function =
        path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    let Some(function) = function.filter(|_| method == Method::POST) else {
        return json_error(&AwsError::unmodelled(format!("Lambda's {method} {path}")));
    };
    let function = function.replace("%3A", ":");
    let payload = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
    let payload = match payload {
        Ok(payload) => payload,
        Err(error) => {
            return json_error(&AwsError::client("InvalidRequestContentException", error.to_string()));
        }
    };
    match headers.get("x-amz-invocation-type").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("RequestResponse") => match account.lambda.invoke(&function, payload).await {
            Ok(answer) => json_response(StatusCode::OK, &answer),
            Err(InvokeError::Service(error)) => json_error(&error),
            Err(InvokeError::Function(error)) => {
                ([("x-amz-function-error", "Unhandled")], json_response(StatusCode::OK, &error))
                    .into_response()
            }
        },
        Some("Event") => match account.lambda.invoke_async(&function, payload) {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(error) => json_error(&error),
        },
        Some(other) => json_error(&AwsError::unmodelled(format!("the invocation type {other}"))),
    }
}

/// Breaks the connection before a byte of the answer: its task ends here, without a word.
fn sever() -> ! {
    std::panic::resume_unwind(Box::new("by the plan of faults"))
}

fn xml((status, body): (u16, String)) -> Response {
    (status_code(status), [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], body).into_response()
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], Bytes::from(body.to_string()))
        .into_response()
}

fn json_error(error: &AwsError) -> Response {
    let body = json!({ "__type": error.code, "message": error.message, "Message": error.message });
    let kind = HeaderValue::from_str(&error.code).ok();
    let mut response = json_response(status_code(error.status), &body);
    if let Some(kind) = kind {
        response.headers_mut().insert("x-amzn-errortype", kind);
    }
    response
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
