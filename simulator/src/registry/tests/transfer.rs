//! However a layer is cut up on its way, the same layer arrives.

use std::io::Write as _;
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use proptest::prelude::*;

use super::super::Digest;
use super::{Fixture, answer};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Random bytes, cut at random places into requests and each of these into chunks, come back whole.
    #[test]
    fn any_chunking_gives_the_same_layer(
        content in proptest::collection::vec(any::<u8>(), 0..200_000),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>(), 1_usize..50_000), 0..6),
        last_part_with_the_digest in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let fixture = Fixture::new().await;
            let mut places: Vec<_> = cuts.iter().map(|(at, ranged, chunk)| (at.index(content.len() + 1), *ranged, *chunk)).collect();
            places.push((content.len(), true, 4096));
            places.sort();
            let location = fixture.begin_upload().await;
            let digest = Digest::of(&content);
            let mut start = 0;
            for (index, (end, ranged, chunk)) in places.iter().copied().enumerate() {
                let part = &content[start..end];
                let last = index + 1 == places.len() && last_part_with_the_digest;
                let request = match last {
                    true => fixture.request(Method::PUT, &format!("{location}?digest={digest}")),
                    false => fixture.request(Method::PATCH, &location),
                };
                let request = match ranged && start < end {
                    true => request.header("content-range", format!("{start}-{}", end - 1)),
                    false => request,
                };
                let chunks: Vec<_> = part.chunks(chunk).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
                let sent = answer(request.body(reqwest::Body::wrap_stream(futures_util::stream::iter(chunks)))).await;
                sent.expect(if last { StatusCode::CREATED } else { StatusCode::ACCEPTED });
                start = end;
            }
            if !last_part_with_the_digest {
                let put = fixture.request(Method::PUT, &format!("{location}?digest={digest}"));
                answer(put).await.expect(StatusCode::CREATED);
            }
            assert!(fixture.get(&format!("blobs/{digest}")).await.body == content);
        });
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_a_dropped_connection_left_it() {
    let fixture = Fixture::new().await;
    let content: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    let location = fixture.begin_upload().await;
    let credentials = STANDARD.encode(format!("AWS:{}", fixture.password));
    let mut connection = TcpStream::connect(fixture.registry.address()).expect("a connection");
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nhost: registry\r\nauthorization: Basic {credentials}\r\ncontent-length: {}\r\n\r\n",
        content.len()
    );
    connection.write_all(head.as_bytes()).expect("the head is sent");
    connection.write_all(&content[..2_000_000]).expect("a part is sent");
    drop(connection);
    // The status waits for the part that is still being written, so one look is enough.
    let received = loop {
        let range = fixture.get(&location).await.header("range");
        let last: usize = range.strip_prefix("0-").expect("a range from 0").parse().expect("a number");
        if last > 0 {
            break last + 1;
        }
    };
    assert_eq!(received, 2_000_000);
    let rest = fixture.request(Method::PATCH, &location);
    let rest =
        rest.header("content-range", format!("{received}-{}", content.len() - 1)).body(content[received..].to_vec());
    answer(rest).await.expect(StatusCode::ACCEPTED);
    let digest = Digest::of(&content);
    answer(fixture.request(Method::PUT, &format!("{location}?digest={digest}"))).await.expect(StatusCode::CREATED);
    assert!(fixture.get(&format!("blobs/{digest}")).await.body == content);
}
