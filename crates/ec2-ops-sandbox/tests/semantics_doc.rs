//! Every test that `docs/semantics.md` names exists, and it names every safeguard that can be taken away.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fs;
use std::path::Path;

use ec2_ops_sandbox::simulation::Safeguard;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn page() -> String {
    fs::read_to_string(root().join("docs/semantics.md")).unwrap()
}

#[test]
fn every_test_that_the_page_names_exists() {
    let mut text = String::new();
    sources(&root().join("crates"), &mut text);
    let page = page();
    let words = page.split('`').skip(1).step_by(2);
    let names: Vec<_> = words.filter(|word| word.matches('_').count() > 2).collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        assert!(text.contains(&format!("fn {name}()")), "no test is called {name}");
    }
}

#[test]
fn the_page_names_every_safeguard() {
    let page = page();
    for (_, name) in Safeguard::ALL {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
