//! The command lines that the built-in `aws` understands.

/// `aws s3 <verb> …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Cp,
    Ls,
    Mb,
    Rm,
}

/// One command line, split.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) verb: Verb,
    pub(super) operands: Vec<String>,
    pub(super) recursive: bool,
    /// No text at all.
    pub(super) quiet: bool,
    /// No text for what went well.
    pub(super) only_show_errors: bool,
    /// Where to call, if not in the instance's region.
    pub(super) region: Option<String>,
}

/// A place in S3: `s3://bucket/key`, where the key may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Location {
    /// `None` for anything that is not an S3 URI with a bucket.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    pub(super) fn with_key(&self, key: String) -> Self {
        Self { bucket: self.bucket.clone(), key }
    }

    pub(super) fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

impl Call {
    /// `None` for whatever only the real AWS CLI can do.
    pub(super) fn parse(args: &[String]) -> Option<Self> {
        let (mut words, mut recursive, mut quiet, mut only_show_errors) = (Vec::new(), false, false, false);
        let mut region = None;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--recursive" => recursive = true,
                "--quiet" => quiet = true,
                "--only-show-errors" => only_show_errors = true,
                "--no-progress" => {}
                "--region" => region = Some(args.next()?.clone()),
                option if option.starts_with("--") => return None,
                word => words.push(word.to_owned()),
            }
        }
        let [service, verb, operands @ ..] = words.as_slice() else {
            return None;
        };
        let verb = match (service.as_str(), verb.as_str(), operands) {
            ("s3", "cp", [from, to]) if from.starts_with("s3://") != to.starts_with("s3://") => Verb::Cp,
            ("s3", "ls", [] | [_]) => Verb::Ls,
            ("s3", "mb", [_]) => Verb::Mb,
            ("s3", "rm", [_]) => Verb::Rm,
            _ => return None,
        };
        let well_formed =
            |operand: &String| !operand.starts_with("s3://") || Location::parse(operand).is_some();
        let operands = operands.to_vec();
        operands.iter().all(well_formed).then_some(Self {
            verb,
            operands,
            recursive,
            quiet,
            only_show_errors,
            region,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Call> {
        Call::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_may_stand_anywhere() {
        let call = parse("--region us-east-1 s3 cp --quiet a s3://b/k").expect("understood");
        assert_eq!((call.verb, call.quiet, call.recursive), (Verb::Cp, true, false));
        assert_eq!(call.operands, ["a", "s3://b/k"]);
        assert_eq!(call.region.as_deref(), Some("us-east-1"));
    }

    #[test]
    fn whatever_is_not_built_in_is_left_to_the_real_cli() {
        for line in [
            "sts get-caller-identity",
            "s3 sync a s3://b",
            "s3 cp s3://a/b s3://c/d",
            "s3 cp a s3://b --acl private",
            "s3 ls s3:///k",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
