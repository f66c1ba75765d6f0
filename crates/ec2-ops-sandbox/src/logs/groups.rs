//! Log groups.

use std::collections::BTreeMap;

use super::api::{
    CreateLogGroupRequest, DescribeLogGroupsRequest, DescribeLogGroupsResponse, EmptyResponse, LogGroup,
};
use super::{Group, Logs, exists, invalid, page};
use crate::AwsError;
use crate::lock::lock;

/// The largest page of `DescribeLogGroups`.
const PAGE: usize = 50;

impl Logs {
    /// `CreateLogGroup`.
    ///
    /// # Errors
    /// If the group exists, or its name is not valid.
    pub fn create_log_group(
        &self,
        region: &str,
        request: &CreateLogGroupRequest,
    ) -> Result<EmptyResponse, AwsError> {
        check_name(&request.log_group_name)?;
        let key = (region.to_owned(), request.log_group_name.clone());
        let mut state = lock(&self.shared.state);
        if state.groups.contains_key(&key) {
            return Err(exists("log group"));
        }
        let created = self.shared.platform.clock.now();
        state.groups.insert(key, Group { created, streams: BTreeMap::new() });
        Ok(EmptyResponse {})
    }

    /// `DescribeLogGroups`, in the order of their names.
    ///
    /// # Errors
    /// If a parameter is not valid.
    pub fn describe_log_groups(
        &self,
        region: &str,
        request: &DescribeLogGroupsRequest,
    ) -> Result<DescribeLogGroupsResponse, AwsError> {
        let (prefix, pattern) = (&request.log_group_name_prefix, &request.log_group_name_pattern);
        if prefix.is_some() && pattern.is_some() {
            return Err(invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        let state = lock(&self.shared.state);
        let wanted = |name: &str| {
            prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && pattern.as_ref().is_none_or(|part| name.contains(part.as_str()))
        };
        let here = state.groups.iter().filter(|((of, name), _)| of == region && wanted(name));
        let items = here.map(|((_, name), group)| {
            let arn = self.arn(region, name);
            LogGroup {
                log_group_name: name.clone(),
                creation_time: group.created.as_millisecond(),
                metric_filter_count: 0,
                arn: format!("{arn}:*"),
                log_group_arn: arn,
                stored_bytes: group.streams.values().map(super::Stream::stored_bytes).sum(),
                log_group_class: "STANDARD",
            }
        });
        let (log_groups, next_token) =
            page(items.collect(), request.limit, PAGE, request.next_token.as_deref())?;
        Ok(DescribeLogGroupsResponse { log_groups, next_token })
    }
}

/// See <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>.
fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!(
        "Value {name:?} at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         [\\.\\-_/#A-Za-z0-9]+"
    )))
}
