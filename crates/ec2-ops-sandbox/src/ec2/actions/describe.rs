//! `DescribeInstances` and `DescribeVolumes`.

use std::sync::Arc;

use super::filter::Filters;
use super::page::Page;
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::api::{
    DescribeInstancesRequest, DescribeInstancesResponse, DescribeVolumesRequest, DescribeVolumesResponse,
    Reservation,
};
use crate::ec2::state::{InstanceRecord, State, VolumeRecord};
use crate::ec2::{Ec2, ids};

impl Ec2 {
    /// `DescribeInstances`, by ids and filters. An unknown id is an error, a filter that matches nothing is not.
    pub fn describe_instances(
        &self,
        region: &str,
        request: &DescribeInstancesRequest,
    ) -> Result<DescribeInstancesResponse, AwsError> {
        let filters = Filters::<InstanceRecord>::new(&request.filters)?;
        let named = (!request.instance_ids.is_empty()).then_some("instancesSet");
        let page = Page::new(request.max_results, request.next_token.as_deref(), named)?;
        let owner = &self.shared.platform.account_id;
        self.act(|state| {
            let seen = |record: &InstanceRecord| record.region == region && record.visible_at <= state.now();
            let mut found = if named.is_some() {
                state.instances_by_id(region, &request.instance_ids)?
            } else {
                let candidates = filters.candidates(state).into_iter();
                candidates.filter(|(_, row)| seen(row)).map(|(_, row)| Arc::clone(row)).collect()
            };
            refuse_dry_run(request.dry_run)?;
            found.retain(|row| filters.match_row(row));
            let rows = found.into_iter().map(|row| (row.instance.instance_id.clone(), row));
            let (rows, next_token) = page.cut(rows);
            let reservations = rows.iter().map(|row| reservation(row, owner)).collect();
            Ok(DescribeInstancesResponse { reservations, next_token })
        })
    }

    /// `DescribeVolumes`, by ids and filters. An unknown id is an error, a filter that matches nothing is not.
    pub fn describe_volumes(
        &self,
        region: &str,
        request: &DescribeVolumesRequest,
    ) -> Result<DescribeVolumesResponse, AwsError> {
        let filters = Filters::<VolumeRecord>::new(&request.filters)?;
        let named = (!request.volume_ids.is_empty()).then_some("volumeIds");
        let page = Page::new(request.max_results, request.next_token.as_deref(), named)?;
        self.act(|state| {
            let seen = |record: &VolumeRecord| record.region == region && record.visible_at <= state.now();
            let mut found = if named.is_some() {
                volumes_by_id(state, region, &request.volume_ids)?
            } else {
                let candidates = filters.candidates(state).into_iter();
                candidates.filter(|(_, row)| seen(row)).map(|(_, row)| Arc::clone(row)).collect()
            };
            refuse_dry_run(request.dry_run)?;
            found.retain(|row| filters.match_row(row));
            let rows = found.into_iter().map(|row| (row.volume.volume_id.clone(), row));
            let (rows, next_token) = page.cut(rows);
            let volumes = rows.iter().map(|row| row.volume.clone()).collect();
            Ok(DescribeVolumesResponse { volumes, next_token })
        })
    }
}

fn volumes_by_id(
    state: &State,
    region: &str,
    requested: &[String],
) -> Result<Vec<Arc<VolumeRecord>>, AwsError> {
    ids::distinct(requested).into_iter().map(|id| state.volume(region, id).cloned()).collect()
}

/// The launch of one instance, as EC2 reports it.
pub(super) fn reservation(record: &InstanceRecord, owner: &str) -> Reservation {
    Reservation {
        reservation_id: record.reservation_id.clone(),
        owner_id: owner.to_owned(),
        instances: vec![record.instance.clone()],
    }
}
