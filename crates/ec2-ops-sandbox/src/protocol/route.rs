//! Routes: which action a request of a REST protocol is.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::message::Request;

/// One action of a REST protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// AWS's name of the action.
    pub(crate) action: &'static str,
    pub(crate) method: &'static str,
    /// The path, with `{Name}` for one segment and `{Name+}` for all that follow.
    pub(crate) path: &'static str,
    /// The query parameter or header that tells this action from others of the same method and path; may be empty.
    pub(crate) marker: &'static str,
}

/// A route that a request takes.
pub(crate) struct Found<'r> {
    pub(crate) action: &'static str,
    /// The segments for which the path has names, decoded, in their order.
    pub(crate) segments: Vec<Cow<'r, str>>,
}

impl Route {
    /// The route of `request`: the first that fits, so those with a marker stand before those without.
    pub(crate) fn find<'r>(routes: &[Self], request: &'r Request) -> Option<Found<'r>> {
        let uri = request.uri();
        let parameters = uri.query().into_iter().flat_map(|query| query.split('&'));
        let has = |marker: &str| {
            marker.is_empty()
                || request.headers().contains_key(marker)
                || parameters.clone().any(|pair| pair.split('=').next() == Some(marker))
        };
        routes
            .iter()
            .filter(|route| route.method == request.method().as_str())
            .filter(|route| has(route.marker))
            .find_map(|route| {
                Some(Found { action: route.action, segments: segments(route.path, uri.path())? })
            })
    }
}

/// The decoded segments of `path` that have names in `pattern`, if it fits.
fn segments<'p>(pattern: &str, path: &'p str) -> Option<Vec<Cow<'p, str>>> {
    let decoded = |text: &'p str| percent_decode_str(text).decode_utf8_lossy();
    let mut rest = path.strip_prefix('/')?;
    let mut segments = Vec::new();
    for wanted in pattern.split('/').skip(1).filter(|wanted| !wanted.is_empty()) {
        if rest.is_empty() {
            return None;
        }
        if wanted.ends_with("+}") {
            segments.push(decoded(rest));
            return Some(segments);
        }
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        if wanted.starts_with('{') {
            segments.push(decoded(segment));
        } else if wanted != segment {
            return None;
        }
        rest = after;
    }
    rest.is_empty().then_some(segments)
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn a_pattern_names_one_segment_or_the_rest() {
        for (pattern, path, expected) in [
            ("/", "/", Some(vec![])),
            ("/", "/bucket", None),
            ("/{Bucket}", "/bucket", Some(vec!["bucket"])),
            ("/{Bucket}", "/bucket/", Some(vec!["bucket"])),
            ("/{Bucket}", "/bucket/key", None),
            ("/{Bucket}/{Key+}", "/bucket", None),
            ("/{Bucket}/{Key+}", "/bucket/", None),
            ("/{Bucket}/{Key+}", "/bucket/a/b%20c", Some(vec!["bucket", "a/b c"])),
            ("/v1/functions/{Name}/invocations", "/v1/functions/a%3Ab/invocations", Some(vec!["a:b"])),
            ("/v1/functions/{Name}/invocations", "/v1/functions/a/urls", None),
        ] {
            assert_eq!(
                segments(pattern, path),
                expected.map(|e| e.into_iter().map(Into::into).collect()),
                "{path}"
            );
        }
    }
}
