//! A token bucket, on tokio's clock.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket's size, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that a full bucket holds.
    pub burst: u32,
    /// Tokens added per second.
    pub per_second: u32,
}

impl Rate {
    /// A bucket of `burst` tokens, filled by `per_second` each second.
    pub const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst, per_second }
    }
}

/// A token bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    since: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(rate: Rate) -> Self {
        Self { rate, tokens: rate.burst.into(), since: Instant::now() }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self) -> bool {
        self.fill();
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }

    /// Takes a token, in advance if need be. Returns how long to wait for it.
    pub(crate) fn reserve(&mut self) -> Duration {
        self.fill();
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens).max(0.0) / f64::from(self.rate.per_second))
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let added = (now - self.since).as_secs_f64() * f64::from(self.rate.per_second);
        self.tokens = (self.tokens + added).min(self.rate.burst.into());
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket) -> usize {
        std::iter::repeat_with(|| bucket.take()).take_while(|there| *there).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_its_burst_and_then_what_flows_in() {
        let mut bucket = Bucket::full(Rate::new(5, 2));
        assert_eq!(taken(&mut bucket), 5);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(taken(&mut bucket), 3);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(taken(&mut bucket), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reserved_token_is_waited_for() {
        let mut bucket = Bucket::full(Rate::new(1, 2));
        assert_eq!(bucket.reserve(), Duration::ZERO);
        assert_eq!(bucket.reserve(), Duration::from_millis(500));
        assert_eq!(bucket.reserve(), Duration::from_secs(1));
    }
}
