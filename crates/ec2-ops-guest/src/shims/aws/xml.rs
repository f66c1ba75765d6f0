//! As much of XML as S3's flat answers need: elements without attributes, and the five entities.

/// The content of each `<tag>…</tag>`, in order. S3 nests no element in one of the same name.
pub(super) fn elements<'a>(xml: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let start = rest.find(&open)? + open.len();
        let end = start + rest[start..].find(&close)?;
        let content = &rest[start..end];
        rest = &rest[end + close.len()..];
        Some(content)
    })
}

/// The text of the first `<tag>`, or nothing.
pub(super) fn text(xml: &str, tag: &str) -> Option<String> {
    elements(xml, tag).next().map(unescape)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(';').map_or(rest.len(), |end| end + 1);
        match character(&rest[..end]) {
            Some(c) => out.push(c),
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "&amp;" => Some('&'),
        "&lt;" => Some('<'),
        "&gt;" => Some('>'),
        "&quot;" => Some('"'),
        "&apos;" => Some('\''),
        _ => {
            let number = entity.strip_prefix("&#")?.strip_suffix(';')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_unescaped() {
        let xml = "<R><K>a&amp;b</K><N>1</N><K>&lt;&#252;&#x1F600;&gt;</K></R>";
        let keys: Vec<String> = elements(xml, "K").map(unescape).collect();
        assert_eq!(keys, ["a&b", "<ü😀>"]);
        assert_eq!(text(xml, "Missing"), None);
    }

    #[test]
    fn what_is_no_entity_stays_as_it_is() {
        assert_eq!(unescape("a & b &unknown; &"), "a & b &unknown; &");
    }
}
