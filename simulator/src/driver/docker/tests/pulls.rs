//! Images from a registry.

use std::collections::HashMap;
use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::engine::digest::Digest;
use crate::engine::pause;

/// A registry with one image, `news:1`, for whoever has the token.
struct TestRegistry {
    files: HashMap<String, (String, Vec<u8>)>,
    /// The digest of `news:1`.
    digest: String,
    /// How often somebody asked what `news:1` is.
    pulls: AtomicU32,
}

impl TestRegistry {
    async fn start(architecture: &str) -> (Arc<Self>, SocketAddr) {
        let program = pause::program(architecture).expect("a known architecture");
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o755);
        header.set_size(program.len() as u64);
        tar.append_data(&mut header, "pause", program.as_slice()).expect("written");
        let tar = tar.into_inner().expect("written");
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(&tar).expect("written");
        let layer = zip.finish().expect("written");
        let config = json!({
            "architecture": architecture, "os": "linux", "config": { "Entrypoint": ["/pause"] },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", Digest::of(&tar))] },
        });
        let config = config.to_string().into_bytes();
        let described = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "size": bytes.len(), "digest": format!("sha256:{}", Digest::of(bytes)) });
        const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": described("application/vnd.docker.container.image.v1+json", &config),
            "layers": [described("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let mut files = HashMap::from([(String::from("/v2/"), ("application/json".to_owned(), b"{}".to_vec()))]);
        for blob in [config, layer] {
            let path = format!("/v2/news/blobs/sha256:{}", Digest::of(&blob));
            files.insert(path, ("application/octet-stream".to_owned(), blob));
        }
        let digest = format!("sha256:{}", Digest::of(&manifest));
        for name in ["1".to_owned(), digest.clone()] {
            files.insert(format!("/v2/news/manifests/{name}"), (MANIFEST.to_owned(), manifest.clone()));
        }
        let registry = Arc::new(Self { files, digest, pulls: AtomicU32::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&registry));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (registry, address)
    }
}

