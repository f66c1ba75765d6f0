//! Every test that `docs/semantics.md` and `docs/failures.md` name exists, every row names one, and every safeguard that
//! can be taken away is named.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should fail")]

use std::fs;
use std::path::Path;

use ec2_ops_simulation::simulate::Safeguard;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The text of every test below `directory`, in Rust or in Terraform's language.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "hcl") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn page_of(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// What `text` has in backticks and is the name of a test.
fn tests_in(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    words.filter(|word| word.matches('_').count() > 2).collect()
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let mut text = String::new();
    for directory in ["crates", "tests", "terraform"].map(|name| root().join(name)) {
        if directory.exists() {
            sources(&directory, &mut text);
        }
    }
    for page in ["semantics.md", "failures.md"].map(page_of) {
        for name in tests_in(&page) {
            let exists = [format!("fn {name}()"), format!("run \"{name}\"")];
            assert!(exists.iter().any(|declaration| text.contains(declaration)), "no test is called {name}");
        }
    }
}

/// The rows of the tables of `page`, and the entries of its lists.
fn claims(page: &str) -> Vec<String> {
    let mut claims: Vec<String> = Vec::new();
    for line in page.lines() {
        match claims.last_mut() {
            // What stands above the rule is a heading.
            Some(_) if line.starts_with("|---") => drop(claims.pop()),
            Some(claim) if line.starts_with("  ") => claim.push_str(line),
            _ if line.starts_with("| ") || line.starts_with("- ") => claims.push(line.to_owned()),
            _ => {}
        }
    }
    claims
}

#[test]
fn every_claim_names_a_test() {
    for (page, least) in [("semantics.md", 20), ("failures.md", 31)] {
        let page = page_of(page);
        let claims = claims(&page);
        assert!(claims.len() >= least, "{claims:?}");
        for claim in claims {
            assert!(!tests_in(&claim).is_empty(), "{claim}");
        }
    }
}

#[test]
fn the_page_names_every_safeguard() {
    let page = page_of("semantics.md");
    for (_, name) in Safeguard::ALL {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
