//! `aws ssm get-parameter`, in the one form in which documents' secrets are read.

use std::io::Read as _;

use serde_json::{Value, json};

use super::endpoint::{Endpoint, error_occurred};
use super::{Failure, say};

/// The exit code of the CLI for a call that the service refused.
const REFUSED: u8 = 254;

/// `aws ssm get-parameter --with-decryption --query Parameter.Value --output text --region REGION --name NAME`, with its
/// options in any order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GetParameter<'a> {
    region: &'a str,
    name: &'a str,
}

impl<'a> GetParameter<'a> {
    /// `None` for whatever only the real AWS CLI can do.
    pub(super) fn parse(args: &'a [String]) -> Option<Self> {
        let (mut region, mut name, mut decrypt, mut query, mut output) = (None, None, false, None, None);
        let mut args = args.iter().map(String::as_str);
        if (args.next()?, args.next()?) != ("ssm", "get-parameter") {
            return None;
        }
        while let Some(option) = args.next() {
            match option {
                "--with-decryption" => decrypt = true,
                "--region" => region = Some(args.next()?),
                "--name" => name = Some(args.next()?),
                "--query" => query = Some(args.next()?),
                "--output" => output = Some(args.next()?),
                _ => return None,
            }
        }
        let right_form = decrypt && query == Some("Parameter.Value") && output == Some("text");
        right_form.then_some(Self { region: region?, name: name? })
    }

    /// Prints the parameter's value.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let endpoint = Endpoint::from_environment()?;
        let request = endpoint
            .agent
            .post(format!("{}/", endpoint.url))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AmazonSSM.GetParameter")
            .header("authorization", endpoint.authorization(self.region, "ssm"));
        let body = json!({ "Name": self.name, "WithDecryption": true }).to_string();
        let answer = request.send(body);
        let answer = answer.map_err(|error| endpoint.unreachable(&error))?;
        let success = answer.status().is_success();
        let mut text = String::new();
        answer.into_body().into_reader().read_to_string(&mut text)?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if success && let Some(value) = answer["Parameter"]["Value"].as_str() {
            return say(value);
        }
        let code = answer["__type"].as_str().unwrap_or("Unknown");
        let code = code.rsplit('#').next().unwrap_or(code);
        Err(error_occurred(code, "GetParameter", answer["message"].as_str().unwrap_or_default(), REFUSED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<(String, String)> {
        let args: Vec<_> = line.split(' ').map(str::to_owned).collect();
        GetParameter::parse(&args).map(|call| (call.region.to_owned(), call.name.to_owned()))
    }

    #[test]
    fn only_the_form_that_reads_a_secret_is_built_in() {
        let read = "ssm get-parameter --with-decryption --query Parameter.Value --region us-east-1 --name /a --output text";
        assert_eq!(parse(read), Some(("us-east-1".to_owned(), "/a".to_owned())));
        for other in [
            "ssm get-parameter --name /a",
            "ssm put-parameter --name /a --value b",
            "ssm get-parameter --with-decryption --query Parameter.Type --region us-east-1 --name /a --output text",
            "ssm get-parameter --name",
            "ssm",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
