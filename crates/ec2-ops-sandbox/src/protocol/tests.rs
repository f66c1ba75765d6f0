//! EC2 over Query: the form in, the XML out.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::xml::escaped;
use crate::ec2::{Ec2, Ec2Config, NoHypervisor};
use crate::service::testing::exchange;
use crate::{Clock, Platform};

const REGION: &str = "us-east-1";

fn ec2() -> Ec2 {
    let platform = Platform::new(Clock::starting_at(Timestamp::UNIX_EPOCH), 1);
    Ec2::new(Arc::new(platform), Arc::new(NoHypervisor), Ec2Config::default())
}

/// Sends the parameters, which are written readably, not encoded.
fn send(ec2: &Ec2, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", "2016-11-15")
        .extend_pairs(parameters)
        .finish();
    exchange(ec2, REGION, body.as_bytes())
}

/// The text of the first element `tag`.
fn text<'a>(xml: &'a str, tag: &str) -> &'a str {
    let start = xml.find(&format!("<{tag}>")).unwrap_or_else(|| panic!("no <{tag}> in {xml}"));
    let rest = &xml[start + tag.len() + 2..];
    &rest[..rest.find(&format!("</{tag}>")).unwrap()]
}

fn error(answer: &(u16, String)) -> (u16, &str, &str) {
    (answer.0, text(&answer.1, "Code"), text(&answer.1, "Message"))
}

const LAUNCH: &[(&str, &str)] = &[
    ("ImageId", "ami-0123456789abcdef0"),
    ("InstanceType", "t3.micro"),
    ("MinCount", "1"),
    ("MaxCount", "1"),
    ("ClientToken", "token"),
    ("TagSpecification.1.ResourceType", "instance"),
    ("TagSpecification.1.Tag.1.Key", "Name"),
    ("TagSpecification.1.Tag.1.Value", "a<b & \"c\""),
    ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
    ("BlockDeviceMapping.1.Ebs.VolumeSize", "50"),
    ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
    ("NetworkInterface.1.DeviceIndex", "0"),
    ("NetworkInterface.1.SecurityGroupId.1", "sg-01234567"),
    ("InstanceMarketOptions.MarketType", "spot"),
    ("InstanceMarketOptions.SpotOptions.MaxPrice", "0.5"),
];

#[tokio::test(start_paused = true)]
async fn a_launch_is_read_from_the_form_and_written_as_xml() {
    let ec2 = ec2();
    let (status, xml) = send(&ec2, "RunInstances", LAUNCH);
    assert_eq!(status, 200, "{xml}");
    assert!(
        xml.contains("<RunInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>")
    );
    assert_eq!(text(&xml, "instanceState"), "<code>0</code><name>pending</name>");
    assert_eq!(text(&xml, "tagSet"), "<item><key>Name</key><value>a&lt;b &amp; &quot;c&quot;</value></item>");
    assert_eq!(text(&xml, "groupSet"), "<item><groupId>sg-01234567</groupId></item>");
    assert_eq!(text(&xml, "instanceLifecycle"), "spot");
    let volume = &ec2.volumes()[0].volume;
    assert_eq!((volume.size, volume.attachments[0].delete_on_termination), (50, false));
}

#[tokio::test(start_paused = true)]
async fn filters_and_ids_are_read_from_their_numbered_names() {
    let ec2 = ec2();
    let (_, launched) = send(&ec2, "RunInstances", LAUNCH);
    let id = text(&launched, "instanceId");
    let found = send(
        &ec2,
        "DescribeInstances",
        &[
            ("Filter.1.Name", "tag:Name"),
            ("Filter.1.Value.1", "nothing"),
            ("Filter.1.Value.2", "a<b*"),
            ("Filter.2.Name", "instance-state-name"),
            ("Filter.2.Value.1", "pending"),
        ],
    );
    assert!(text(&found.1, "reservationSet").contains(id));
    let ended = send(&ec2, "TerminateInstances", &[("InstanceId.1", id)]);
    assert_eq!(text(&ended.1, "currentState"), "<code>32</code><name>shutting-down</name>");
    let volumes = send(
        &ec2,
        "DescribeVolumes",
        &[("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", id)],
    );
    assert!(text(&volumes.1, "attachmentSet").contains("<status>attached</status>"));
}

