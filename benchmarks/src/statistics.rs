//! Order statistics.

/// Sorted measurements.
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The smallest measurement that at least `share` of all do not exceed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank in a small sample"
        )]
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The steps of the cumulative distribution: each value with the share that does not exceed it.
    pub(crate) fn distribution(&self) -> Vec<(f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "a rank in a small sample")]
        let share = |rank: usize| rank as f64 / self.0.len() as f64;
        self.0.iter().enumerate().map(|(rank, value)| (*value, share(rank + 1))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_measurement() {
        let sample = Sample::new(vec![3.0, 1.0, 2.0, 4.0]);
        let quantiles = [0.0, 0.5, 0.9, 1.0].map(|share| sample.quantile(share).to_string());
        assert_eq!(quantiles, ["1", "2", "4", "4"]);
        assert_eq!(format!("{:?}", sample.distribution()[1]), "(2.0, 0.5)");
    }
}
