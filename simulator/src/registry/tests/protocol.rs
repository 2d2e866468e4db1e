//! Edges of the protocol that no polite client meets.

use std::time::Duration;

use http::{Method, StatusCode};

use super::super::Digest;
use super::{Fixture, answer};

/// Sends one part of an upload with a `Content-Range`.
async fn patch(fixture: &Fixture, location: &str, range: &str, content: &[u8]) -> super::Answer {
    let request = fixture.request(Method::PATCH, location).header("content-range", range);
    answer(request.body(content.to_vec())).await
}

#[tokio::test]
async fn whoever_shows_no_credentials_is_challenged() {
    let fixture = Fixture::new().await;
    for path in ["/v2/", "/v2/news/api/tags/list", "/v2/absent/manifests/v1"] {
        let refused = answer(fixture.http.get(fixture.url(path))).await;
        refused.expect_refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized");
        let challenge =
            "Basic realm=\"https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/\",service=\"ecr.amazonaws.com\"";
        assert_eq!(refused.header("www-authenticate"), challenge);
    }
    for (user, password) in [("root", fixture.password.as_str()), ("", "")] {
        let wrong_user = answer(fixture.http.get(fixture.url("/v2/")).basic_auth(user, Some(password))).await;
        wrong_user.expect_code(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let bearer = answer(fixture.http.get(fixture.url("/v2/")).bearer_auth(&fixture.password)).await;
    bearer.expect_code(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_token_opens_the_door_for_twelve_hours() {
    let fixture = Fixture::new().await;
    let opened = fixture.get("/v2/").await;
    opened.expect(StatusCode::OK);
    assert_eq!(opened.header("docker-distribution-api-version"), "registry/2.0");
    let unknown = answer(fixture.http.get(fixture.url("/v2/")).basic_auth("AWS", Some("made up"))).await;
    unknown.expect_refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized");
    fixture.account.stir(|world, now| world.tick(now + Duration::from_secs(12 * 3600)));
    let expired = fixture.get("/v2/").await;
    let message = "Your authorization token has expired. Reauthenticate and try again.";
    expired.expect_refusal(StatusCode::FORBIDDEN, "DENIED", message);
}

#[tokio::test]
async fn an_absent_repository_is_unknown_by_name() {
    let fixture = Fixture::new().await;
    let digest = Digest::of(b"layer");
    let message = "The repository with name 'absent/app' does not exist in the registry with id '123456789012'";
    for (method, path) in [
        (Method::GET, format!("/v2/absent/app/blobs/{digest}")),
        (Method::POST, "/v2/absent/app/blobs/uploads/".to_owned()),
        (Method::GET, "/v2/absent/app/manifests/v1".to_owned()),
        (Method::DELETE, "/v2/absent/app/manifests/v1".to_owned()),
        (Method::GET, "/v2/absent/app/tags/list".to_owned()),
        (Method::GET, format!("/v2/absent/app/referrers/{digest}")),
    ] {
        let refused = answer(fixture.request(method, &path)).await;
        refused.expect_refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message);
    }
    fixture.head(&format!("/v2/absent/app/blobs/{digest}")).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn paths_that_mean_nothing_are_refused_as_the_specification_says() {
    let fixture = Fixture::new().await;
    let digest = Digest::of(b"layer");
    for (method, path, status, code) in [
        (Method::GET, "/", 404, "UNSUPPORTED"),
        (Method::GET, "/v3/", 404, "UNSUPPORTED"),
        (Method::GET, "/v2x", 404, "UNSUPPORTED"),
        (Method::GET, "/v2/news", 404, "UNSUPPORTED"),
        (Method::GET, "/v2/_catalog", 404, "UNSUPPORTED"),
        (Method::PUT, "/v2/", 405, "UNSUPPORTED"),
        (Method::POST, "/v2/news/api/tags/list", 405, "UNSUPPORTED"),
        (Method::GET, "/v2/news/api/blobs/uploads/", 405, "UNSUPPORTED"),
        (Method::GET, "/v2/News/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/a/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/news//api/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/news/..%2f..%2fetc/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/news/api/manifests/.hidden", 400, "TAG_INVALID"),
        (Method::GET, "/v2/news/api/manifests/%2e%2e%2fpasswd", 400, "TAG_INVALID"),
        (Method::GET, "/v2/news/api/manifests/sha256:12", 400, "DIGEST_INVALID"),
        (Method::GET, "/v2/news/api/blobs/sha256:..%2f..%2fpasswd", 400, "DIGEST_INVALID"),
        (Method::GET, "/v2/news/api/referrers/latest", 400, "DIGEST_INVALID"),
        (Method::PATCH, "/v2/news/api/blobs/uploads/nothing", 404, "BLOB_UPLOAD_UNKNOWN"),
    ] {
        let refused = answer(fixture.request(method, path)).await;
        refused.expect_code(StatusCode::from_u16(status).expect("a status"), code);
    }
    let refused = answer(fixture.request(Method::DELETE, &format!("blobs/{digest}"))).await;
    refused.expect_code(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED");
    assert_eq!(refused.header("allow"), "HEAD, GET");
}

#[tokio::test]
async fn a_layer_comes_back_as_it_was_sent_and_only_where_it_was_sent() {
    let fixture = Fixture::new().await;
    let digest = fixture.upload(b"a layer").await;
    let head = fixture.head(&format!("blobs/{digest}")).await;
    head.expect(StatusCode::OK);
    assert_eq!((head.header("content-length"), head.header("docker-content-digest")), ("7".into(), digest.to_string()));
    let escaped = fixture.get(&format!("blobs/{}", digest.to_string().replace(':', "%3A"))).await;
    escaped.expect(StatusCode::OK);
    assert_eq!(escaped.body, b"a layer");
    fixture.head(&format!("blobs/{}", Digest::of(b"another"))).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_part_of_a_layer_can_be_asked_for() {
    let fixture = Fixture::new().await;
    let digest = fixture.upload(b"0123456789").await;
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, &b"234"[..], Some("bytes 2-4/10")),
        ("bytes=7-", 206, b"789", Some("bytes 7-9/10")),
        ("bytes=-1", 206, b"9", Some("bytes 9-9/10")),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
    ] {
        let got = answer(fixture.request(Method::GET, &format!("blobs/{digest}")).header("range", range)).await;
        got.expect(StatusCode::from_u16(status).expect("a status"));
        assert_eq!(got.body, body, "{range}");
        assert_eq!(got.headers.get("content-range").and_then(|range| range.to_str().ok()), content_range, "{range}");
    }
    let beyond = answer(fixture.request(Method::GET, &format!("blobs/{digest}")).header("range", "bytes=10-")).await;
    beyond.expect_code(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID");
    assert_eq!(beyond.header("content-range"), "bytes */10");
}

#[tokio::test]
async fn a_layer_can_be_sent_whole_in_one_request_or_with_the_last() {
    let fixture = Fixture::new().await;
    let digest = Digest::of(b"at once");
    let posted = fixture.request(Method::POST, &format!("blobs/uploads/?digest={digest}")).body("at once");
    let created = answer(posted).await;
    created.expect(StatusCode::CREATED);
    assert_eq!(fixture.get(&created.header("location")).await.body, b"at once");

    let digest = Digest::of(b"with the last");
    let location = fixture.begin_upload().await;
    let put = fixture.request(Method::PUT, &format!("{location}?digest={digest}")).body("with the last");
    answer(put).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.get(&format!("blobs/{digest}")).await.body, b"with the last");

    let digest = Digest::of(b"");
    let location = fixture.begin_upload().await;
    let put = fixture.request(Method::PUT, &format!("{location}?digest={digest}"));
    answer(put).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.head(&format!("blobs/{digest}")).await.header("content-length"), "0");
}

#[tokio::test]
async fn a_wrong_digest_ends_the_upload_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let wrong = Digest::of(b"something else");
    let location = fixture.begin_upload().await;
    answer(fixture.request(Method::PATCH, &location).body("a layer")).await.expect(StatusCode::ACCEPTED);
    for query in ["", "?digest=sha512:00", "?digest=latest"] {
        let refused = answer(fixture.request(Method::PUT, &format!("{location}{query}"))).await;
        refused.expect_code(StatusCode::BAD_REQUEST, "DIGEST_INVALID");
    }
    let refused = answer(fixture.request(Method::PUT, &format!("{location}?digest={wrong}"))).await;
    let message = format!("the upload has the digest {}, not {wrong}", Digest::of(b"a layer"));
    refused.expect_refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", &message);
    fixture.get(&location).await.expect_code(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN");
    for digest in [wrong, Digest::of(b"a layer")] {
        fixture.head(&format!("blobs/{digest}")).await.expect(StatusCode::NOT_FOUND);
    }
    assert_eq!(super::crash::files_below(fixture.root.path()), Vec::<String>::new());
}

#[tokio::test]
async fn parts_follow_one_another_and_any_other_order_is_refused_with_the_place_to_go_on() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    let first = patch(&fixture, &location, "0-3", b"0123").await;
    first.expect(StatusCode::ACCEPTED);
    assert_eq!(first.header("range"), "0-3");
    for (range, content, status, code) in [
        ("0-3", &b"0123"[..], 416, "BLOB_UPLOAD_INVALID"),
        ("5-8", b"5678", 416, "BLOB_UPLOAD_INVALID"),
        ("4-5", b"4567", 400, "SIZE_INVALID"),
        ("bytes 4-7/10", b"4567", 400, "BLOB_UPLOAD_INVALID"),
        ("7-4", b"4567", 400, "BLOB_UPLOAD_INVALID"),
    ] {
        let refused = patch(&fixture, &location, range, content).await;
        refused.expect_code(StatusCode::from_u16(status).expect("a status"), code);
        if status == 416 {
            assert_eq!((refused.header("location"), refused.header("range")), (location.clone(), "0-3".into()));
        }
    }
    let status = fixture.get(&location).await;
    status.expect(StatusCode::NO_CONTENT);
    assert_eq!((status.header("location"), status.header("range")), (location.clone(), "0-3".into()));
    patch(&fixture, &location, "4-6", b"456").await.expect(StatusCode::ACCEPTED);
    let digest = Digest::of(b"0123456789");
    let last = fixture.request(Method::PUT, &format!("{location}?digest={digest}")).header("content-range", "7-9");
    answer(last.body("789")).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.get(&format!("blobs/{digest}")).await.body, b"0123456789");
}

#[tokio::test]
async fn a_streamed_part_that_is_shorter_than_announced_is_forgotten_whole() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    patch(&fixture, &location, "0-3", b"0123").await.expect(StatusCode::ACCEPTED);
    // A body without a length, so that only what comes can show that the announcement was wrong.
    let chunks = [Ok::<_, std::io::Error>("45"), Ok("6")].map(|chunk| chunk.map(bytes::Bytes::from));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = fixture.request(Method::PATCH, &location).header("content-range", "4-9").body(body);
    answer(request).await.expect_code(StatusCode::BAD_REQUEST, "SIZE_INVALID");
    assert_eq!(fixture.get(&location).await.header("range"), "0-3");
    patch(&fixture, &location, "4-4", b"4").await.expect(StatusCode::ACCEPTED);
    let digest = Digest::of(b"01234");
    answer(fixture.request(Method::PUT, &format!("{location}?digest={digest}"))).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.get(&format!("blobs/{digest}")).await.body, b"01234");
}

