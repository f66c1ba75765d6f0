//! The bill of materials of an executable, in CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>.
//!
//! The packages are those that `cargo auditable` wrote into the executable, so the document lists what is really linked. Their
//! licences are read from the manifests, their hashes from `Cargo.lock`. The document has no serial number and no time, which
//! would make each build different.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read as _;

use auditable_extract::raw_auditable_data;
use cargo_ops::cargo;
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::files;

/// The list in an executable: <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>.
#[derive(Deserialize)]
struct Linked {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// `crates.io`, `local`, and others that `deny.toml` does not allow.
    source: String,
    /// `build` if it is not in the executable itself.
    kind: Option<String>,
    /// Places in the list.
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

/// What an executable does not say about its packages, by name and version.
pub(crate) struct Packages {
    licences: BTreeMap<(String, String), String>,
    hashes: BTreeMap<(String, String), String>,
}

impl Packages {
    pub(crate) fn read() -> Result<Self, String> {
        let root = files::root();
        let output = cargo()
            .args(["metadata", "--locked", "--format-version", "1"])
            .current_dir(&root)
            .output()
            .map_err(|error| format!("cannot start cargo metadata: {error}"))?;
        if !output.status.success() {
            return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(Self {
            licences: licences(&output.stdout)?,
            hashes: hashes(&files::read_text(&root.join("Cargo.lock"))?),
        })
    }
}

fn licences(metadata: &[u8]) -> Result<BTreeMap<(String, String), String>, String> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Described>,
    }
    #[derive(Deserialize)]
    struct Described {
        name: String,
        version: String,
        license: Option<String>,
    }
    let metadata: Metadata = serde_json::from_slice(metadata)
        .map_err(|error| format!("cargo metadata is not as expected: {error}"))?;
    let licensed = metadata.packages.into_iter().filter_map(|package| {
        // Before SPDX, alternatives were separated by a slash.
        Some(((package.name, package.version), package.license?.replace('/', " OR ")))
    });
    Ok(licensed.collect())
}

/// The checksums of a lock file, which are SHA-256. Cargo writes one field a line, the name first.
fn hashes(lock: &str) -> BTreeMap<(String, String), String> {
    let mut hashes = BTreeMap::new();
    let (mut name, mut version) = (String::new(), String::new());
    for line in lock.lines() {
        match line.split_once(" = ").map(|(field, value)| (field, value.trim_matches('"').to_owned())) {
            Some(("name", value)) => name = value,
            Some(("version", value)) => version = value,
            Some(("checksum", value)) => {
                hashes.insert((name.clone(), version.clone()), value);
            }
            _ => {}
        }
    }
    hashes
}

/// The document of an executable that `cargo auditable` has built.
pub(crate) fn of(name: &str, executable: &[u8], packages: &Packages) -> Result<Vec<u8>, String> {
    let unlisted = |error: &dyn Display| format!("{name} does not list its packages: {error}");
    let compressed = raw_auditable_data(executable).map_err(|error| unlisted(&error))?;
    let mut list = Vec::new();
    ZlibDecoder::new(compressed).read_to_end(&mut list).map_err(|error| unlisted(&error))?;
    let linked: Linked = serde_json::from_slice(&list).map_err(|error| unlisted(&error))?;
    let mut text =
        serde_json::to_vec_pretty(&document(&linked, packages)).map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(text)
}

fn document(linked: &Linked, packages: &Packages) -> Value {
    let (roots, others): (Vec<_>, Vec<_>) = linked.packages.iter().partition(|package| package.root);
    let dependencies: Vec<_> = linked
        .packages
        .iter()
        .map(|package| {
            let needs =
                package.dependencies.iter().filter_map(|&index| linked.packages.get(index)).map(reference);
            json!({"ref": reference(package), "dependsOn": needs.collect::<Vec<_>>()})
        })
        .collect();
    let components: Vec<_> =
        others.into_iter().map(|package| component("library", package, packages)).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": roots.first().map(|root| component("application", root, packages))},
        "components": components,
        "dependencies": dependencies,
    })
}

fn component(kind: &str, package: &Package, packages: &Packages) -> Value {
    let key = (package.name.clone(), package.version.clone());
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
    });
    if package.kind.as_deref() == Some("build") {
        component["scope"] = "excluded".into();
    }
    if let Some(licence) = packages.licences.get(&key) {
        component["licenses"] = json!([{"expression": licence}]);
    }
    if let Some(hash) = packages.hashes.get(&key) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": hash}]);
    }
    if package.source == "crates.io" {
        let version = package.version.replace('+', "%2B");
        component["purl"] = format!("pkg:cargo/{}@{version}", package.name).into();
    }
    component
}

fn reference(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "\
[[package]]
name = \"ours\"
version = \"0.1.0\"

[[package]]
name = \"theirs\"
version = \"1.2.3+4\"
checksum = \"abcd\"
";
    const METADATA: &[u8] =
        br#"{"packages": [{"name": "theirs", "version": "1.2.3+4", "license": "MIT/Apache-2.0"}]}"#;
    const LINKED: &str = r#"{"packages": [
        {"name": "ours", "version": "0.1.0", "source": "local", "dependencies": [1], "root": true},
        {"name": "theirs", "version": "1.2.3+4", "source": "crates.io", "kind": "build"}]}"#;

    #[test]
    fn a_document_says_of_each_package_what_the_scanners_need() {
        let packages = Packages { licences: licences(METADATA).unwrap(), hashes: hashes(LOCK) };
        let document = document(&serde_json::from_str(LINKED).unwrap(), &packages);
        assert_eq!(document["metadata"]["component"]["name"], "ours");
        assert_eq!(
            document["components"],
            json!([{
                "type": "library",
                "bom-ref": "theirs@1.2.3+4",
                "name": "theirs",
                "version": "1.2.3+4",
                "scope": "excluded",
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": "abcd"}],
                "purl": "pkg:cargo/theirs@1.2.3%2B4",
            }])
        );
        assert_eq!(
            document["dependencies"][0],
            json!({"ref": "ours@0.1.0", "dependsOn": ["theirs@1.2.3+4"]})
        );
    }

    #[test]
    fn an_executable_without_a_list_of_packages_is_refused() {
        let packages = Packages { licences: BTreeMap::new(), hashes: BTreeMap::new() };
        let error = of("bootstrap", b"not built by cargo auditable", &packages).unwrap_err();
        assert!(error.starts_with("bootstrap does not list its packages"), "{error}");
    }
}
