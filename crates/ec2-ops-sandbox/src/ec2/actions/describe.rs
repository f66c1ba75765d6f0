//! `DescribeInstances` and `DescribeVolumes`.

use std::sync::Arc;

use super::filter::{Filterable, Filters};
use super::page::Page;
use super::refuse_dry_run;
use crate::AwsError;
use crate::ec2::Ec2;
use crate::ec2::api::{
    DescribeInstancesRequest, DescribeInstancesResponse, DescribeVolumesRequest, DescribeVolumesResponse,
    Filter, Reservation,
};
use crate::ec2::state::{InstanceRecord, Row, VolumeRecord};

/// What all listings can ask for.
pub(super) struct Query<'a> {
    pub(super) ids: &'a [String],
    pub(super) filters: &'a [Filter],
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<&'a str>,
    pub(super) dry_run: bool,
}

impl Ec2 {
    /// `DescribeInstances`, by ids and filters. An unknown id is an error, a filter that matches nothing is not.
    pub fn describe_instances(
        &self,
        region: &str,
        request: &DescribeInstancesRequest,
    ) -> Result<DescribeInstancesResponse, AwsError> {
        let query = Query {
            ids: &request.instance_ids,
            filters: &request.filters,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
            dry_run: request.dry_run,
        };
        let (rows, next_token) = self.list::<InstanceRecord>(region, &query)?;
        let owner = &self.shared.platform.account_id;
        let reservations = rows.iter().map(|row| reservation(row, owner)).collect();
        Ok(DescribeInstancesResponse { reservations, next_token })
    }

    /// `DescribeVolumes`, by ids and filters. An unknown id is an error, a filter that matches nothing is not.
    pub fn describe_volumes(
        &self,
        region: &str,
        request: &DescribeVolumesRequest,
    ) -> Result<DescribeVolumesResponse, AwsError> {
        let query = Query {
            ids: &request.volume_ids,
            filters: &request.filters,
            max_results: request.max_results,
            next_token: request.next_token.as_deref(),
            dry_run: request.dry_run,
        };
        let (rows, next_token) = self.list::<VolumeRecord>(region, &query)?;
        Ok(DescribeVolumesResponse {
            volumes: rows.iter().map(|row| row.volume.clone()).collect(),
            next_token,
        })
    }

    /// One page of the rows that a request asks for, and the token for the next one.
    pub(super) fn list<R: Filterable + Row>(
        &self,
        region: &str,
        query: &Query<'_>,
    ) -> Result<(Vec<Arc<R>>, Option<String>), AwsError> {
        let filters = Filters::<R>::new(query.filters)?;
        let named = (!query.ids.is_empty()).then_some(R::IDS);
        let page = Page::new(query.max_results, query.next_token, named)?;
        self.act(|state| {
            let mut found = if named.is_some() {
                R::with_ids(state, region, query.ids)?
            } else {
                let candidates = filters.candidates(state).into_iter().map(|(_, row)| row);
                candidates.filter(|row| row.is_visible(region, state.now())).map(Arc::clone).collect()
            };
            refuse_dry_run(query.dry_run)?;
            found.retain(|row| filters.match_row(row));
            Ok(page.cut(found.into_iter().map(|row| (row.id().to_owned(), row))))
        })
    }
}

/// The launch of one instance, as EC2 reports it.
pub(super) fn reservation(record: &InstanceRecord, owner: &str) -> Reservation {
    Reservation {
        reservation_id: record.reservation_id.clone(),
        owner_id: owner.to_owned(),
        instances: vec![record.instance.clone()],
    }
}
