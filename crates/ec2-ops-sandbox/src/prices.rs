//! The prices of an execution, in us-east-1.

/// The memory of each function, in MB: Terraform's default.
pub const FUNCTION_MEMORY_MB: u32 = 256;

/// A price in dollars.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// The thing that is billed.
    pub what: &'static str,
    /// Dollars for [`units`](Self::units) of it.
    pub dollars: f64,
    /// The number of units that [`dollars`](Self::dollars) buy.
    pub units: f64,
    /// The same in words.
    pub per: &'static str,
    /// AWS's page that says so.
    pub page: &'static str,
}

impl Price {
    /// Dollars for `units` of it.
    pub fn of(&self, units: f64) -> f64 {
        self.dollars / self.units * units
    }
}

/// A state transition of a standard state machine.
pub const STATE_TRANSITION: Price = Price {
    what: "state transition, retries included",
    dollars: 0.025,
    units: 1_000.0,
    per: "1,000",
    page: "https://aws.amazon.com/step-functions/pricing/",
};

/// A gigabyte-second of a function. See [`gb_seconds`].
pub const GB_SECOND: Price = Price {
    what: "Lambda time, arm64, initialisation included",
    dollars: 0.000_013_333_4,
    units: 1.0,
    per: "GB-second",
    page: "https://aws.amazon.com/lambda/pricing/",
};

/// An invocation of a function.
pub const REQUEST: Price = Price {
    what: "Lambda request",
    dollars: 0.20,
    units: 1_000_000.0,
    per: "1,000,000",
    page: "https://aws.amazon.com/lambda/pricing/",
};

/// An hour of the smallest instance, on demand.
pub const INSTANCE_HOUR: Price = Price {
    what: "t4g.nano on demand",
    dollars: 0.0042,
    units: 1.0,
    per: "hour",
    page: "https://aws.amazon.com/ec2/pricing/on-demand/",
};

/// Gigabyte-seconds of a function that is busy for so many seconds.
pub fn gb_seconds(busy_seconds: f64) -> f64 {
    busy_seconds * f64::from(FUNCTION_MEMORY_MB) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::FUNCTION_MEMORY_MB;

    #[test]
    fn the_memory_is_what_terraform_deploys() {
        let variables = include_str!("../../../terraform/variables.tf");
        let default = variables.lines().find(|line| line.trim_start().starts_with("memory_mb ")).unwrap();
        assert!(default.contains(&format!("optional(number, {FUNCTION_MEMORY_MB})")), "{default}");
    }
}
