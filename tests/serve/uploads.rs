//! The registry by raw HTTP: pushes that are broken off and gone on with, and requests that no Docker client makes.

use std::io::Write as _;

use serde_json::{Value, json};

use super::http::{self, Answer};
use super::registry::{files_below, sha256};
use super::{Served, told};

/// A client of the repository `news`.
struct Client {
    host: String,
    authorization: String,
}

impl Client {
    fn of(served: &Served) -> Self {
        let token = ["ecr", "get-authorization-token", "--query", "authorizationData[0].authorizationToken"];
        let token = served.aws(&token).as_str().expect("a token is text").to_owned();
        Self { host: served.said("registry").to_owned(), authorization: format!("Basic {token}") }
    }

    /// `path` is below the repository's, or whole where it begins with a slash.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers = [&[("authorization", self.authorization.as_str())], headers].concat();
        http::ask(&self.host, method, &whole(path), &headers, body)
    }

    /// Begins an upload, and says where it is.
    fn begin(&self) -> String {
        let begun = self.ask("POST", "blobs/uploads/", &[], b"");
        assert_eq!(begun.status, 202, "{}", begun.text());
        begun.header("location").to_owned()
    }

    /// Sends `sent`, and says that so much more follows; then hangs up.
    fn send_and_die(&self, location: &str, sent: &[u8]) {
        let headers = [("authorization", self.authorization.as_str()), ("transfer-encoding", "chunked")];
        let mut bytes = http::head(&self.host, "PATCH", location, &headers).into_bytes();
        for chunk in sent.chunks(100_000) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        // The beginning of a chunk that never ends.
        bytes.extend_from_slice(b"fffff\r\nhalf");
        let mut stream = http::send(&self.host, &bytes);
        stream.flush().expect("it reads");
    }

    /// How many bytes of the upload at `location` have been received.
    fn received(&self, location: &str) -> usize {
        let status = self.ask("GET", location, &[], b"");
        assert_eq!(status.status, 204, "{}", status.text());
        let last = status.header("range").rsplit('-').next().and_then(|last| last.parse::<usize>().ok());
        last.map_or(0, |last| last + usize::from(last > 0))
    }

    /// Sends the rest of `content` from `first` on, and finishes.
    fn finish(&self, location: &str, content: &[u8], first: usize) -> Answer {
        let range = format!("{first}-{}", content.len() - 1);
        let sent = self.ask("PATCH", location, &[("content-range", &range)], &content[first..]);
        assert_eq!(sent.status, 202, "{}", sent.text());
        self.ask("PUT", &format!("{location}?digest={}", sha256(content)), &[], b"")
    }

    fn upload(&self, content: &[u8]) -> String {
        let digest = sha256(content);
        let put = self.ask("PUT", &format!("{}?digest={digest}", self.begin()), &[], content);
        assert_eq!(put.status, 201, "{}", put.text());
        digest
    }

    /// Pushes a manifest of `config` and no layers under `reference`, and answers its digest.
    fn push(&self, reference: &str, more: &Value) -> Answer {
        let config = self.upload(b"{}");
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        });
        manifest.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
        self.ask(
            "PUT",
            &format!("manifests/{reference}"),
            &[("content-type", MANIFEST)],
            manifest.to_string().as_bytes(),
        )
    }
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn whole(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/v2/news/{path}") }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place % 251).expect("below 256")).collect()
}

fn start(options: &[&str]) -> (Served, Client) {
    let served = Served::start(&[&["--engine", "virtual"], options].concat());
    served.aws(&["ecr", "create-repository", "--repository-name", "news"]);
    let client = Client::of(&served);
    (served, client)
}