async fn answer(State(registry): State<Arc<TestRegistry>>, request: Request) -> Response<Body> {
    let refuse = |status: StatusCode, code: &str, message: &str| {
        let body = json!({ "errors": [{ "code": code, "message": message }] }).to_string();
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
        response.header(header::WWW_AUTHENTICATE, "Basic realm=\"test\"").body(Body::from(body)).expect("a response")
    };
    let permitted = format!("Basic {}", BASE64_STANDARD.encode("AWS:token"));
    match request.headers().get(header::AUTHORIZATION) {
        Some(given) if given.as_bytes() == permitted.as_bytes() => {}
        Some(_) => return refuse(StatusCode::FORBIDDEN, "DENIED", "Your authorization token has expired."),
        None => return refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required"),
    }
    let Some((kind, bytes)) = registry.files.get(request.uri().path()) else {
        return refuse(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found");
    };
    // The engine asks for what the tag stands for once per pull; the rest of it may know from an earlier one.
    if request.uri().path().ends_with("/manifests/1") {
        registry.pulls.fetch_add(1, Ordering::SeqCst);
    }
    let digest = format!("sha256:{}", Digest::of(bytes));
    let response = Response::builder().header(header::CONTENT_TYPE, kind).header("docker-content-digest", digest);
    response.header(header::CONTENT_LENGTH, bytes.len()).body(Body::from(bytes.clone())).expect("a response")
}

async fn scene(name: &str) -> (Scene, Arc<TestRegistry>, SocketAddr) {
    let architecture = Engine::connect().await.expect("these tests need a Docker engine").facts().architecture.clone();
    let (registry, address) = TestRegistry::start(&architecture).await;
    (Scene::with_registry(name, address).await, registry, address)
}

/// Asks for `image` for a container of its own. Answers with what went wrong, if it did.
async fn pull(scene: &mut Scene, container: &str, image: &str, token: Option<&str>) -> Option<String> {
    let (task, container, image) = (TaskId::new(1), container.to_owned(), image.to_owned());
    let token = token.map(str::to_owned);
    scene
        .carry_out(Effect::PullImage(Pull { task, container: container.as_str().into(), image, digest: None, token }))
        .await;
    pulled(scene, &container).await
}

async fn pulled(scene: &mut Scene, name: &str) -> Option<String> {
    let wanted = |observation: &Observation| match observation {
        Observation::ImagePulled { container, .. } if container == name => Some(None),
        Observation::ImageNotPulled { container, message, .. } if container == name => Some(Some(message.clone())),
        _ => None,
    };
    scene.observe(wanted).await
}

/// A digest goes before the tag, whatever the tag means by now, and leaves nothing behind either.
#[tokio::test]
async fn an_image_whose_digest_is_settled_is_pulled_by_it() {
    let (mut scene, registry, address) = scene("digest").await;
    let (task, _) = scene.task().await;
    let (image, digest) = (format!("{HOST}/news:gone"), Some(registry.digest.clone()));
    let (container, token) = ("app".to_owned(), Some("token".to_owned()));
    let asked = Pull {
        task,
        container: container.into(),
        image: image.clone(),
        digest: digest.as_deref().map(Into::into),
        token,
    };
    scene.carry_out(Effect::PullImage(asked)).await;
    assert_eq!(pulled(&mut scene, "app").await, None);
    let id =
        scene.start_spec(ContainerSpec { digest: digest.map(Into::into), ..spec(&task, "app", &image, &[]) }).await;
    let config = scene.inspect(&id).await.config.expect("it has one");
    assert_eq!(config.image, Some(format!("{address}/news@{}", registry.digest)));
    assert_eq!(registry.pulls.load(Ordering::SeqCst), 0, "nobody asks for the tag");
    let engine = scene.trial.engine.clone();
    scene.end().await;
    assert_eq!(engine.references_under(address).await.expect("asked"), Vec::<String>::new());
}

#[tokio::test]
async fn an_image_of_the_simulated_ecr_comes_from_its_registry_and_goes_with_the_rehearsal() {
    let (mut scene, registry, address) = scene("ecr").await;
    let image = format!("{HOST}/news:1");
    assert_eq!(pull(&mut scene, "one", &image, Some("token")).await, None);
    assert_eq!(registry.pulls.load(Ordering::SeqCst), 1);
    let (task, _) = scene.task().await;
    let id = scene.start_spec(spec(&task, "app", &image, &[])).await;
    let config = scene.inspect(&id).await.config.expect("it has one");
    assert_eq!(config.image, Some(format!("{address}/news:1")));

    let engine = scene.trial.engine.clone();
    assert!(engine.image_id(&format!("{address}/news:1")).await.expect("asked").is_some());
    scene.end().await;
    assert_eq!(engine.references_under(address).await.expect("asked"), Vec::<String>::new());
}

#[tokio::test]
async fn an_image_that_many_tasks_want_at_once_is_pulled_once() {
    let (mut scene, registry, _) = scene("once").await;
    let names = ["one", "two", "three", "four"];
    let pulls = (1..).zip(names).map(|(number, name)| {
        let (task, image, token) = (TaskId::new(number), format!("{HOST}/news:1"), Some("token".to_owned()));
        scene.carry_out(Effect::PullImage(Pull { task, container: name.into(), image, digest: None, token }))
    });
    futures_util::future::join_all(pulls).await;
    let mut answered = Vec::new();
    for _ in names {
        let wanted = |observation: &Observation| match observation {
            Observation::ImagePulled { container, .. } => Some(container.clone()),
            _ => None,
        };
        answered.push(scene.observe(wanted).await);
    }
    answered.sort();
    assert_eq!(answered, ["four", "one", "three", "two"]);
    assert_eq!(registry.pulls.load(Ordering::SeqCst), 1);
    scene.end().await;
}

#[tokio::test]
async fn an_image_that_does_not_come_says_why_under_the_name_it_was_asked_for() {
    let (mut scene, registry, address) = scene("not-pulled").await;
    let image = format!("{HOST}/news:1");
    let absent = format!("{HOST}/news:absent");
    let denied = |image: &str| {
        format!(
            "failed to resolve ref {image}: pull access denied, repository does not exist or may require authorization: "
        )
    };
    for (image, token, expected) in [
        (&absent, Some("token"), format!("failed to resolve ref {absent}: {absent}: not found")),
        (&image, Some("expired"), denied(&image) + "server message: Your authorization token has expired."),
        (&image, None, denied(&image)),
    ] {
        let message = pull(&mut scene, "app", image, token).await.expect("it does not come");
        assert!(message.starts_with(&expected), "{message}");
        assert!(!message.contains(&address.to_string()), "{message}");
    }
    assert_eq!(registry.pulls.load(Ordering::SeqCst), 0);
    scene.end().await;
}

#[tokio::test]
async fn an_image_from_elsewhere_is_taken_from_the_engine_and_only_then_sought() {
    let (mut scene, registry, _) = scene("elsewhere").await;
    assert_eq!(pull(&mut scene, "present", IMAGE, None).await, None);
    let unused = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    let message = pull(&mut scene, "absent", &format!("{unused}/absent"), None).await.expect("nothing listens there");
    assert!(message.contains(&format!("failed to resolve ref {unused}/absent: failed to do request")), "{message}");
    assert_eq!(registry.pulls.load(Ordering::SeqCst), 0);
    scene.end().await;
}
