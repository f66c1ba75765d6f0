//! Bodies of requests, read whole.

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};

use crate::AwsError;

/// Memory that is set aside for a body before it has arrived, in bytes: what a client announces is no promise.
const RESERVED: usize = 64 * 1024;

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
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|fault| AwsError::client("IncompleteBody", format!("the body broke off: {fault}")))?;
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > most {
                return Err(too_large());
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}