#[test]
fn a_push_whose_client_dies_is_gone_on_with() {
    let (_served, client) = start(&[]);
    let content = content(5_000_000);
    let location = client.begin();
    client.send_and_die(&location, &content[..3_000_000]);
    // Nothing says when the server has noticed: what it has received grows until it has.
    let mut received = client.received(&location);
    while received < 3_000_000 {
        received = client.received(&location);
    }
    assert_eq!(received, 3_000_004, "what came of the chunk that never ended has been received, too");
    assert_eq!(client.ask("HEAD", &format!("blobs/{}", sha256(&content)), &[], b"").status, 404);
    let other = client.ask("PATCH", &location, &[("content-range", "0-3")], b"what");
    assert_eq!((other.status, other.header("range")), (416, "0-3000003"));
    // The digest of what was received is not that of the content.
    let wrong = client.finish(&location, &content, received);
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert!(wrong.text().contains("DIGEST_INVALID"), "{}", wrong.text());
    assert_eq!(client.ask("GET", &location, &[], b"").status, 404);

    let location = client.begin();
    let sent = client.ask("PATCH", &location, &[("content-range", "0-1999999")], &content[..2_000_000]);
    assert_eq!((sent.status, sent.header("range")), (202, "0-1999999"));
    let done = client.finish(&location, &content, 2_000_000);
    assert_eq!((done.status, done.header("docker-content-digest")), (201, sha256(&content).as_str()));
    assert!(client.ask("GET", &format!("blobs/{}", sha256(&content)), &[], b"").body == content);
}

/// The server is killed twice: between two parts, and in the middle of one.
#[test]
fn a_push_whose_server_is_killed_is_gone_on_with() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().display().to_string();
    let options = ["--state", state.as_str()];
    let (served, client) = start(&options);
    let content = content(5_000_000);
    let digest = sha256(&content);
    let kept = client.upload(b"another layer");
    let location = client.begin();
    let sent = client.ask("PATCH", &location, &[], &content[..2_000_000]);
    assert_eq!(sent.status, 202);
    served.kill();

    let served = Served::start(&[&["--engine", "virtual"], options.as_slice()].concat());
    let client = Client::of(&served);
    assert_eq!(client.received(&location), 2_000_000, "what was acknowledged is there");
    assert_eq!(client.ask("GET", &format!("blobs/{kept}"), &[], b"").body, b"another layer");
    client.send_and_die(&location, &content[2_000_000..4_000_000]);
    served.kill();

    let served = Served::start(&[&["--engine", "virtual"], options.as_slice()].concat());
    let client = Client::of(&served);
    assert_eq!(client.ask("HEAD", &format!("blobs/{digest}"), &[], b"").status, 404, "nothing is there by halves");
    let received = client.received(&location);
    assert!((2_000_000..=4_000_004).contains(&received), "{received}");
    if received > 4_000_000 {
        // The chunk that never ended has come, too, and that is not the layer: the client begins again.
        assert_eq!(client.ask("DELETE", &location, &[], b"").status, 204);
        client.upload(&content);
    } else {
        assert_eq!(client.finish(&location, &content, received).status, 201);
    }
    assert!(client.ask("GET", &format!("blobs/{digest}"), &[], b"").body == content);
    assert_eq!(client.ask("GET", &location, &[], b"").status, 404);
    let blobs = files_below(&directory.path().join("layers/sha256"));
    let mut expected = [&digest, &kept].map(|digest| digest.trim_start_matches("sha256:").to_owned());
    expected.sort();
    assert_eq!(blobs, expected);
    assert_eq!(files_below(&directory.path().join("layers/uploads")), Vec::<String>::new());
}

