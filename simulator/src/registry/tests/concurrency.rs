//! Many clients at once.

use futures_util::future::join_all;
use http::{Method, StatusCode};

use super::super::Digest;
use super::{Fixture, answer};

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_pushes_of_one_layer_at_once_leave_one_layer() {
    let fixture = Fixture::new().await;
    let content: Vec<u8> = (0..5_000_000_u32).map(|index| (index % 251) as u8).collect();
    let digests = join_all((0..16).map(|_| fixture.upload(&content))).await;
    let digest = Digest::of(&content);
    assert!(digests.iter().all(|pushed| *pushed == digest));
    assert_eq!(super::crash::files_below(fixture.root.path()), [digest.hex()]);
    assert!(fixture.get(&format!("blobs/{digest}")).await.body == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_sent_at_once_are_taken_one_after_another() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    let part = vec![1; 500_000];
    let sent = join_all((0..8).map(|_| answer(fixture.request(Method::PATCH, &location).body(part.clone())))).await;
    let mut ends: Vec<String> = sent.iter().map(|answer| answer.header("range")).collect();
    ends.sort_by_key(String::len);
    let mut expected: Vec<_> = (1..=8).map(|count| format!("0-{}", count * part.len() - 1)).collect();
    ends.sort();
    expected.sort();
    assert_eq!(ends, expected);
    // All parts are the same, so their order cannot be seen; that none was torn can.
    let digest = Digest::of(&vec![1; 4_000_000]);
    let finishes = (0..4).map(|_| answer(fixture.request(Method::PUT, &format!("{location}?digest={digest}"))));
    let mut statuses: Vec<_> = join_all(finishes).await.iter().map(|answer| answer.status).collect();
    statuses.sort();
    let [created, missed] = [StatusCode::CREATED, StatusCode::NOT_FOUND];
    assert_eq!(statuses, [created, missed, missed, missed]);
}
