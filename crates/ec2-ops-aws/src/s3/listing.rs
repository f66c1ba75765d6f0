//! A page of ListObjectsV2. See <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// A page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) contents: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<String>,
}

/// An object in a page.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) key: Option<String>,
    pub(super) last_modified: Option<DateTime>,
    pub(super) size: Option<u64>,
}

impl Page {
    pub(super) fn read(body: &[u8]) -> Result<Self, XmlDecodeError> {
        let mut document = Document::try_from(body)?;
        let mut root = document.root_element()?;
        if !root.start_el().matches("ListBucketResult") {
            return Err(XmlDecodeError::custom(format!("the answer is a {}", root.start_el().local())));
        }
        let mut page = Self::default();
        while let Some(mut tag) = root.next_tag() {
            match tag.start_el().local() {
                "Contents" => page.contents.push(Listed::read(tag)?),
                "NextContinuationToken" => page.next = Some(try_data(&mut tag)?.into_owned()),
                _ => {}
            }
        }
        Ok(page)
    }
}

impl Listed {
    fn read(mut contents: ScopedDecoder<'_, '_>) -> Result<Self, XmlDecodeError> {
        let mut listed = Self::default();
        while let Some(mut tag) = contents.next_tag() {
            match tag.start_el().local() {
                "Key" => listed.key = Some(try_data(&mut tag)?.into_owned()),
                "LastModified" => {
                    let at = DateTime::from_str(try_data(&mut tag)?.as_ref(), Format::DateTimeWithOffset);
                    listed.last_modified = at.ok();
                }
                "Size" => listed.size = try_data(&mut tag)?.parse().ok(),
                _ => {}
            }
        }
        Ok(listed)
    }
}
