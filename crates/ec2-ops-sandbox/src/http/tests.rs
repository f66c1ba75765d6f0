//! The endpoint, over a real connection.

use super::testing::Served;

const LAUNCH: &[u8] =
    b"Action=RunInstances&Version=2016-11-15&ImageId=ami-0123456789abcdef0&InstanceType=t3.micro\
                        &MinCount=1&MaxCount=1";

/// The value of the header `name`.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let headers = answer.split("\r\n\r\n").next()?;
    headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

const FORM: &str = "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";

fn json(target: &str) -> String {
    format!("POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}")
}

#[tokio::test]
async fn get_caller_identity_names_the_caller() {
    let served = Served::start().await;
    let answer = served.call("sts", FORM, b"Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let id = header(&answer, "x-amzn-requestid").unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(
        body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/owner</Arn>\
             <UserId>AIDAOWNER</UserId><Account>000000000000</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        )
    );
}

/// Whatever is refused as not modelled: in the form that the client reads, with a request id, and by the sandbox's name.
#[tokio::test]
async fn every_refusal_names_the_sandbox_in_the_protocol_of_the_request() {
    let served = Served::start().await;
    served.account.s3.create_bucket("results", "us-east-1").unwrap();
    let get = |path: &str| format!("GET {path} HTTP/1.1");
    for (service, head, body, form, what) in [
        (
            "ec2",
            FORM.to_owned(),
            "Action=DescribeVpcs&Version=2016-11-15",
            "<RequestID>",
            "the action DescribeVpcs of EC2",
        ),
        (
            "sts",
            FORM.to_owned(),
            "Action=AssumeRole&Version=2011-06-15",
            "<RequestId>",
            "the action AssumeRole of STS",
        ),
        ("iam", FORM.to_owned(), "Action=ListUsers&Version=2010-05-08", "<ErrorResponse", "the service iam"),
        (
            "ssm",
            json("AmazonSSM.DeleteParameter"),
            "{}",
            "\"__type\":\"NotImplemented\"",
            "the action DeleteParameter of SSM",
        ),
        (
            "ssm",
            json("AmazonSSM.SendCommand"),
            "{\"Targets\":[]}",
            "\"message\"",
            "the parameter Targets in SendCommand of SSM",
        ),
        (
            "logs",
            json("Logs_20140328.DeleteLogGroup"),
            "{}",
            "\"message\"",
            "the action DeleteLogGroup of CloudWatch Logs",
        ),
        ("kms", json("TrentService.ListKeys"), "{}", "\"message\"", "the service kms"),
        ("lambda", get("/2015-03-31/layers"), "", "\"message\"", "GET /2015-03-31/layers of Lambda"),
        ("s3", get("/results?acl"), "", "<RequestId>", "the action GetBucketAcl of S3"),
        ("s3", get("/results/k?versionId=7"), "", "<RequestId>", "versionId in this action of S3"),
        ("s3", "POST / HTTP/1.1".to_owned(), "", "<RequestId>", "POST / of S3"),
        ("eks", get("/clusters"), "", "<Error>", "the service eks"),
    ] {
        let answer = served.call(service, &head, body.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
        assert!(answer.contains("NotImplemented") && answer.contains(form), "{form}: {answer}");
        assert!(answer.contains(&format!("the ec2-ops sandbox does not model {what}")), "{what}: {answer}");
        let id = if header(&answer, "content-type") == Some("application/xml") {
            "x-amz-request-id"
        } else {
            "x-amzn-requestid"
        };
        assert!(header(&answer, id).is_some_and(|id| id.len() == 36), "{answer}");
    }
}

#[tokio::test]
async fn a_call_too_many_is_refused_where_quotas_are_enforced() {
    let served = Served::start().await;
    served.account.platform.quotas.enforce();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(served.call("ec2", FORM, LAUNCH).await);
    }
    let last = statuses.pop().unwrap();
    assert!(statuses.iter().all(|answer| answer.starts_with("HTTP/1.1 200")), "{statuses:?}");
    assert!(last.starts_with("HTTP/1.1 503") && last.contains("<Code>RequestLimitExceeded</Code>"), "{last}");
}
