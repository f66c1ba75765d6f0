//! The parts of a release, made from executables that are not built but written down.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::archive::tests::unpacked;
use crate::lambda::tests::executable;
use crate::zip;

/// A directory with all zips and `functions.json`.
fn with_functions() -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    for architecture in Architecture::ALL {
        for lambda in &LAMBDAS {
            let zip = zip::of_executable("bootstrap", &executable(architecture)).unwrap();
            fs::write(out.path().join(architecture.zip_name(lambda.name)), zip).unwrap();
        }
    }
    manifest(out.path()).unwrap().write(out.path()).unwrap();
    out
}

#[test]
fn the_module_has_all_that_terraform_reads_and_nothing_of_this_machine() {
    let out = with_functions();
    module::archive(out.path()).unwrap();
    let archive = unpacked(&fs::read(out.path().join("terraform-aws-ec2-ops.tar.gz")).unwrap());
    for needed in ["versions.tf", "variables.tf", "README.md", "LICENSE", "modules/network/main.tf"] {
        assert!(archive.contains_key(needed), "{needed} is missing");
    }
    let strange = archive.keys().filter(|path| path.contains(".terraform") || path.contains("tfstate"));
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<&String>::new());

    let manifest: Value = serde_json::from_slice(&archive["functions/functions.json"].1).unwrap();
    assert_eq!(manifest["release"], concat!("v", env!("CARGO_PKG_VERSION")));
    let functions = manifest["functions"].as_array().unwrap();
    let listed: BTreeSet<_> = functions
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["architecture"].as_str().unwrap()))
        .collect();
    assert_eq!(listed.len(), 10);
    for function in functions {
        let [name, architecture, hash] =
            ["name", "architecture", "code_sha256"].map(|field| function[field].as_str().unwrap());
        let (_, zip) = &archive[&format!("functions/{name}-{architecture}.zip")];
        assert_eq!(hash, base64_simd::STANDARD.encode_to_string(Sha256::digest(zip)));
    }
}

#[test]
fn a_module_with_a_function_missing_is_refused() {
    let out = with_functions();
    fs::remove_file(out.path().join("Commander-arm64.zip")).unwrap();
    let error = module::archive(out.path()).unwrap_err();
    assert!(error.contains("has not all zips"), "{error}");
}

#[test]
fn the_sums_are_those_that_sha256sum_checks() {
    let out = with_functions();
    sums(out.path(), "- notes\n").unwrap();
    let check = || {
        Command::new("sha256sum")
            .args(["--check", "--quiet", "SHA256SUMS"])
            .current_dir(out.path())
            .output()
            .unwrap()
    };
    assert!(check().status.success(), "{}", text(&check()));
    let listed = fs::read_to_string(out.path().join("SHA256SUMS")).unwrap();
    assert_eq!(listed.lines().count() + 1, files::names(out.path()).unwrap().len(), "{listed}");
    fs::write(out.path().join("Commander-arm64.zip"), "another").unwrap();
    assert!(!check().status.success());
}

/// Runs the installer of the release in `out`, with `home` as home directory.
fn install(out: &Path, home: &Path) -> Output {
    Command::new("sh")
        .arg(out.join("install.sh"))
        .env("EC2_OPS_FROM", format!("file://{}", out.display()))
        .env("HOME", home)
        .output()
        .unwrap()
}

#[test]
fn the_installer_installs_the_command_with_its_functions() {
    let (out, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    command::tests::of_scripts(out.path());
    sums(out.path(), "").unwrap();
    for _again in 0..2 {
        let installed = install(out.path(), home.path());
        assert!(installed.status.success(), "{}", text(&installed));
        assert!(text(&installed).contains("installed ec2-ops 0.0.0 as"), "{}", text(&installed));
    }
    let command = fs::canonicalize(home.path().join(".local/bin/ec2-ops")).unwrap();
    for lambda in &LAMBDAS {
        assert!(command.with_file_name(lambda.package).exists(), "{} is not beside it", lambda.package);
    }
}

#[test]
fn the_installer_refuses_an_archive_with_another_hash() {
    let (out, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    command::tests::of_scripts(out.path());
    sums(out.path(), "").unwrap();
    for name in files::names(out.path()).unwrap().into_iter().filter(|name| name.ends_with(".tar.gz")) {
        fs::write(out.path().join(name), "another").unwrap();
    }
    let refused = install(out.path(), home.path());
    assert!(!refused.status.success());
    assert!(text(&refused).contains("SHA256SUMS says"), "{}", text(&refused));
    assert!(!home.path().join(".local").exists());
}

#[test]
fn a_release_without_its_tag_is_refused() {
    let error = tag::require("9.9.9").unwrap_err();
    assert_eq!(error, "HEAD does not carry the tag v9.9.9; to only try a release: --dry-run");
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}
