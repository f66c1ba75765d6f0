//! A zip archive of one executable file, the same bytes for the same content.
//!
//! See <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

use zopfli::{Format, Options};

/// The fields of both headers: deflated, no flags, and always 1 January 1980 (the format's epoch), so that the bytes do not
/// depend on the time of the build.
const VERSION: u16 = 20;
const FLAGS: u16 = 0;
const DEFLATED: u16 = 8;
const MIDNIGHT: u16 = 0;
const EPOCH: u16 = 1 << 5 | 1;
/// Made on Unix, so that the mode below applies.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// A regular file, `rwxr-xr-x`.
const MODE: u32 = 0o100_755 << 16;

/// The archive of `content` under `name`, executable.
pub(crate) fn of_executable(name: &str, content: &[u8]) -> Result<Vec<u8>, String> {
    let mut deflated = Vec::new();
    zopfli::compress(Options::default(), Format::Deflate, content, &mut deflated)
        .map_err(|error| format!("cannot compress {name}: {error}"))?;
    let file =
        File { name, crc: crc32(content), packed: size(deflated.len())?, unpacked: size(content.len())? };
    let mut archive = file.local_header();
    archive.extend(deflated);
    let directory = archive.len();
    archive.extend(file.central_header());
    let length = archive.len() - directory;
    archive.extend(end(size(length)?, size(directory)?));
    Ok(archive)
}

struct File<'a> {
    name: &'a str,
    crc: u32,
    packed: u32,
    unpacked: u32,
}

impl File<'_> {
    fn local_header(&self) -> Vec<u8> {
        [&b"PK\x03\x04"[..], &words(&[VERSION]), &self.common(), self.name.as_bytes()].concat()
    }

    fn central_header(&self) -> Vec<u8> {
        const NO_COMMENT_FIRST_DISK_BINARY: [u16; 3] = [0, 0, 0];
        const AT_THE_START: u32 = 0;
        [
            &b"PK\x01\x02"[..],
            &words(&[MADE_BY, VERSION]),
            &self.common(),
            &words(&NO_COMMENT_FIRST_DISK_BINARY),
            &MODE.to_le_bytes(),
            &AT_THE_START.to_le_bytes(),
            self.name.as_bytes(),
        ]
        .concat()
    }

    fn common(&self) -> Vec<u8> {
        const NO_EXTRA: u16 = 0;
        // Only ever "bootstrap".
        let name_length = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        [
            &words(&[FLAGS, DEFLATED, MIDNIGHT, EPOCH])[..],
            &self.crc.to_le_bytes(),
            &self.packed.to_le_bytes(),
            &self.unpacked.to_le_bytes(),
            &words(&[name_length, NO_EXTRA]),
        ]
        .concat()
    }
}

/// The end of the central directory: one disk, one entry, no comment.
fn end(length: u32, directory: u32) -> Vec<u8> {
    [&b"PK\x05\x06"[..], &words(&[0, 0, 1, 1]), &length.to_le_bytes(), &directory.to_le_bytes(), &words(&[0])]
        .concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn size(bytes: usize) -> Result<u32, String> {
    u32::try_from(bytes).map_err(|_| format!("{bytes} bytes are too many for a zip archive"))
}

fn crc32(content: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|byte| {
        let mut crc = u32::try_from(byte).unwrap_or_default();
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
        crc
    });
    !content.iter().fold(!0, |crc, byte| table[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn the_checksum_is_the_one_that_zip_uses() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn an_archive_contains_the_file_and_ends_with_the_record_of_the_format() {
        let content = b"#!/bin/sh\necho same same same same\n";
        let archive = of_executable("bootstrap", content).unwrap();
        assert_eq!(archive, of_executable("bootstrap", content).unwrap());
        let packed = u32::from_le_bytes(archive[18..22].try_into().unwrap()) as usize;
        let start = 30 + "bootstrap".len();
        let mut unpacked = Vec::new();
        DeflateDecoder::new(&archive[start..start + packed]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, content);
        assert_eq!(&archive[archive.len() - 22..][..4], b"PK\x05\x06");
    }
}
