//! The registry as its clients see it: raw HTTP for the protocol's edges, a real Docker engine for the whole.

mod concurrency;
mod crash;
mod denial;
mod docker;
mod image;
mod protocol;
mod transfer;

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator_core::ecr::{CreateRepository, GetAuthorizationToken};
use simulator_core::iam::{CreateUser, PutInlinePolicy, User};
use simulator_core::{AccountId, Caller, Principal, Region, Setup, Timing, World};
use tempfile::TempDir;

use super::{BlobStore, Digest, Registry};
use crate::account::{Account, now};

const REPOSITORY: &str = "news/api";

/// A registry with the repository [`REPOSITORY`], and a client that holds a token.
struct Fixture {
    account: Arc<Account>,
    registry: Registry,
    http: reqwest::Client,
    password: String,
    root: Arc<TempDir>,
}

/// What the registry answered.
#[derive(Debug)]
struct Answer {
    url: String,
    status: StatusCode,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Fixture {
    async fn new() -> Self {
        Self::on(Arc::new(TempDir::new().expect("a temporary directory"))).await
    }

    /// A new account and registry on the store at `root`.
    async fn on(root: Arc<TempDir>) -> Self {
        let store = BlobStore::open(root.path()).expect("the store opens");
        Self::with_store(root, store).await
    }

    /// A new account on the store of an earlier one, or a new one, that remembers what repositories were given.
    async fn with_known_layers(root: Option<Arc<TempDir>>) -> Self {
        let root = root.unwrap_or_else(|| Arc::new(TempDir::new().expect("a temporary directory")));
        let store = BlobStore::open(root.path()).expect("the store opens").with_known_layers();
        Self::with_store(root, store).await
    }

    async fn with_store(root: Arc<TempDir>, store: BlobStore) -> Self {
        let account = new_account();
        let owner = account.look(World::root);
        let password = account.call(&owner, GetAuthorizationToken {}).expect("a token").password;
        let listen = "127.0.0.1:0".parse().expect("an address");
        let registry = Registry::start(Arc::clone(&account), listen, store).await.expect("the registry starts");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let fixture = Self { account, registry, http, password, root };
        fixture.create_repository(REPOSITORY);
        fixture
    }

    fn create_repository(&self, name: &str) {
        let owner = self.account.look(World::root);
        let create = CreateRepository { repository: name.to_owned(), ..CreateRepository::default() };
        self.account.call(&owner, create).expect("the repository is created");
    }

    /// The registry's address with `path` behind it.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.registry.address())
    }

    /// A request with the token, to `path` below [`REPOSITORY`], or anywhere if it begins with a slash.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/v2/{REPOSITORY}/{path}") };
        self.http.request(method, self.url(&path)).basic_auth("AWS", Some(&self.password))
    }

    /// The password of a new user who is allowed `actions` on every repository, and to log in.
    fn user(&self, name: &str, actions: &[&str]) -> String {
        let owner = self.account.look(World::root);
        let create = CreateUser { name: name.to_owned(), path: None, boundary: None, tags: Vec::new() };
        let arn = self.account.call(&owner, create).expect("the user is created").arn;
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" },
            { "Effect": "Allow", "Action": actions, "Resource": "arn:aws:ecr:eu-central-1:123456789012:repository/*" },
        ] });
        let put = PutInlinePolicy::<User>::new(name.to_owned(), "registry".to_owned(), policy.to_string());
        self.account.call(&owner, put).expect("the policy is written");
        let principal = Principal::User { name: name.to_owned() };
        let caller = Caller { account: owner.account, arn, principal, access_key: None };
        self.account.call(&caller, GetAuthorizationToken {}).expect("a token").password
    }

    async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    async fn head(&self, path: &str) -> Answer {
        answer(self.request(Method::HEAD, path)).await
    }

    /// Begins an upload and says where it is.
    async fn begin_upload(&self) -> String {
        let begun = answer(self.request(Method::POST, "blobs/uploads/")).await;
        begun.expect(StatusCode::ACCEPTED);
        begun.header("location")
    }

    /// Uploads `content` in one part, as Docker does.
    async fn upload(&self, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let location = self.begin_upload().await;
        answer(self.request(Method::PATCH, &location).body(content.to_vec())).await.expect(StatusCode::ACCEPTED);
        answer(self.request(Method::PUT, &format!("{location}?digest={digest}"))).await.expect(StatusCode::CREATED);
        digest
    }

    /// Pushes an image of one layer with `content`, and answers the manifest and the answer to it.
    async fn push(&self, reference: &str, content: &[u8]) -> (String, Answer) {
        let config = format!("{{\"layer\":\"{}\"}}", Digest::of(content));
        let (layer, config_digest) = (self.upload(content).await, self.upload(config.as_bytes()).await);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config_digest, config.len()),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer, content.len())],
        });
        let manifest = manifest.to_string();
        let put = self.put_manifest(reference, MANIFEST, &manifest).await;
        (manifest, put)
    }

    async fn put_manifest(&self, reference: &str, media_type: &str, manifest: &str) -> Answer {
        let request = self.request(Method::PUT, &format!("manifests/{reference}"));
        answer(request.header("content-type", media_type).body(manifest.to_owned())).await
    }
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn descriptor(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": size })
}

fn new_account() -> Arc<Account> {
    Arc::new(Account::new(World::new(Setup {
        account: "123456789012".parse::<AccountId>().expect("an account id"),
        region: Region::new("eu-central-1"),
        seed: 7,
        timing: Timing::rehearsal(),
        now: now(),
    })))
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the registry answers");
    let (url, status) = (response.url().to_string(), response.status());
    let headers = response.headers().clone();
    let body = response.bytes().await.expect("the whole answer comes").to_vec();
    Answer { url, status, headers, body }
}

impl Answer {
    #[track_caller]
    fn expect(&self, status: StatusCode) {
        let Self { url, headers, .. } = self;
        assert_eq!(self.status, status, "{url}: {headers:?} {}", String::from_utf8_lossy(&self.body));
    }

    /// It is the refusal `code: message`, in the form of the OCI specification.
    #[track_caller]
    fn expect_refusal(&self, status: StatusCode, code: &str, message: &str) {
        self.expect(status);
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(self.json(), json!({ "errors": [{ "code": code, "message": message }] }));
    }

    /// The same with any message.
    #[track_caller]
    fn expect_code(&self, status: StatusCode, code: &str) {
        self.expect(status);
        assert_eq!(self.json()["errors"][0]["code"], code, "{}", self.json());
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header `{name}` in {:?}", self.headers));
        value.to_str().expect("the header is text").to_owned()
    }
}