#[test]
fn what_is_wrong_or_leads_elsewhere_is_refused() {
    let (served, client) = start(&[]);
    let wrong = client.ask("PUT", &format!("{}?digest={}", client.begin(), sha256(b"a")), &[], b"b");
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("DIGEST_INVALID"), "{}", wrong.text());
    let wrong = client.ask("PUT", &format!("manifests/{}", sha256(b"a")), &[("content-type", MANIFEST)], b"{}");
    assert_eq!(wrong.status, 400, "{}", wrong.text());

    let secret = "..%2f..%2f..%2f..%2fetc%2fpasswd";
    for (method, path) in [
        ("GET", "/v2/../../etc/passwd".to_owned()),
        ("GET", "/v2/%2e%2e/%2e%2e/etc/passwd".to_owned()),
        ("GET", format!("/v2/news/blobs/{secret}")),
        ("GET", format!("/v2/news/blobs/sha256:{secret}")),
        ("GET", "/v2/news/blobs/sha256:../../../../etc/passwd".to_owned()),
        ("GET", format!("/v2/news/manifests/{secret}")),
        ("GET", format!("/v2/{secret}/tags/list")),
        ("GET", "/v2/news/../news/tags/list".to_owned()),
        ("GET", format!("/v2/news/blobs/uploads/{secret}")),
        ("PATCH", format!("/v2/news/blobs/uploads/{secret}")),
        ("PUT", format!("/v2/news/blobs/uploads/{secret}?digest={}", sha256(b""))),
        ("POST", "/v2/news/blobs/uploads/?digest=sha256:../../x".to_owned()),
        ("POST", "/v2/news%2f..%2fother/blobs/uploads/".to_owned()),
        ("GET", format!("/layers/{secret}?signature=x")),
        ("GET", format!("/v2/news/referrers/{secret}")),
    ] {
        let answer = client.ask(method, &path, &[], b"");
        assert!((400..500).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("root:"), "{method} {path}: {}", answer.text());
    }
    let mut command = served.client("aws");
    command.args(["ecr", "upload-layer-part", "--repository-name", "news", "--upload-id", "../../../x"]);
    let part = command.args(["--part-first-byte", "0", "--part-last-byte", "0", "--layer-part-blob", "eA=="]).output();
    let part = told(&part.expect("the AWS CLI can be run"));
    assert!(part.contains("UploadNotFoundException"), "{part}");
}

#[test]
fn layers_are_mounted_only_once_the_account_says_so() {
    let (served, client) = start(&[]);
    served.aws(&["ecr", "create-repository", "--repository-name", "other"]);
    let digest = client.upload(b"a layer");
    let mount = format!("/v2/other/blobs/uploads/?mount={digest}&from=news");
    assert_eq!(client.ask("POST", &mount, &[], b"").status, 202, "it has to be uploaded");
    served.aws(&["ecr", "put-account-setting", "--name", "BLOB_MOUNTING", "--value", "ENABLED"]);
    let mounted = client.ask("POST", &mount, &[], b"");
    assert_eq!((mounted.status, mounted.header("docker-content-digest")), (201, digest.as_str()));
    assert_eq!(client.ask("GET", &format!("/v2/other/blobs/{digest}"), &[], b"").body, b"a layer");
}

#[test]
fn tags_come_in_pages_and_referrers_are_listed() {
    let (_served, client) = start(&[]);
    for tag in ["a", "b", "c"] {
        assert_eq!(client.push(tag, &json!({})).status, 201);
    }
    let page = |path: &str| {
        let answer = client.ask("GET", path, &[], b"");
        let body: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
        (body["tags"].clone(), answer.header("link").to_owned())
    };
    let (first, link) = page("tags/list?n=2");
    let next = link.split(['<', '>']).nth(1).expect("there is more").to_owned();
    assert_eq!((first, page(&next)), (json!(["a", "b"]), (json!(["c"]), String::new())));

    let image = client.ask("HEAD", "manifests/a", &[], b"").header("docker-content-digest").to_owned();
    let subject =
        json!({"subject": {"mediaType": MANIFEST, "digest": image, "size": 1}, "artifactType": "text/signature"});
    let signed = client.push("signature", &subject);
    assert_eq!((signed.status, signed.header("oci-subject")), (201, image.as_str()));
    let referrers = client.ask("GET", &format!("referrers/{image}"), &[], b"");
    let referrers: Value = serde_json::from_slice(&referrers.body).expect("it is JSON");
    assert_eq!(referrers["manifests"][0]["digest"], signed.header("docker-content-digest"));
    assert_eq!(referrers["manifests"][0]["artifactType"], "text/signature");
}
