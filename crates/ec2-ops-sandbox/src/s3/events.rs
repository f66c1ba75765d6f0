//! The event of a new object, as S3 sends it to EventBridge.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::S3;
use super::object::Object;
use crate::Event;

/// The call that made an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    PutObject,
    CopyObject,
    CompleteMultipartUpload,
}

impl S3 {
    /// Publishes `Object Created`. Every bucket does, as one of AWS does once EventBridge is switched on for it. See
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>.
    pub(super) fn announce(&self, bucket: &str, key: &str, object: &Object, reason: Reason) {
        // The bucket may be gone by now; so is its event.
        let Ok(described) = self.head_bucket(bucket) else { return };
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let account = &self.platform.account_id;
        self.platform.events.publish(&Event {
            source: "aws.s3".to_owned(),
            detail_type: "Object Created".to_owned(),
            region: described.region,
            resources: vec![format!("arn:aws:s3:::{bucket}")],
            detail: json!({
                "version": "0",
                "bucket": { "name": bucket },
                "object": {
                    "key": key,
                    "size": object.body.len(),
                    "etag": object.e_tag,
                    "sequencer": format!("{number:018X}"),
                },
                "request-id": format!("{number:016X}"),
                "requester": account,
                "source-ip-address": "127.0.0.1",
                "reason": format!("{reason:?}"),
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use crate::lock::lock;
    use crate::s3::testing::account;

    #[tokio::test(start_paused = true)]
    async fn a_new_object_is_announced_with_its_key_as_it_is() {
        let s3 = account();
        s3.create_bucket("inputs", "eu-west-1").unwrap();
        let events = Arc::<Mutex<Vec<_>>>::default();
        let sink = Arc::clone(&events);
        s3.platform.events.subscribe(move |event| lock(&sink).push(event.clone()));
        let key = "new/it's \"a\" $(key)\n+é.csv";
        s3.put_object("inputs", key, "abc").unwrap();
        s3.put_object("inputs", key, "abc").unwrap();
        let [first, second] = &lock(&events)[..] else { panic!("two events") };
        assert_eq!((first.source.as_str(), first.detail_type.as_str()), ("aws.s3", "Object Created"));
        assert_eq!((first.region.as_str(), &first.detail["object"]["key"]), ("eu-west-1", &key.into()));
        assert_eq!(
            (&first.detail["reason"], &first.detail["object"]["size"]),
            (&"PutObject".into(), &3.into())
        );
        assert_ne!(first.detail["request-id"], second.detail["request-id"]);
    }
}