#[tokio::test]
async fn a_cancelled_upload_is_gone() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    answer(fixture.request(Method::PATCH, &location).body("a layer")).await.expect(StatusCode::ACCEPTED);
    answer(fixture.request(Method::DELETE, &location)).await.expect(StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let refused = answer(fixture.request(method, &location)).await;
        refused.expect_code(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN");
    }
    assert_eq!(super::crash::files_below(fixture.root.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_stopped_registry_lets_go_of_its_port_and_its_clients() {
    let fixture = Fixture::new().await;
    let address = fixture.registry.address();
    let location = fixture.begin_upload().await;
    // An upload that would never end by itself.
    let (sender, body) = tokio::sync::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
    let body = futures_util::stream::unfold(body, async |mut body| body.recv().await.map(|chunk| (chunk, body)));
    let request = fixture.request(Method::PATCH, &location).body(reqwest::Body::wrap_stream(body));
    let upload = tokio::spawn(request.send());
    sender.send(Ok("the beginning".into())).await.expect("the client takes it");
    let Fixture { registry, root, .. } = fixture;
    registry.stop().await;
    let broken_off = upload.await.expect("no panic");
    assert!(broken_off.is_err() || broken_off.is_ok_and(|answer| answer.status() == 503));
    std::net::TcpListener::bind(address).expect("the port is free again");
    drop(sender);
    assert_eq!(super::crash::files_below(root.path()), Vec::<String>::new());
}
