//! The quotas of vCPUs: how many an account may use at once in a region, by families of instance types and by market.
//!
//! See <https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html>. The codes are those of
//! `aws service-quotas list-service-quotas --service-code ec2`, and the same in every account.

/// The families that count towards one quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaGroup {
    /// As the quota's name has it.
    name: &'static str,
    /// What the names of its families begin with.
    prefixes: &'static [&'static str],
    on_demand: &'static str,
    /// `None`: they are not sold on the Spot market.
    spot: Option<&'static str>,
}

/// All families without a group of their own.
const STANDARD: QuotaGroup =
    group("Standard (A, C, D, H, I, M, R, T, Z)", &[], "L-1216C47A", Some("L-34B43A08"));

const GROUPS: [QuotaGroup; 9] = [
    group("DL", &["dl"], "L-6E869C2A", Some("L-85EED4F7")),
    group("F", &["f"], "L-74FC7D96", Some("L-88CF9481")),
    group("G and VT", &["g", "vt"], "L-DB2E81BA", Some("L-3819A6DF")),
    group("HPC", &["hpc"], "L-F7808C92", None),
    group("High Memory", &["u"], "L-43DA4232", None),
    group("Inf", &["inf"], "L-1945791B", Some("L-B5D1601B")),
    group("P", &["p"], "L-417A185B", Some("L-7212CCBC")),
    group("Trn", &["trn"], "L-2C3B7624", Some("L-6B0D517C")),
    group("X", &["x"], "L-7295265B", Some("L-E3A00192")),
];

const fn group(
    name: &'static str,
    prefixes: &'static [&'static str],
    on_demand: &'static str,
    spot: Option<&'static str>,
) -> QuotaGroup {
    QuotaGroup { name, prefixes, on_demand, spot }
}

impl QuotaGroup {
    /// The group that the instance type counts towards.
    pub fn of(instance_type: &str) -> Self {
        let has = |group: &QuotaGroup| group.prefixes.iter().any(|prefix| instance_type.starts_with(prefix));
        GROUPS.into_iter().find(has).unwrap_or(STANDARD)
    }

    /// The group whose quota on demand, or on Spot, has that code, and whether it is the one on Spot.
    pub fn with_code(code: &str) -> Option<(Self, bool)> {
        let all = GROUPS.into_iter().chain([STANDARD]);
        all.flat_map(|group| [(group, false), (group, true)])
            .find(|(group, spot)| group.code(*spot) == Some(code))
    }

    /// The code of its quota on Spot or on demand.
    pub fn code(self, spot: bool) -> Option<&'static str> {
        if spot { self.spot } else { Some(self.on_demand) }
    }

    /// The name of its quota in Service Quotas.
    pub fn quota_name(self, spot: bool) -> String {
        if spot {
            format!("All {} Spot Instance Requests", self.name)
        } else {
            format!("Running On-Demand {} instances", self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accelerated_families_have_quotas_of_their_own() {
        for (name, on_demand, spot) in [
            ("t4g.nano", "L-1216C47A", Some("L-34B43A08")),
            ("i7i.large", "L-1216C47A", Some("L-34B43A08")),
            ("g6.xlarge", "L-DB2E81BA", Some("L-3819A6DF")),
            ("inf2.xlarge", "L-1945791B", Some("L-B5D1601B")),
            ("u7i-6tb.112xlarge", "L-43DA4232", None),
            ("hpc7g.4xlarge", "L-F7808C92", None),
            ("h1.2xlarge", "L-1216C47A", Some("L-34B43A08")),
        ] {
            let group = QuotaGroup::of(name);
            assert_eq!((group.code(false), group.code(true)), (Some(on_demand), spot), "{name}");
            assert_eq!(QuotaGroup::with_code(on_demand), Some((group, false)));
        }
        assert_eq!(QuotaGroup::with_code("L-00000000"), None);
    }
}
