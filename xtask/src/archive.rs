//! A `.tar.gz` archive, the same bytes for the same content.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// What `install.sh`, cargo-binstall and Terraform unpack.
#[derive(Default)]
pub(crate) struct Archive {
    entries: Vec<Entry>,
}

struct Entry {
    path: String,
    executable: bool,
    content: Vec<u8>,
}

impl Archive {
    pub(crate) fn file(&mut self, path: impl Into<String>, content: Vec<u8>) {
        self.entries.push(Entry { path: path.into(), executable: false, content });
    }

    pub(crate) fn executable(&mut self, path: impl Into<String>, content: Vec<u8>) {
        self.entries.push(Entry { path: path.into(), executable: true, content });
    }

    /// The archive, with its files in the order of their names.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, String> {
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        self.pack().map_err(|error| format!("cannot pack an archive: {error}"))
    }

    fn pack(self) -> std::io::Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        for Entry { path, executable, content } in self.entries {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if executable { 0o755 } else { 0o644 });
            header.set_size(content.len() as u64);
            // Owner root, and the epoch as time, so that neither who builds nor when leaves a trace.
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            tar.append_data(&mut header, path, content.as_slice())?;
        }
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        gzip.write_all(&tar.into_inner()?)?;
        gzip.finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use super::*;

    /// The files of an archive: mode and content, by path.
    pub(crate) fn unpacked(archive: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(flate2::read::GzDecoder::new(archive)).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mode = entry.header().mode().unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(path, (mode, content));
        }
        files
    }

    #[test]
    fn an_archive_is_the_same_whatever_the_order_of_its_files() {
        let mut one = Archive::default();
        one.executable("a", b"program".to_vec());
        one.file("b/c", b"text".to_vec());
        let mut other = Archive::default();
        other.file("b/c", b"text".to_vec());
        other.executable("a", b"program".to_vec());
        let archive = one.finish().unwrap();
        assert_eq!(archive, other.finish().unwrap());
        let expected = [("a", (0o755, b"program".to_vec())), ("b/c", (0o644, b"text".to_vec()))];
        assert_eq!(unpacked(&archive), expected.map(|(path, file)| (path.to_owned(), file)).into());
    }
}
