//! IAM decides every step.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use simulator_core::World;
use simulator_core::ecr::PutAccountSetting;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::Digest;
use super::{Answer, Fixture, MANIFEST, REPOSITORY, answer, descriptor};

/// The ECR actions behind the registry's endpoints.
const ACTIONS: [&str; 9] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:ListImages",
    "ecr:BatchDeleteImage",
];

/// Every step of a push, a pull and a look around by whoever has `password`: the action it needs, and what came of it. Where
/// a step needs what an earlier one has made, the account's owner has made it.
async fn steps(fixture: &Fixture, password: &str) -> Vec<(&'static str, Answer)> {
    let ask = async |method: Method, path: String, body: Vec<u8>| {
        let path = if path.starts_with('/') { path } else { format!("/v2/{REPOSITORY}/{path}") };
        let request = fixture.http.request(method, fixture.url(&path)).basic_auth("AWS", Some(password));
        answer(request.header("content-type", MANIFEST).body(body)).await
    };
    let layer = fixture.upload(b"layer").await;
    fixture.push("v1", b"layer").await.1.expect(StatusCode::CREATED);
    let other = Digest::of(b"other");
    let [part, whole] = [fixture.begin_upload().await, fixture.begin_upload().await];
    answer(fixture.request(Method::PATCH, &whole).body("other")).await.expect(StatusCode::ACCEPTED);
    let layers = descriptor("layer", &layer, 5);
    let manifest =
        serde_json::json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": layers, "layers": [layers] });
    let nothing = Vec::new;
    vec![
        (ACTIONS[0], ask(Method::HEAD, format!("blobs/{layer}"), nothing()).await),
        (ACTIONS[1], ask(Method::POST, "blobs/uploads/".to_owned(), nothing()).await),
        (ACTIONS[2], ask(Method::PATCH, part.clone(), b"other".to_vec()).await),
        (ACTIONS[2], ask(Method::GET, part.clone(), nothing()).await),
        (ACTIONS[2], ask(Method::DELETE, part, nothing()).await),
        (ACTIONS[3], ask(Method::PUT, format!("{whole}?digest={other}"), nothing()).await),
        (ACTIONS[4], ask(Method::PUT, "manifests/v2".to_owned(), manifest.to_string().into_bytes()).await),
        (ACTIONS[5], ask(Method::HEAD, "manifests/v1".to_owned(), nothing()).await),
        (ACTIONS[5], ask(Method::GET, "manifests/v1".to_owned(), nothing()).await),
        (ACTIONS[5], ask(Method::GET, format!("referrers/{layer}"), nothing()).await),
        (ACTIONS[6], ask(Method::GET, format!("blobs/{layer}"), nothing()).await),
        (ACTIONS[7], ask(Method::GET, "tags/list".to_owned(), nothing()).await),
        (ACTIONS[8], ask(Method::DELETE, "manifests/v1".to_owned(), nothing()).await),
    ]
}

#[tokio::test]
async fn a_missing_permission_stops_exactly_the_steps_that_need_it() {
    for missing in ACTIONS {
        let fixture = Fixture::new().await;
        let allowed: Vec<_> = ACTIONS.into_iter().filter(|action| *action != missing).collect();
        let password = fixture.user("deploy", &allowed);
        for (needed, answer) in steps(&fixture, &password).await {
            if needed != missing {
                assert!(answer.status.is_success(), "without {missing}: {answer:?}");
            } else if answer.body.is_empty() {
                answer.expect(StatusCode::FORBIDDEN);
            } else {
                let message = format!(
                    "User: arn:aws:iam::123456789012:user/deploy is not authorized to perform: {missing} on resource: \
                     arn:aws:ecr:eu-central-1:123456789012:repository/{REPOSITORY} because no identity-based policy \
                     allows the {missing} action"
                );
                answer.expect_refusal(StatusCode::FORBIDDEN, "DENIED", &message);
            }
        }
    }
}

#[tokio::test]
async fn a_part_sent_without_permission_is_not_even_received() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    let password = fixture.user("reader", &["ecr:BatchGetImage"]);
    let request = fixture.http.patch(fixture.url(&location)).basic_auth("AWS", Some(password));
    // Longer than what the sockets on the way can hold: the answer comes although nobody has read the body.
    let refused = answer(request.body(vec![0; 50_000_000])).await;
    refused.expect_code(StatusCode::FORBIDDEN, "DENIED");
    assert_eq!(fixture.get(&location).await.header("range"), "0-0");
}

#[tokio::test]
async fn a_client_that_sends_everything_before_it_listens_hears_the_refusal() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    let password = fixture.user("reader", &["ecr:BatchGetImage"]);
    let credentials = STANDARD.encode(format!("AWS:{password}"));
    let body = vec![0; 50_000_000];
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nhost: registry\r\nauthorization: Basic {credentials}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = TcpStream::connect(fixture.registry.address()).await.expect("a connection");
    connection.write_all(head.as_bytes()).await.expect("the head is taken");
    connection.write_all(&body).await.expect("the body is taken");
    let mut heard = [0; 22];
    connection.read_exact(&mut heard).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&heard), "HTTP/1.1 403 Forbidden");
}

#[tokio::test]
async fn a_layer_is_mounted_only_from_where_the_caller_may_read_it() {
    let fixture = Fixture::new().await;
    fixture.create_repository("other");
    let digest = fixture.upload(b"layer").await;
    let push = ["ecr:InitiateLayerUpload", "ecr:CompleteLayerUpload"];
    let mount = async |name: &str, actions: &[&str], query: String| {
        let password = fixture.user(name, actions);
        let url = fixture.url(&format!("/v2/other/blobs/uploads/?{query}"));
        answer(fixture.http.post(url).basic_auth("AWS", Some(password))).await
    };
    let has = async || fixture.head(&format!("/v2/other/blobs/{digest}")).await.status == StatusCode::OK;
    let query = format!("mount={digest}&from={REPOSITORY}");
    let reader = [push[0], push[1], "ecr:GetDownloadUrlForLayer"];
    mount("early-reader", &reader, query.clone()).await.expect(StatusCode::ACCEPTED);
    assert!(!has().await, "mounting is off in an account until it is switched on");
    let owner = fixture.account.look(World::root);
    let switch_on = PutAccountSetting { name: "BLOB_MOUNTING".to_owned(), value: "ENABLED".to_owned() };
    fixture.account.call(&owner, switch_on).expect("mounting is switched on");
    mount("pusher", &push, query.clone()).await.expect(StatusCode::ACCEPTED);
    assert!(!has().await);
    for (name, query) in [
        ("absent-layer", format!("mount={}&from={REPOSITORY}", Digest::of(b"absent"))),
        ("absent-source", format!("mount={digest}&from=absent")),
        ("no-source", format!("mount={digest}")),
    ] {
        let begun = mount(name, &reader, query).await;
        begun.expect(StatusCode::ACCEPTED);
        assert!(begun.header("location").starts_with("/v2/other/blobs/uploads/"));
    }
    assert!(!has().await);
    let mounted = mount("reader", &reader, query).await;
    mounted.expect(StatusCode::CREATED);
    assert_eq!(mounted.header("location"), format!("/v2/other/blobs/{digest}"));
    assert!(has().await);
}
