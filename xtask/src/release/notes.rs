//! The notes of a release are its section of the changelog.

/// The section of what is in no release yet.
pub(super) const UNRELEASED: &str = "Unreleased";

/// The section of `version`, without its heading.
pub(super) fn section(changelog: &str, version: &str) -> Result<String, String> {
    let heading = format!("## [{version}]");
    let mut lines = changelog.lines().skip_while(|line| !line.starts_with(&heading));
    if lines.next().is_none() {
        return Err(format!("CHANGELOG.md has no section \"{heading}\""));
    }
    let section: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Ok(format!("{}\n", section.join("\n").trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str =
        "# Changelog\n\n## [0.2.0] - 2026-12-01\n\n- more\n\n### Fixed\n\n- less\n\n## [0.1.0]\n\n- first\n";

    #[test]
    fn a_section_ends_where_the_next_begins() {
        assert_eq!(section(CHANGELOG, "0.2.0").unwrap(), "- more\n\n### Fixed\n\n- less\n");
        assert_eq!(section(CHANGELOG, "0.1.0").unwrap(), "- first\n");
    }

    #[test]
    fn a_version_without_a_section_is_refused() {
        assert_eq!(section(CHANGELOG, "0.3.0").unwrap_err(), "CHANGELOG.md has no section \"## [0.3.0]\"");
    }
}
