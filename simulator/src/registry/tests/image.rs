//! Manifests, tags and referrers.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::Digest;
use super::{Answer, Fixture, MANIFEST, answer, descriptor};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[tokio::test]
async fn an_image_is_found_by_tag_and_by_digest() {
    let fixture = Fixture::new().await;
    let (manifest, put) = fixture.push("v1", b"layer").await;
    put.expect(StatusCode::CREATED);
    let digest = Digest::of(manifest.as_bytes()).to_string();
    assert_eq!(put.header("docker-content-digest"), digest);
    assert_eq!(put.header("location"), format!("/v2/news/api/manifests/{digest}"));
    for reference in ["v1", &digest] {
        let got = fixture.get(&format!("manifests/{reference}")).await;
        got.expect(StatusCode::OK);
        assert_eq!(
            (got.header("content-type"), got.header("docker-content-digest")),
            (MANIFEST.into(), digest.clone())
        );
        assert_eq!(got.body, manifest.as_bytes());
        let head = fixture.head(&format!("manifests/{reference}")).await;
        head.expect(StatusCode::OK);
        assert_eq!(head.header("content-length"), manifest.len().to_string());
        assert_eq!(head.body, b"");
    }
}

#[tokio::test]
async fn an_absent_tag_is_an_unknown_manifest() {
    let fixture = Fixture::new().await;
    let absent = Digest::of(b"absent").to_string();
    for reference in ["v1", &absent] {
        let refused = fixture.get(&format!("manifests/{reference}")).await;
        refused.expect_refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found");
        fixture.head(&format!("manifests/{reference}")).await.expect(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_same_image_pushed_again_is_fine() {
    let fixture = Fixture::new().await;
    for _ in 0..2 {
        let (_, put) = fixture.push("v1", b"layer").await;
        put.expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_manifest_must_be_whole_and_true() {
    let fixture = Fixture::new().await;
    let (layer, absent) = (fixture.upload(b"layer").await, Digest::of(b"absent"));
    let with = |config: &Digest, layer: &Digest| {
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor("config", config, 5),
                "layers": [descriptor("layer", layer, 5)] })
        .to_string()
    };
    let good = with(&layer, &layer);
    for (manifest, content_type, code) in [
        ("{", MANIFEST, "MANIFEST_INVALID"),
        ("[]", MANIFEST, "MANIFEST_INVALID"),
        ("{\"config\":{}}", MANIFEST, "MANIFEST_INVALID"),
        (&good, INDEX, "MANIFEST_INVALID"),
        (&good.replace(MANIFEST, "text/plain"), "text/plain", "MANIFEST_INVALID"),
        (&good.replace("sha256", "md5"), MANIFEST, "MANIFEST_INVALID"),
        (&with(&layer, &absent), MANIFEST, "MANIFEST_BLOB_UNKNOWN"),
        (&with(&absent, &layer), MANIFEST, "MANIFEST_BLOB_UNKNOWN"),
    ] {
        let refused = fixture.put_manifest("v1", content_type, manifest).await;
        refused.expect_code(StatusCode::BAD_REQUEST, code);
    }
    let wrong = fixture.put_manifest(&absent.to_string(), MANIFEST, &good).await;
    wrong.expect_code(StatusCode::BAD_REQUEST, "DIGEST_INVALID");
    let long = format!("{good}{}", " ".repeat(4 << 20));
    let refused = fixture.put_manifest("v1", MANIFEST, &long).await;
    refused.expect_code(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID");
    fixture.get("manifests/v1").await.expect(StatusCode::NOT_FOUND);
    fixture.put_manifest("v1", MANIFEST, &good).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_layer_that_is_fetched_from_elsewhere_need_not_be_here() {
    let fixture = Fixture::new().await;
    let config = fixture.upload(b"{}").await;
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": descriptor("config", &config, 2),
        "layers": [descriptor(foreign, &Digest::of(b"elsewhere"), 9)] });
    fixture.put_manifest("windows", media_type, &manifest.to_string()).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn an_index_is_taken_once_its_manifests_are_here() {
    let fixture = Fixture::new().await;
    let (manifest, _) = fixture.push("v1-amd64", b"layer").await;
    let index = |manifest: &str| {
        let digest = Digest::of(manifest.as_bytes());
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, &digest, manifest.len())] })
            .to_string()
    };
    let refused = fixture.put_manifest("v1", INDEX, &index("absent")).await;
    refused.expect_code(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN");
    fixture.put_manifest("v1", INDEX, &index(&manifest)).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.get("manifests/v1").await.header("content-type"), INDEX);
}

