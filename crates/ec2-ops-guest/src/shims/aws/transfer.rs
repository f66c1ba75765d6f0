//! `aws s3 cp` and `aws s3 rm`.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::call::{Call, Location};
use super::s3::{S3, spooled_stdin};
use super::{Failure, complain, say};

/// Copies between the instance and S3, either way.
pub(super) fn copy(s3: &S3, call: &Call) -> Result<(), Failure> {
    let [from, to] = call.operands.as_slice() else {
        return Err(failed("cp takes two places"));
    };
    match (Location::parse(from), Location::parse(to)) {
        (None, Some(to)) if from == "-" => put(s3, call, "-", &spooled_stdin()?, &to),
        (None, Some(to)) => upload(s3, call, Path::new(from), &to),
        (Some(from), None) if to == "-" => {
            io::copy(&mut fatal(s3.get(&from))?, &mut io::stdout().lock())?;
            Ok(())
        }
        (Some(from), None) if call.recursive => download_all(s3, call, &from, Path::new(to)),
        (Some(from), None) => download(s3, call, &from, &target(Path::new(to), &from)),
        _ => Err(failed("cp takes one place in S3 and one on the instance")),
    }
}

/// Removes an object, or all under a prefix.
pub(super) fn remove(s3: &S3, call: &Call) -> Result<(), Failure> {
    let Some(at) = call.operands.first().and_then(|uri| Location::parse(uri)) else {
        return Err(failed("rm takes an S3 URI"));
    };
    let keys = if call.recursive {
        let listing = fatal(s3.list(&at, false))?;
        listing.objects.into_iter().map(|object| at.with_key(object.key)).collect()
    } else {
        vec![at]
    };
    each(call, &keys, |key| {
        s3.delete(key).map_err(|failure| prefixed(&format!("delete failed: {}", key.uri()), &failure))?;
        done(call, &format!("delete: {}", key.uri()))
    })
}

fn upload(s3: &S3, call: &Call, from: &Path, to: &Location) -> Result<(), Failure> {
    let missing = || Failure {
        text: format!("\nThe user-provided path {} does not exist.", from.display()),
        code: 255,
    };
    let kind = from.metadata().map_err(|_| missing())?;
    if !call.recursive {
        if kind.is_dir() {
            return Err(failed(&format!("{} is a directory: use --recursive", from.display())));
        }
        return put(s3, call, &from.display().to_string(), &File::open(from)?, &named_like(from, to));
    }
    let mut files = Vec::new();
    collect_files(from, &mut files)?;
    each(call, &files, |file| {
        let inside = file.strip_prefix(from).unwrap_or(file).to_string_lossy();
        let folder = if to.key.is_empty() || to.key.ends_with('/') { "" } else { "/" };
        let to = to.with_key(format!("{}{folder}{inside}", to.key));
        put(s3, call, &file.display().to_string(), &File::open(file)?, &to)
    })
}

fn put(s3: &S3, call: &Call, name: &str, body: &File, to: &Location) -> Result<(), Failure> {
    let name =
        if name == "-" || name.starts_with(['/', '.']) { name.to_owned() } else { format!("./{name}") };
    s3.put(to, body)
        .map_err(|failure| prefixed(&format!("upload failed: {name} to {}", to.uri()), &failure))?;
    done(call, &format!("upload: {name} to {}", to.uri()))
}

fn download_all(s3: &S3, call: &Call, from: &Location, to: &Path) -> Result<(), Failure> {
    let listing = fatal(s3.list(from, false))?;
    // Only a whole folder counts: `s3://b/run` does not copy `run2/x`.
    let folder = if from.key.is_empty() || from.key.ends_with('/') {
        from.key.clone()
    } else {
        format!("{}/", from.key)
    };
    let keys = listing.objects.into_iter().map(|object| object.key);
    let keys: Vec<String> = keys.filter(|key| key.starts_with(&folder) && !key.ends_with('/')).collect();
    each(call, &keys, |key| {
        let inside = Path::new(&key[folder.len()..]);
        if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(failed(&format!(
                "download failed: s3://{}/{key} would leave {}",
                from.bucket,
                to.display()
            )));
        }
        download(s3, call, &from.with_key(key.clone()), &to.join(inside))
    })
}

/// Into a file of another name first: an object that broke off must not pass for the whole.
fn download(s3: &S3, call: &Call, from: &Location, to: &Path) -> Result<(), Failure> {
    let mut body = fatal(s3.get(from))?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut name = to.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let partial = PathBuf::from(name);
    let written = File::create_new(&partial).and_then(|mut file| io::copy(&mut body, &mut file));
    if let Err(error) = written.and_then(|_| fs::rename(&partial, to)) {
        // It may not even have been created; the failure is reported in any case.
        let _ = fs::remove_file(&partial);
        return Err(failed(&format!("download failed: {} to {} {error}", from.uri(), to.display())));
    }
    done(call, &format!("download: {} to {}", from.uri(), to.display()))
}

/// Does it for each, says what failed, and fails if any did.
fn each<T>(call: &Call, items: &[T], act: impl Fn(&T) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut failures = items.iter().filter_map(|item| act(item).err()).peekable();
    if failures.peek().is_none() {
        return Ok(());
    }
    for failure in failures.filter(|_| !call.quiet) {
        complain(&failure.text);
    }
    Err(failed(""))
}

fn collect_files(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A key that is empty or ends with a slash gets the file's own name.
fn named_like(file: &Path, to: &Location) -> Location {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if to.key.is_empty() || to.key.ends_with('/') {
        to.with_key(format!("{}{name}", to.key))
    } else {
        to.clone()
    }
}

/// A directory gets a file with the key's last part as its name.
fn target(to: &Path, from: &Location) -> PathBuf {
    let name = from.key.rsplit('/').next().unwrap_or_default();
    if to.is_dir() || to.as_os_str().to_string_lossy().ends_with('/') { to.join(name) } else { to.to_owned() }
}

fn done(call: &Call, text: &str) -> Result<(), Failure> {
    if call.quiet || call.only_show_errors { Ok(()) } else { say(text) }
}

fn fatal<T>(result: Result<T, Failure>) -> Result<T, Failure> {
    result.map_err(|failure| Failure { text: format!("fatal error: {}", failure.text), ..failure })
}

fn prefixed(what: &str, failure: &Failure) -> Failure {
    Failure { text: format!("{what} {}", failure.text), code: failure.code }
}

fn failed(text: &str) -> Failure {
    Failure { text: text.to_owned(), code: 1 }
}
