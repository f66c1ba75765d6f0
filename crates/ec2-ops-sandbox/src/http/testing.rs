//! An account at a port of this machine, and requests as the bytes that go over the wire.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::Endpoint;
use crate::ec2::{Hypervisor, InstanceFacts};
use crate::fault_plan::FaultPlan;
use crate::ssm::{Runner, Script};
use crate::{AccessKeys, Account, AccountConfig};

/// Machines that do nothing.
struct NoMachines;

impl Hypervisor for NoMachines {
    fn power_on(&self, _: &InstanceFacts) {}
    fn power_off(&self, _: &str) {}
}

impl Runner for NoMachines {
    fn run(&self, _: &str, _: &Script) {}
    fn cancel(&self, _: &str, _: &str) {}
}

/// An account that is served.
pub(crate) struct Served {
    pub(crate) account: Account,
    pub(crate) keys: AccessKeys,
    pub(crate) address: String,
}

impl Served {
    /// An empty account.
    pub(crate) async fn start() -> Self {
        let endpoint = Endpoint::bind(0).await.unwrap();
        let address = endpoint.address.to_string();
        let (_, events) = mpsc::unbounded_channel();
        let account =
            Account::new(jiff::Timestamp::now(), AccountConfig::default(), Arc::new(NoMachines), events);
        let keys = AccessKeys::random().unwrap();
        tokio::spawn(endpoint.serve(account.clone(), keys.clone(), FaultPlan::default()));
        Self { account, keys, address }
    }

    /// Sends `head`, which ends within its headers, and `body`. The whole answer, status line and headers included; it is
    /// empty where the connection broke.
    pub(crate) async fn send(&self, head: &str, body: &[u8]) -> String {
        let (address, length) = (&self.address, body.len());
        let head =
            format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    /// The same under a signature for `service` in us-east-1, which nothing verifies.
    pub(crate) async fn call(&self, service: &str, head: &str, body: &[u8]) -> String {
        self.call_in("us-east-1", service, head, body).await
    }

    /// The same in another region.
    pub(crate) async fn call_in(&self, region: &str, service: &str, head: &str, body: &[u8]) -> String {
        let credential = format!("{}/20260101/{region}/{service}/aws4_request", self.keys.owner());
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00");
        let (line, headers) = head
            .split_once("\r\n")
            .map_or((head, String::new()), |(line, headers)| (line, format!("\r\n{headers}")));
        self.send(&format!("{line}\r\nAuthorization: {authorization}{headers}"), body).await
    }

    /// The query of a presigned URL for S3 that was signed at `moment` and is valid for `seconds`.
    pub(crate) fn presigned(&self, moment: jiff::Timestamp, seconds: u32) -> String {
        format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date={}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
            self.keys.owner(),
            moment.strftime("%Y%m%dT%H%M%SZ"),
        )
    }

    /// Sends bytes, and reads until the connection ends.
    pub(crate) async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        // The other side may answer, or hang up, before it has read everything.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}
