//! Bodies of requests, read whole.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Frame, Incoming};

use crate::AwsError;

/// Memory that is set aside for a body before it has arrived, in bytes: what a client announces is no promise.
const RESERVED: usize = 64 * 1024;
/// How long a client may take for the next part of a body.
const NEXT_WITHIN: Duration = Duration::from_secs(30);

/// The whole body.
pub(super) async fn collect(mut body: Incoming, most: usize) -> Result<Bytes, AwsError> {
    let too_large = || {
        let message = format!("a request to this service has at most {most} bytes");
        AwsError::new(413, "RequestEntityTooLargeException", message)
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(too_large());
    }
    let mut whole = bytes::BytesMut::with_capacity(announced.min(RESERVED));
    while let Some(frame) = next_frame(&mut body).await? {
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > most {
                return Err(too_large());
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

/// The next part of the body, which has to arrive in time.
async fn next_frame(body: &mut Incoming) -> Result<Option<Frame<Bytes>>, AwsError> {
    let incomplete = |why: String| AwsError::client("IncompleteBody", format!("the body broke off: {why}"));
    match tokio::time::timeout(NEXT_WITHIN, body.frame()).await {
        Ok(frame) => frame.transpose().map_err(|fault| incomplete(fault.to_string())),
        Err(_) => Err(incomplete(format!("nothing arrived for {} s", NEXT_WITHIN.as_secs()))),
    }
}
