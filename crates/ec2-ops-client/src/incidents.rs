//! Incidents in a sandbox. AWS has no API for them, so the SDK has none either.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Client, Error, Served};

const ACTION: &str = "InterruptSpotInstance";

impl Client {
    /// Lets EC2 want a Spot Instance back, with the warning that it gives.
    ///
    /// # Errors
    /// If the deployment is not in a sandbox, or has no such instance.
    pub async fn interrupt(&self, instance: &str) -> Result<(), Error> {
        let Some(sandbox) = self.sandbox() else {
            let message = "only a sandbox interrupts an instance on request; in an account, AWS's Fault Injection \
                           Service can: https://docs.aws.amazon.com/fis/latest/userguide/fis-tutorial-spot-interruptions.html";
            return Err(Error::Usage(message.to_owned()));
        };
        let answer = post(sandbox, &json!({ "InstanceId": instance }).to_string()).await;
        let answer = answer.map_err(|error| Error::NoAnswer { action: ACTION, reason: error.to_string() })?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split(' ').nth(1) == Some("200") {
            return Ok(());
        }
        let error: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Err(Error::Refused { action: ACTION, code: text("__type"), message: text("message") })
    }
}

/// One request on a connection of its own; the whole answer.
async fn post(sandbox: &Served, body: &str) -> std::io::Result<String> {
    let address = sandbox.endpoint_url.trim_start_matches("http://");
    let (key, region) = (&sandbox.access_key_id, &sandbox.region);
    let head = [
        "POST / HTTP/1.1".to_owned(),
        format!("Host: {address}"),
        "Connection: close".to_owned(),
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/ec2-ops-incidents/aws4_request"
        ),
        format!("X-Amz-Target: Incidents.{ACTION}"),
        "Content-Type: application/x-amz-json-1.0".to_owned(),
        format!("Content-Length: {}", body.len()),
    ];
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(format!("{}\r\n\r\n{body}", head.join("\r\n")).as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}
