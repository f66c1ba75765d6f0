//! `DescribeInstanceStatus` and `GetConsoleOutput`.

use base64_simd::STANDARD as BASE64;

use super::describe::Query;
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    DescribeInstanceStatusRequest, DescribeInstanceStatusResponse, Filter, GetConsoleOutputRequest,
    GetConsoleOutputResponse, InstanceStateName, InstanceStatus, InstanceStatusDetails,
    InstanceStatusSummary,
};
use crate::ec2::state::InstanceRecord;
use crate::ec2::{Ec2, fault};

impl Ec2 {
    /// `DescribeInstanceStatus`: of running instances, unless all are asked for. A running instance passes its checks.
    pub fn describe_instance_status(
        &self,
        region: &str,
        request: &DescribeInstanceStatusRequest,
    ) -> Result<DescribeInstanceStatusResponse, AwsError> {
        let mut filters = request.filters.clone();
        if !request.include_all_instances {
            filters.push(Filter::new("instance-state-name", [InstanceStateName::Running.as_str()]));
        }
        let query = Query {
            ids: &request.instance_ids,
            filters: &filters,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
            dry_run: request.dry_run,
        };
        let (rows, next_token) = self.list::<InstanceRecord>(region, &query)?;
        Ok(DescribeInstanceStatusResponse {
            instance_statuses: rows.iter().map(|row| status(row)).collect(),
            next_token,
        })
    }

    /// `GetConsoleOutput`. An instance has no console here, so the text says where to look.
    pub fn get_console_output(
        &self,
        region: &str,
        request: &GetConsoleOutputRequest,
    ) -> Result<GetConsoleOutputResponse, AwsError> {
        if request.instance_id.is_empty() {
            return Err(fault::missing_parameter("InstanceId"));
        }
        self.act(|state| {
            state.instances_by_id(region, std::slice::from_ref(&request.instance_id))?;
            refuse_dry_run(request.dry_run)?;
            let text = "This instance is a process of your machine, without a console. Its messages are in \
                        var/log/messages of its directory.\n";
            Ok(GetConsoleOutputResponse {
                instance_id: request.instance_id.clone(),
                timestamp: state.now(),
                output: BASE64.encode_to_string(text),
            })
        })
    }
}

fn status(record: &InstanceRecord) -> InstanceStatus {
    let (word, check) = match record.state() {
        InstanceStateName::Running => ("ok", Some("passed")),
        _ => ("not-applicable", None),
    };
    let details = check
        .map(|check| InstanceStatusDetails { name: "reachability".to_owned(), status: check.to_owned() });
    let summary = InstanceStatusSummary { status: word.to_owned(), details: details.into_iter().collect() };
    InstanceStatus {
        instance_id: record.instance.instance_id.clone(),
        availability_zone: record.instance.placement.availability_zone.clone(),
        instance_state: record.instance.state,
        instance_status: summary.clone(),
        system_status: summary,
    }
}
