//! The page that shows the policies, and the comments that explain them in their source.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::render::{Documents, FILES, Values, key, render, root, source};

const HEAD: &str = "\
# Policies

What each role may do, and which service may assume it. [`policies.tf`](../terraform/policies.tf) and
[`policies_functions.tf`](../terraform/policies_functions.tf) define the policies and give the reason for each statement. They
are rendered here for account 111122223333, the deployment `ec2-ops` in us-east-1 with four additional regions, the buckets
`output` and `input`, a key of buckets, a secret of each kind, a parameter with an image, a log bucket, a log group, and documents with one
instance role of their own. A topic gets a message about every outcome, and documents may name another one, `team`.

If the deployment uses your own KMS keys for itself or for volumes, [`roles.tf`](../terraform/roles.tf) adds the permissions to use them.

No AWS managed policy is used, and no action contains a wildcard. The simulation enforces the policies of the five functions on
every call.

Generated: `REGENERATE=1 cargo test --workspace --test policies`.
";

const STARTER: &str = "EC2StarterFromAMI";

const NARROWED: &str = "\
The same role where documents may launch only the types `m8g.*` and `t4g.nano`, from images of this account and of Amazon, in
two subnets with two security groups (one of each is the deployment's own), and from no snapshot.
";

fn page() -> String {
    let (policies, trust) = render(&Values::default());
    let mut page = HEAD.to_owned();
    for (role, policy) in &policies {
        let service = trust[role]["Statement"][0]["Principal"]["Service"].as_str().unwrap();
        write!(page, "\n## {role}\n\nAssumed by `{service}`{}.\n\n", condition(&trust[role])).unwrap();
        write!(page, "```json\n{policy:#}\n```\n").unwrap();
    }
    let narrowed = &render(&Values::narrowed()).0[STARTER];
    write!(page, "\n## {STARTER} with `allowed`\n\n{NARROWED}\n```json\n{narrowed:#}\n```\n").unwrap();
    page
}

fn condition(trust: &Value) -> &'static str {
    if trust["Statement"][0].get("Condition").is_some() { ", for this account only" } else { "" }
}

#[test]
fn the_page_is_current() {
    let (path, page) = (root().join("docs/policies.md"), page());
    if std::env::var_os("REGENERATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == page,
        "docs/policies.md is out of date; REGENERATE=1 cargo test --workspace --test policies"
    );
}

/// IAM's limit for the inline policies of a role, without white space. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[test]
fn every_policy_fits_a_role_with_many_regions_and_buckets() {
    let mut values = Values::default();
    values.names.additional_regions = (0..30).map(|region| format!("ap-southeast-{region}")).collect();
    values.output_buckets = (0..20).map(|bucket| format!("{bucket:0>63}")).collect();
    values.input_buckets = values.output_buckets.clone();
    values.bucket_keys = (0..5).map(|number| key(&number.to_string())).collect();
    for (role, policy) in render(&values).0 {
        let length = policy.to_string().len();
        assert!(length <= 10_240, "{role}: {length} characters");
    }
}

#[test]
fn a_role_has_a_policy_and_a_trust_policy() {
    let (policies, trust) = render(&Values::default());
    assert_eq!(policies.keys().collect::<Vec<_>>(), trust.keys().collect::<Vec<_>>());
}

/// IAM refuses a statement without resources.
#[test]
fn a_resource_that_a_deployment_does_not_have_is_in_no_statement() {
    let bare = Values {
        output_buckets: Vec::new(),
        input_buckets: Vec::new(),
        bucket_keys: Vec::new(),
        secret_keys: Vec::new(),
        secrets: Vec::new(),
        image_parameters: Vec::new(),
        log_bucket: false,
        log_group: false,
        ..Values::default()
    };
    let documents: Documents = render(&bare).0;
    for (role, policy) in &documents {
        let statements = policy["Statement"].as_array().unwrap();
        assert!(!statements.is_empty(), "{role}");
        for statement in statements {
            let resources = statement["Resource"].as_array().unwrap();
            assert!(!resources.is_empty() && resources.iter().all(Value::is_string), "{role}: {statement}");
        }
    }
    assert!(!documents["Instance"].to_string().contains("s3:"));
    assert!(!documents["Instance"].to_string().contains("logs:"));
}

/// The reason is in the comments of the statement.
#[test]
fn every_star_has_a_page_of_aws_as_its_reason() {
    let mut stars = 0;
    for file in FILES {
        let source = source(file);
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        for star in (0..lines.len()).filter(|at| lines[*at].contains("\"*\"")) {
            stars += 1;
            let statement = (0..star).rev().find(|at| lines[*at] == "{").unwrap();
            let mut comments = lines[statement..=star].iter().filter(|line| line.starts_with('#'));
            let explained = comments.any(|comment| comment.contains("https://docs.aws.amazon.com/"));
            assert!(explained, "{file}:{}: \"*\" without a reason", star + 1);
        }
    }
    assert!(stars > 5, "{stars}");
}
