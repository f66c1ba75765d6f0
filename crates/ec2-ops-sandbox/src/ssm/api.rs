//! Requests and responses of the modelled SSM actions, in AWS's own names and shapes.
//!
//! A field that is not here is not modelled, and `deny_unknown_fields` refuses it by name. Their meaning is at
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/>. Timestamps are epoch seconds, as awsJson1.1 has them.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! shapes {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            #[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
            pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
        )*
    };
}

shapes! {
    SendCommandRequest {
        document_name: String,
        document_version: Option<String>,
        instance_ids: Vec<String>,
        parameters: BTreeMap<String, Vec<String>>,
        timeout_seconds: Option<u32>,
        comment: Option<String>,
        output_s3_region: Option<String>,
        output_s3_bucket_name: Option<String>,
        output_s3_key_prefix: Option<String>,
        cloud_watch_output_config: Option<CloudWatchOutputConfig>,
    }
    CloudWatchOutputConfig {
        cloud_watch_log_group_name: Option<String>,
        cloud_watch_output_enabled: Option<bool>,
    }
    PutParameterRequest {
        name: String,
        value: String,
        r#type: Option<String>,
        overwrite: Option<bool>,
    }
    PutParameterResponse {
        version: usize,
        tier: String,
    }
    GetParameterRequest {
        name: String,
        with_decryption: Option<bool>,
    }
    GetParameterResponse {
        parameter: Parameter,
    }
    Parameter {
        name: String,
        r#type: String,
        value: String,
        version: usize,
        last_modified_date: f64,
        #[serde(rename = "ARN")] arn: String,
        data_type: String,
    }
    SendCommandResponse {
        command: Command,
    }
    Command {
        command_id: String,
        document_name: String,
        document_version: String,
        comment: String,
        expires_after: f64,
        parameters: BTreeMap<String, Vec<String>>,
        instance_ids: Vec<String>,
        targets: Vec<String>,
        requested_date_time: f64,
        status: String,
        status_details: String,
        output_s3_bucket_name: String,
        output_s3_key_prefix: String,
        target_count: u32,
        completed_count: u32,
        error_count: u32,
        delivery_timed_out_count: u32,
        timeout_seconds: u32,
    }
    CommandFilter {
        #[serde(rename = "key")]
        key: String,
        #[serde(rename = "value")]
        value: String,
    }
    ListCommandsRequest {
        command_id: Option<String>,
        instance_id: Option<String>,
        max_results: Option<usize>,
        next_token: Option<String>,
        filters: Vec<CommandFilter>,
    }
    ListCommandsResponse {
        commands: Vec<Command>,
        next_token: Option<String>,
    }
    ListCommandInvocationsRequest {
        command_id: Option<String>,
        instance_id: Option<String>,
        max_results: Option<usize>,
        next_token: Option<String>,
        details: bool,
    }
    CommandInvocation {
        command_id: String,
        instance_id: String,
        comment: String,
        document_name: String,
        document_version: String,
        requested_date_time: f64,
        status: String,
        status_details: String,
        standard_output_url: String,
        standard_error_url: String,
        command_plugins: Vec<CommandPlugin>,
    }
    CommandPlugin {
        name: String,
        status: String,
        status_details: String,
        response_code: i32,
        response_start_date_time: Option<f64>,
        response_finish_date_time: Option<f64>,
        output: String,
        standard_output_url: String,
        standard_error_url: String,
        output_s3_region: String,
        output_s3_bucket_name: String,
        output_s3_key_prefix: String,
    }
    ListCommandInvocationsResponse {
        command_invocations: Vec<CommandInvocation>,
        next_token: Option<String>,
    }
    GetCommandInvocationRequest {
        command_id: String,
        instance_id: String,
        plugin_name: Option<String>,
    }
    GetCommandInvocationResponse {
        command_id: String,
        instance_id: String,
        comment: String,
        document_name: String,
        document_version: String,
        plugin_name: String,
        response_code: i32,
        execution_start_date_time: String,
        execution_elapsed_time: String,
        execution_end_date_time: String,
        status: String,
        status_details: String,
        standard_output_content: String,
        standard_output_url: String,
        standard_error_content: String,
        standard_error_url: String,
        cloud_watch_output_config: CloudWatchOutputConfig,
    }
    CancelCommandRequest {
        command_id: String,
        instance_ids: Vec<String>,
    }
    CancelCommandResponse {}
    InstanceInformationStringFilter {
        key: String,
        values: Vec<String>,
    }
    DescribeInstanceInformationRequest {
        filters: Vec<InstanceInformationStringFilter>,
        max_results: Option<usize>,
        next_token: Option<String>,
    }
    InstanceInformation {
        instance_id: String,
        ping_status: String,
        last_ping_date_time: f64,
        registration_date: f64,
        agent_version: String,
        is_latest_version: bool,
        platform_type: String,
        platform_name: String,
        resource_type: String,
    }
    DescribeInstanceInformationResponse {
        instance_information_list: Vec<InstanceInformation>,
        next_token: Option<String>,
    }
}
