//! `cargo ops` and `cargo test` share one build of their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use cargo_ops::{NOT_RUN, cargo};

/// The features of each dependency, by its name and version, in a build of `packages` with dependencies of the given `kinds`.
#[expect(clippy::unwrap_used, reason = "a part of the test")]
fn features(packages: &[String], kinds: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tree = ["tree", "--locked", "--offline", "--prefix=none", "--format={p}={f}", "--edges", kinds];
    let output = cargo().args(tree).args(packages).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut features: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (package, of_package) in
        lines.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('='))
    {
        // The same package may be built once for this machine and once for a macro, with other features.
        features.entry(package.to_owned()).or_default().insert(of_package.to_owned());
    }
    features
}

#[test]
fn what_the_tests_add_to_the_features_of_a_dependency_is_in_the_shared_features() {
    let excluded = ["cargo-ops"].into_iter().chain(NOT_RUN).map(|package| format!("--exclude={package}"));
    let run: Vec<_> = ["--workspace".to_owned()].into_iter().chain(excluded).collect();
    let run = features(&run, "normal,build");
    let tested = features(&["--workspace".to_owned()], "normal,build,dev");
    let differs = |(package, of_run): &(String, BTreeSet<String>)| !of_run.is_subset(&tested[package]);
    let differing: Vec<_> = run.into_iter().filter(differs).collect();
    assert_eq!(differing, [], "built by `cargo ops` with other features than by `cargo test`");
}