#[tokio::test(start_paused = true)]
async fn an_action_without_an_answer_says_true() {
    let ec2 = ec2();
    let (_, launched) = send(&ec2, "RunInstances", LAUNCH);
    let id = text(&launched, "instanceId");
    let tag = [("ResourceId.1", id), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")];
    assert_eq!(text(&send(&ec2, "CreateTags", &tag).1, "return"), "true");
    let modify = [
        ("InstanceId", id),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
    ];
    assert_eq!(text(&send(&ec2, "ModifyInstanceAttribute", &modify).1, "return"), "true");
    assert!(ec2.volumes()[0].volume.attachments[0].delete_on_termination);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_refused_by_its_name_on_the_wire() {
    let ec2 = ec2();
    for (parameters, expected) in [
        (
            &[("Colour", "red")][..],
            (
                501,
                "NotImplemented",
                "the ec2-ops sandbox does not model the parameter Colour in RunInstances of EC2",
            ),
        ),
        (
            &[("LicenseSpecification.1.LicenseConfigurationArn", "arn")],
            (
                501,
                "NotImplemented",
                "the ec2-ops sandbox does not model the parameter LicenseSpecification in RunInstances of EC2",
            ),
        ),
        (
            &[("BlockDeviceMapping.1.Ebs.OutpostArn", "arn")],
            (
                501,
                "NotImplemented",
                "the ec2-ops sandbox does not model the parameter BlockDeviceMapping.1.Ebs.OutpostArn in RunInstances of EC2",
            ),
        ),
        (
            &[("EbsOptimized", "yes")],
            (
                400,
                "InvalidParameterValue",
                "The parameter EbsOptimized is invalid: found &apos;yes&apos;, expected true or false",
            ),
        ),
        (
            &[("TagSpecification.1.Tag.1.Value", "v")],
            (400, "MissingParameter", "The request must contain the parameter TagSpecification.1.Tag.1.Key"),
        ),
        (
            &[("SecurityGroupId.2", "sg-01234567")],
            (
                400,
                "MalformedQueryString",
                "The parameter SecurityGroupId.1 is repeated, skipped or both a value and a structure",
            ),
        ),
        (
            &[("ImageId", "ami-01234567"), ("InstanceType", "t3.micro"), ("MaxCount", "1")],
            (400, "MissingParameter", "The request must contain the parameter MinCount"),
        ),
    ] {
        let answer = send(&ec2, "RunInstances", parameters);
        assert_eq!(error(&answer), expected);
    }
    let stranger = send(&ec2, "RequestSpotFleet", &[]);
    assert_eq!(
        error(&stranger),
        (501, "NotImplemented", "the ec2-ops sandbox does not model the action RequestSpotFleet of EC2")
    );
    let none = exchange(&ec2, REGION, b"");
    assert_eq!(error(&none).1, "MissingAction");
}

/// Undoes the references that [`escaped`] writes.
fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#13;", "\r"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

proptest! {
    #[test]
    fn escaped_text_holds_no_markup_and_loses_nothing(text in "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\u{fffe}\u{ffff}]*") {
        let escaped = escaped(&text);
        prop_assert!(!escaped.contains(['<', '>', '"', '\'', '\r']));
        prop_assert_eq!(unescaped(&escaped), text);
    }

    #[test]
    fn no_form_makes_the_service_panic(body in prop::collection::vec(any::<u8>(), 0..200), names in "[A-Z.0-9=&a-z]{0,80}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let ec2 = ec2();
        for body in [body.as_slice(), format!("Action=RunInstances&Version=2016-11-15&{names}").as_bytes()] {
            let (status, xml) = exchange(&ec2, REGION, body);
            prop_assert!(status >= 400 && xml.contains("<Code>"), "{}", xml);
        }
    }
}