#[tokio::test]
async fn a_deleted_tag_leaves_the_image_while_another_tag_holds_it() {
    let fixture = Fixture::new().await;
    let (manifest, _) = fixture.push("v1", b"layer").await;
    fixture.put_manifest("latest", MANIFEST, &manifest).await.expect(StatusCode::CREATED);
    let digest = Digest::of(manifest.as_bytes());
    answer(fixture.request(Method::DELETE, "manifests/v1")).await.expect(StatusCode::ACCEPTED);
    fixture.get("manifests/v1").await.expect(StatusCode::NOT_FOUND);
    fixture.get("manifests/latest").await.expect(StatusCode::OK);
    answer(fixture.request(Method::DELETE, &format!("manifests/{digest}"))).await.expect(StatusCode::ACCEPTED);
    fixture.get("manifests/latest").await.expect(StatusCode::NOT_FOUND);
    let again = answer(fixture.request(Method::DELETE, &format!("manifests/{digest}"))).await;
    again.expect_code(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn tags_are_listed_in_order_and_by_pages() {
    let fixture = Fixture::new().await;
    let (manifest, _) = fixture.push("b", b"layer").await;
    for tag in ["d", "a", "c"] {
        fixture.put_manifest(tag, MANIFEST, &manifest).await.expect(StatusCode::CREATED);
    }
    for (query, tags, next) in [
        ("", json!(["a", "b", "c", "d"]), None),
        ("?n=2", json!(["a", "b"]), Some("</v2/news/api/tags/list?n=2&last=b>; rel=\"next\"")),
        ("?n=2&last=b", json!(["c", "d"]), None),
        ("?last=bb", json!(["c", "d"]), None),
        ("?n=0", json!([]), None),
        ("?last=z", json!([]), None),
    ] {
        let listed = fixture.get(&format!("tags/list{query}")).await;
        assert_eq!(listed.json(), json!({ "name": "news/api", "tags": tags }), "{query}");
        assert_eq!(listed.headers.get("link").and_then(|link| link.to_str().ok()), next, "{query}");
    }
    fixture.get("tags/list?n=many").await.expect_code(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID");
}

/// Pushes a manifest about `subject`, whose type is `artifact_type`.
async fn attach(fixture: &Fixture, subject: &Digest, artifact_type: &str) -> (Digest, Answer) {
    let empty = fixture.upload(b"{}").await;
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type,
        "config": descriptor("application/vnd.oci.empty.v1+json", &empty, 2),
        "layers": [descriptor("application/vnd.oci.empty.v1+json", &empty, 2)],
        "subject": descriptor(MANIFEST, subject, 1), "annotations": { "about": artifact_type } });
    let manifest = manifest.to_string();
    let digest = Digest::of(manifest.as_bytes());
    let put = fixture.put_manifest(&digest.to_string(), MANIFEST, &manifest).await;
    (digest, put)
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed() {
    let fixture = Fixture::new().await;
    let (manifest, _) = fixture.push("v1", b"layer").await;
    let image = Digest::of(manifest.as_bytes());
    let listed = async |query: &str| fixture.get(&format!("referrers/{image}{query}")).await;
    assert_eq!(listed("").await.json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
    let (signature, put) = attach(&fixture, &image, "application/signature").await;
    put.expect(StatusCode::CREATED);
    assert_eq!(put.header("oci-subject"), image.to_string());
    let (bill, _) = attach(&fixture, &image, "application/bill").await;
    let digests = |answer: &Answer| -> Vec<Value> {
        let mut digests: Vec<_> =
            answer.json()["manifests"].as_array().expect("a list").iter().map(|m| m["digest"].clone()).collect();
        digests.sort_by_key(ToString::to_string);
        digests
    };
    let mut both = [json!(signature.to_string()), json!(bill.to_string())];
    both.sort_by_key(ToString::to_string);
    let all = listed("").await;
    assert_eq!((digests(&all), all.header("content-type")), (both.to_vec(), INDEX.to_owned()));
    assert!(all.headers.get("oci-filters-applied").is_none());
    let signatures = listed("?artifactType=application/signature").await;
    assert_eq!(digests(&signatures), [json!(signature.to_string())]);
    assert_eq!(signatures.header("oci-filters-applied"), "artifactType");
    let descriptor = &signatures.json()["manifests"][0];
    assert_eq!(descriptor["artifactType"], "application/signature");
    assert_eq!(descriptor["annotations"], json!({ "about": "application/signature" }));
}
