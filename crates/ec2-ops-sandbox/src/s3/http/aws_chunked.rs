//! The `aws-chunked` content coding, in which SDKs upload bodies that carry trailing checksums.
//! See <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.

use bytes::{Bytes, BytesMut};

/// A decoded body and the headers that trailed it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) body: Bytes,
    pub(super) trailers: Vec<(String, String)>,
}

/// Decodes a whole body in place, so that a large upload is held once. Chunk signatures are not checked.
pub(super) fn decode(mut raw: BytesMut) -> Result<Decoded, String> {
    let (mut read, mut written) = (0, 0);
    loop {
        let (line, next) = line(&raw, read)?;
        let size = chunk_size(line)?;
        if size == 0 {
            let trailers = trailers(&raw, next)?;
            raw.truncate(written);
            return Ok(Decoded { body: raw.freeze(), trailers });
        }
        let end = next
            .checked_add(size)
            .filter(|end| raw.get(*end..).is_some_and(|rest| rest.starts_with(b"\r\n")));
        let end = end.ok_or_else(|| format!("a chunk of {size} bytes does not end where it should"))?;
        raw.copy_within(next..end, written);
        written += size;
        read = end + 2;
    }
}

/// The line that begins at `from`, and where the next one begins.
fn line(raw: &[u8], from: usize) -> Result<(&str, usize), String> {
    let rest = raw.get(from..).unwrap_or_default();
    let length = rest.windows(2).position(|pair| pair == b"\r\n").ok_or("the body ends within a line")?;
    let line = std::str::from_utf8(&rest[..length]).map_err(|_| "a line of the coding is not text")?;
    Ok((line, from + length + 2))
}

/// `10000` or `10000;chunk-signature=…`: the size is hexadecimal.
fn chunk_size(line: &str) -> Result<usize, String> {
    let digits = line.split(';').next().unwrap_or_default();
    usize::from_str_radix(digits, 16)
        .map_err(|_| format!("{digits:?} is not the hexadecimal size of a chunk"))
}

/// `name:value` lines up to an empty one or the end.
fn trailers(raw: &[u8], mut from: usize) -> Result<Vec<(String, String)>, String> {
    let mut trailers = Vec::new();
    while from < raw.len() {
        let (line, next) = line(raw, from)?;
        if line.is_empty() {
            break;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("the trailer {line:?} has no colon"))?;
        trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        from = next;
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(chunks: &[Vec<u8>], extension: &str, trailer: &str) -> BytesMut {
        let mut raw = BytesMut::new();
        for chunk in chunks {
            raw.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            raw.extend_from_slice(chunk);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(format!("0{extension}\r\n{trailer}\r\n").as_bytes());
        raw
    }

    #[test]
    fn chunks_and_their_trailer_are_taken_apart() {
        let raw = encode(&[b"hello ".to_vec(), b"world".to_vec()], "", "x-amz-checksum-crc32: DUoRhQ==\r\n");
        let expected = Decoded {
            body: Bytes::from_static(b"hello world"),
            trailers: vec![("x-amz-checksum-crc32".into(), "DUoRhQ==".into())],
        };
        assert_eq!(decode(raw), Ok(expected));
    }

    #[test]
    fn a_truncated_body_is_refused() {
        let whole = encode(&[b"hello".to_vec()], "", "");
        for length in 0..whole.len() - 2 {
            assert!(decode(BytesMut::from(&whole[..length])).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_chunk_of_absurd_size_is_refused() {
        for size in (usize::MAX - 40)..=usize::MAX {
            let raw = BytesMut::from(format!("{size:x}\r\nx\r\n0\r\n\r\n").as_bytes());
            assert!(decode(raw).unwrap_err().contains("does not end"));
        }
    }

    proptest! {
        #[test]
        fn whatever_was_encoded_is_decoded(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6),
            signed in any::<bool>(),
        ) {
            let decoded = decode(encode(&chunks, if signed { ";chunk-signature=0a" } else { "" }, "")).unwrap();
            prop_assert_eq!(decoded.body, chunks.concat());
        }

        #[test]
        fn no_input_makes_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(BytesMut::from(&raw[..]));
        }
    }
}
