use super::support::*;
use crate::ec2::Ec2Config;
use crate::ec2::api::*;

fn of_execution(execution: &str) -> RunInstancesRequest {
    RunInstancesRequest {
        tag_specifications: vec![
            tagged("instance", "ec2-ops:execution", execution),
            tagged("volume", "ec2-ops:execution", execution),
        ],
        ..plain()
    }
}

#[tokio::test(start_paused = true)]
async fn instances_are_found_by_tag_state_and_wildcard() {
    let account = Account::new(Ec2Config::default());
    let first = account.running(&of_execution("run-1")).await;
    let second = account.launch(&of_execution("run-2"));
    let by_tag = |value: &str| Filter::new("tag:ec2-ops:execution", [value]);
    let running = Filter::new("instance-state-name", ["running", "stopping"]);
    assert_eq!(account.find(&[by_tag("run-1")]).unwrap(), std::slice::from_ref(&first));
    assert_eq!(account.find(&[by_tag("run-?")]).unwrap().len(), 2);
    assert_eq!(account.find(&[by_tag("run-?"), running.clone()]).unwrap(), [first]);
    assert!(account.find(&[by_tag("run-2"), running]).unwrap().is_empty());
    assert!(account.find(&[by_tag("run")]).unwrap().is_empty());
    let either = Filter::new("tag:ec2-ops:execution", ["run-1", "run-2"]);
    assert_eq!(account.find(&[either]).unwrap().len(), 2);
    assert_eq!(account.find(&[Filter::new("tag-key", ["ec2-ops:*"])]).unwrap().len(), 2);
    assert_eq!(account.find(&[Filter::new("instance-id", [second.as_str()])]).unwrap(), [second]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_tag_is_found_by_its_new_value_only() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&of_execution("old"));
    let request = CreateTagsRequest {
        resources: vec![id.clone()],
        tags: vec![Tag::new("ec2-ops:execution", "new")],
        ..Default::default()
    };
    account.ec2.create_tags(REGION, &request).unwrap();
    let find = |value: &str| account.find(&[Filter::new("tag:ec2-ops:execution", [value])]).unwrap();
    assert!(find("old").is_empty());
    assert_eq!(find("new"), [id]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_filter_is_refused_even_where_nothing_could_match() {
    let account = Account::new(Ec2Config::default());
    let error = account.find(&[Filter::new("colour", ["red"])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "NotImplemented: the ec2-ops sandbox does not model the filter colour in DescribeInstances of EC2"
    );
}

#[tokio::test(start_paused = true)]
async fn another_region_sees_nothing() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&of_execution("run-1"));
    let by_tag = DescribeInstancesRequest {
        filters: vec![Filter::new("tag:ec2-ops:execution", ["run-1"])],
        ..Default::default()
    };
    assert!(account.ec2.describe_instances("eu-west-1", &by_tag).unwrap().reservations.is_empty());
    let by_id = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
    assert_eq!(code(account.ec2.terminate_instances("eu-west-1", &by_id)), "InvalidInstanceID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn ids_are_checked_for_form_and_existence() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    assert_eq!(code(account.describe("i-xyz")), "InvalidInstanceID.Malformed");
    let request = DescribeInstancesRequest {
        instance_ids: vec![id.clone(), "i-0000000a".to_owned(), "i-0000000b".to_owned(), id],
        ..Default::default()
    };
    let error = account.ec2.describe_instances(REGION, &request).unwrap_err();
    assert_eq!(error.message, "The instance IDs 'i-0000000a, i-0000000b' do not exist");
}

#[tokio::test(start_paused = true)]
async fn pages_hold_every_instance_once() {
    let account = Account::new(Ec2Config::default());
    let mut launched: Vec<_> = (0..17).map(|_| account.launch(&plain())).collect();
    launched.sort();
    let (mut found, mut pages, mut next_token) = (Vec::new(), 0, None);
    loop {
        let request = DescribeInstancesRequest { max_results: Some(5), next_token, ..Default::default() };
        let page = account.ec2.describe_instances(REGION, &request).unwrap();
        assert!(page.reservations.len() <= 5);
        found.extend(page.reservations.iter().map(id_of));
        pages += 1;
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!((pages, found), (4, launched));
}

#[tokio::test(start_paused = true)]
async fn a_page_size_excludes_ids_and_has_bounds() {
    let account = Account::new(Ec2Config::default());
    let id = account.launch(&plain());
    let describe = |max_results, instance_ids: Vec<String>, token: Option<&str>| {
        let request = DescribeInstancesRequest {
            max_results: Some(max_results),
            instance_ids,
            next_token: token.map(str::to_owned),
            ..Default::default()
        };
        account.ec2.describe_instances(REGION, &request)
    };
    assert_eq!(code(describe(5, vec![id], None)), "InvalidParameterCombination");
    assert_eq!(code(describe(4, Vec::new(), None)), "InvalidParameterValue");
    assert_eq!(code(describe(5, Vec::new(), Some("?"))), "InvalidNextToken");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_instances_do_not_slow_a_look_up_by_tag() {
    let account = Account::new(Ec2Config::default());
    for number in 0..10_000 {
        account.launch(&of_execution(&number.to_string()));
    }
    let started = std::time::Instant::now();
    for number in 0..10_000 {
        let filter = Filter::new("tag:ec2-ops:execution", [number.to_string()]);
        assert_eq!(account.find(&[filter]).unwrap().len(), 1);
    }
    // A scan per look-up would visit a hundred million instances: minutes in a debug build, against half a second.
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_checks_of_running_instances_are_passed_and_others_are_listed_on_demand() {
    let account = Account::new(Ec2Config::default());
    let running = account.running(&plain()).await;
    let pending = account.launch(&plain());
    let ask = |include_all_instances| {
        let request = DescribeInstanceStatusRequest { include_all_instances, ..Default::default() };
        account.ec2.describe_instance_status(REGION, &request).unwrap().instance_statuses
    };
    let checks =
        |status: &InstanceStatus| (status.instance_id.clone(), status.instance_status.status.clone());
    assert_eq!(ask(false).iter().map(checks).collect::<Vec<_>>(), [(running.clone(), "ok".to_owned())]);
    let mut expected = [(running, "ok".to_owned()), (pending.clone(), "not-applicable".to_owned())];
    expected.sort();
    assert_eq!(ask(true).iter().map(checks).collect::<Vec<_>>(), expected);

    let console = GetConsoleOutputRequest { instance_id: pending, ..Default::default() };
    assert!(!account.ec2.get_console_output(REGION, &console).unwrap().output.is_empty());
    let absent = GetConsoleOutputRequest { instance_id: "i-0123456789abcdef0".to_owned(), ..console };
    assert_eq!(code(account.ec2.get_console_output(REGION, &absent)), "InvalidInstanceID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn images_are_found_by_owner_and_filter() {
    let account = Account::new(Ec2Config::default());
    let find = |owners: &[&str], filters: &[Filter], ids: &[&str]| {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let request = DescribeImagesRequest {
            owners: owned(owners),
            filters: filters.to_vec(),
            image_ids: owned(ids),
            ..Default::default()
        };
        account.ec2.describe_images(REGION, &request).map(|found| found.images.len())
    };
    let linux = Filter::new("name", ["al2023-ami-*"]);
    assert_eq!(find(&["amazon"], std::slice::from_ref(&linux), &[]), Ok(1));
    assert_eq!(find(&["self"], &[linux], &[]), Ok(0));
    assert_eq!(find(&["amazon"], &[Filter::new("state", ["pending"])], &[]), Ok(0));
    assert_eq!(find(&["self"], &[], &["ami-0123456789abcdef0"]), Ok(1));
    assert_eq!(code(find(&[], &[Filter::new("hypervisor", ["xen"])], &[])), "NotImplemented");
}

#[tokio::test(start_paused = true)]
async fn filters_of_one_call_have_at_most_200_values() {
    let account = Account::new(Ec2Config::default());
    let values = |count: usize| (0..count).map(|index| index.to_string()).collect::<Vec<_>>();
    let find =
        |counts: [usize; 2]| account.find(&counts.map(|count| Filter::new("instance-id", values(count))));
    assert!(find([100, 100]).is_ok());
    let error = find([100, 101]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "FilterLimitExceeded: The maximum number of filter values specified on a single call is 200"
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_describes_at_most_100_types() {
    let account = Account::new(Ec2Config::default());
    let describe = |count: usize| {
        let instance_types = vec!["t3.micro".to_owned(); count];
        account.ec2.describe_instance_types(
            REGION,
            &DescribeInstanceTypesRequest { instance_types, ..DescribeInstanceTypesRequest::default() },
        )
    };
    assert!(describe(100).is_ok());
    assert_eq!(describe(101).unwrap_err().code, "InvalidParameterValue");
}
