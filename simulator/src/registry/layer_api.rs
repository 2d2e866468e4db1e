//! ECR's own API for layers, over the registry's store: what uploads and fetches layers without Docker.
//!
//! The calls are rows of ECR's table like any other, and the World decides on them. This stands between the wire and the World: it keeps
//! the bytes, and hands the World facts in their place, under a name that no client's parameter gets through with.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use simulator_core::ecr::MOST_PART_BYTES;
use simulator_core::{Caller, Refusal};

use super::download::{self, Signer};
use super::store::StoreError;
use super::visit::Shared;
use crate::account::now;
use crate::rehearsal::secret_values::random;
use crate::service::Service;
use crate::service::ecr::{FACTS, foresee_completion};
use crate::wire::{Document, Row, document};

/// What `X-Amz-Target` begins with.
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";

/// ECR's API for the layers of one registry. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct LayerApi {
    shared: Arc<Shared>,
    signer: Signer,
    address: SocketAddr,
}

/// A call that needs the store.
#[derive(Clone, Copy, Debug)]
enum LayerCall {
    Begin,
    Part,
    Complete,
    Url,
}

impl LayerCall {
    fn named(operation: &str) -> Option<Self> {
        match operation {
            "InitiateLayerUpload" => Some(Self::Begin),
            "UploadLayerPart" => Some(Self::Part),
            "CompleteLayerUpload" => Some(Self::Complete),
            "GetDownloadUrlForLayer" => Some(Self::Url),
            _ => None,
        }
    }
}

impl LayerApi {
    /// The largest request that is read, in bytes: the largest part in base64, and the rest of its request.
    pub(crate) const LARGEST_REQUEST: usize = (MOST_PART_BYTES as usize).div_ceil(3) * 4 + (64 << 10);

    /// The API over `shared`, whose layers can be fetched from `address`.
    pub(super) fn new(shared: Arc<Shared>, address: SocketAddr) -> Self {
        // Without a secret from the system, the hash map's own keys are the best there is; the next start tries again.
        let secret = random(32).unwrap_or_else(|error| {
            tracing::error!(%error, "the operating system gives no random secret");
            format!("{:?}", std::hash::RandomState::new())
        });
        Self { shared, signer: Signer::new(&secret), address }
    }

    /// Where layers are fetched from.
    pub(super) fn downloads(&self) -> Router {
        let state = (Arc::clone(&self.shared), self.signer.clone());
        Router::new().route("/layers/{digest}", get(download::download)).with_state(state)
    }

    /// Whether a request with `headers` is for a call that needs the store, so that its thread may be held up.
    pub(crate) fn is_about_layers(headers: &HeaderMap) -> bool {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        target.and_then(|target| target.strip_prefix(TARGET)).and_then(LayerCall::named).is_some()
    }

    /// Whether `row` of the service `signing_name` is a call that needs the store.
    pub(crate) fn serves(signing_name: &str, row: &Row) -> bool {
        signing_name == "ecr" && LayerCall::named(row.name).is_some()
    }

    /// Answers the call `row` of `service` by `caller`. It may hold up its thread, which must not be an asynchronous one.
    pub(crate) fn answer(
        &self,
        service: &Service,
        row: &Row,
        caller: &Caller,
        parameters: Value,
    ) -> Result<Document, Refusal> {
        let mut parameters = match parameters {
            Value::Object(parameters) => parameters,
            Value::Null => Map::new(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return self.shared.account.answer(service, row, caller, other);
            }
        };
        parameters.remove(FACTS);
        let world = |parameters: Map<String, Value>| {
            self.shared.account.answer(service, row, caller, Value::Object(parameters))
        };
        match LayerCall::named(row.name) {
            None => world(parameters),
            Some(LayerCall::Begin) => {
                let repository = text(&parameters, "repositoryName");
                let answer = world(parameters)?;
                let id = answer.text_of("uploadId").unwrap_or_default().to_owned();
                let incoming = self.kept(self.shared.store.begin(&id))?;
                self.shared.uploads.begin(repository, id, incoming);
                Ok(answer)
            }
            Some(LayerCall::Part) => self.part(parameters, world),
            Some(LayerCall::Complete) => self.complete(parameters, caller, world),
            Some(LayerCall::Url) => {
                let mut answer = world(parameters)?;
                let digest = answer.text_of("layerDigest").unwrap_or_default();
                let path = self.signer.sign(digest, now().as_millis() / 1000).map_err(|error| {
                    tracing::error!(%error, "a layer's URL cannot be signed");
                    server_error("the URL cannot be signed")
                })?;
                answer.add("downloadUrl", document!(format!("http://{}{path}", self.address)));
                Ok(answer)
            }
        }
    }

    fn part(
        &self,
        mut parameters: Map<String, Value>,
        world: impl Fn(Map<String, Value>) -> Result<Document, Refusal>,
    ) -> Result<Document, Refusal> {
        let Some(Value::String(blob)) = parameters.remove("layerPartBlob") else {
            // The row says what is wrong.
            return world(parameters);
        };
        let bytes = STANDARD.decode(blob).map_err(|_| {
            Refusal::fault("SerializationException", "UploadLayerPart.layerPartBlob must be text in base64")
        })?;
        let (repository, id) = (text(&parameters, "repositoryName"), text(&parameters, "uploadId"));
        self.kept(self.shared.resume(&repository, &id))?;
        let mut turn = self.shared.uploads.blocking_turn(&repository, &id);
        let received = turn.as_ref().map(|incoming| incoming.received());
        parameters.insert(FACTS.to_owned(), json!({ "sent": bytes.len(), "received": received }));
        let answer = world(parameters)?;
        if let Some(incoming) = &mut turn {
            incoming.append(&[Bytes::from(bytes)]).map_err(|error| {
                let error = self.shared.store.unwritten(error);
                let refusal = server_error(&error.to_string());
                let _ = self.shared.fail(error);
                refusal
            })?;
        }
        Ok(answer)
    }

    fn complete(
        &self,
        mut parameters: Map<String, Value>,
        caller: &Caller,
        world: impl Fn(Map<String, Value>) -> Result<Document, Refusal>,
    ) -> Result<Document, Refusal> {
        let (repository, id) = (text(&parameters, "repositoryName"), text(&parameters, "uploadId"));
        self.kept(self.shared.resume(&repository, &id))?;
        let turn = self.shared.uploads.blocking_turn(&repository, &id);
        let Some(mut incoming) = turn else { return world(parameters) };
        let facts = json!({ "digest": incoming.digest().to_string(), "size": incoming.received() });
        parameters.insert(FACTS.to_owned(), facts);
        let foreseen = Value::Object(parameters.clone());
        self.shared.account.stir(|world, now| foresee_completion(world, now, caller, foreseen))?;
        // The content comes first: a layer that the account has can always be read.
        self.kept(self.shared.store.keep(&mut incoming))?;
        self.shared.uploads.end(&id);
        world(parameters)
    }

    fn kept<T>(&self, outcome: Result<T, StoreError>) -> Result<T, Refusal> {
        outcome.map_err(|error| {
            let refusal = server_error(&error.to_string());
            let _ = self.shared.fail(error);
            refusal
        })
    }
}

/// Our own trouble, as ECR calls its own.
fn server_error(message: &str) -> Refusal {
    Refusal::Fault { code: "ServerException", status: 500, message: message.to_owned() }
}

fn text(parameters: &Map<String, Value>, key: &str) -> String {
    parameters.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
