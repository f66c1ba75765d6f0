//! Pages of a long list: `MaxResults` and `NextToken`.

use crate::AwsError;
use crate::ec2::fault;

/// Which part of the list the caller wants.
pub(super) struct Page<'a> {
    after: Option<&'a str>,
    size: Option<usize>,
}

impl<'a> Page<'a> {
    /// Checks the parameters. `ids` is EC2's name of the explicit ids if the request has any: they exclude a page size.
    pub(super) fn new(
        max_results: Option<usize>,
        next_token: Option<&'a str>,
        ids: Option<&str>,
    ) -> Result<Self, AwsError> {
        if let (Some(_), Some(ids)) = (max_results, ids) {
            return Err(fault::combination(format!(
                "The parameter {ids} cannot be used with the parameter maxResults"
            )));
        }
        if let Some(size) = max_results.filter(|size| !(5..=1000).contains(size)) {
            return Err(fault::invalid_parameter(format!(
                "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."
            )));
        }
        let after = next_token
            .map(|token| {
                token.strip_prefix("after/").ok_or_else(|| {
                    AwsError::client("InvalidNextToken", format!("The token '{token}' is invalid"))
                })
            })
            .transpose()?;
        Ok(Self { after, size: max_results })
    }

    /// This page of `rows`, which come in the order of their ids, and the token for the next one if there is more.
    pub(super) fn cut<T>(&self, rows: impl Iterator<Item = (String, T)>) -> (Vec<T>, Option<String>) {
        let mut rows =
            rows.skip_while(|(id, _)| self.after.is_some_and(|after| id.as_str() <= after)).peekable();
        let (mut page, mut last) = (Vec::new(), None);
        while self.size.is_none_or(|size| page.len() < size) {
            let Some((id, row)) = rows.next() else { break };
            page.push(row);
            last = Some(id);
        }
        let more = rows.peek().is_some();
        (page, last.filter(|_| more).map(|id| format!("after/{id}")))
    }
}
