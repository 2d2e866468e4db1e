//! The issuer over HTTP: its discovery document and keys, and the address where GitHub's runner asks for a job's token.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use simulator_core::iam::Secret;
use subtle::ConstantTimeEq;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Issuer, IssuerError, Job, Trigger};
use crate::account::now;

/// A running issuer. It stops when it is dropped.
#[derive(Debug)]
pub struct IssuerServer {
    address: SocketAddr,
    bearer: Secret,
    /// Dropped with the server, which ends the wait of the task that serves.
    _stop: oneshot::Sender<()>,
    _serving: JoinHandle<()>,
}

/// Why the issuer did not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} for requests of identity tokens")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// `issuer` as routes for a server at `address` that answers more: tokens of `job`, as far as the query does not say otherwise, for
/// whoever brings `bearer`.
pub fn routes(issuer: Arc<Issuer>, job: Job, bearer: Secret, address: SocketAddr) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks", get(keys))
        .route("/token", get(token))
        .with_state(Arc::new(Served { issuer, job, bearer, address }))
}

struct Served {
    issuer: Arc<Issuer>,
    job: Job,
    bearer: Secret,
    address: SocketAddr,
}

impl IssuerServer {
    /// Serves `issuer` on `listen`, handing tokens of `job` to whoever brings `bearer`; port 0 stands for any that is free.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub async fn start(issuer: Arc<Issuer>, job: Job, bearer: Secret, listen: SocketAddr) -> Result<Self, ServerError> {
        let cannot = |source| ServerError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let router = routes(issuer, job, bearer.clone(), address);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the issuer of identity tokens ended");
            }
        });
        Ok(Self { address, bearer, _stop: stop, _serving: serving })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a runner's `ACTIONS_ID_TOKEN_REQUEST_URL` holds. It has a query already: the actions append `&audience=…`.
    #[must_use]
    pub fn request_url(&self) -> String {
        format!("{}/token?api-version=2.0", self.url())
    }

    /// What a runner's `ACTIONS_ID_TOKEN_REQUEST_TOKEN` holds.
    #[must_use]
    pub const fn request_token(&self) -> &Secret {
        &self.bearer
    }
}

async fn discovery(State(served): State<Arc<Served>>) -> Response {
    let claims: Vec<String> = served.job.claims("").keys().cloned().collect();
    answer(&json!({
        "issuer": served.issuer.name(),
        "jwks_uri": format!("http://{}/.well-known/jwks", served.address),
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": claims,
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }))
}

async fn keys(State(served): State<Arc<Served>>) -> Result<Response, (StatusCode, String)> {
    blocking(served, |served| served.issuer.key_set()).await.map(|keys| answer(&keys))
}

/// What a token is asked for. GitHub's own service takes an audience only; the rest says which job's token it is to be.
#[derive(Deserialize)]
struct Asked {
    audience: Option<String>,
    /// As [`Job::in_repository`] reads it.
    repository: Option<String>,
    /// The repository's number, of one whose name does not say it.
    repository_id: Option<u64>,
    /// Such as `refs/heads/main` or `refs/tags/v1`.
    #[serde(rename = "ref")]
    reference: Option<String>,
    environment: Option<String>,
    /// The number of a pull request.
    pull_request: Option<u64>,
}

impl Asked {
    /// `job`, with what is asked for in its place.
    fn of(self, job: &Job) -> Result<Job, (StatusCode, String)> {
        let Self { audience: _, repository, repository_id, reference, environment, pull_request } = self;
        let of_reference = reference.as_deref().map(|reference| {
            let branch = reference.strip_prefix("refs/heads/").map(|name| Trigger::Branch(name.to_owned()));
            let tag = || reference.strip_prefix("refs/tags/").map(|name| Trigger::Tag(name.to_owned()));
            let named = branch.or_else(tag);
            named.ok_or_else(|| {
                (StatusCode::BAD_REQUEST, format!("`{reference}` is neither refs/heads/… nor refs/tags/…"))
            })
        });
        let of_request = pull_request.map(|number| {
            let (head, base) = ("change".to_owned(), "main".to_owned());
            Ok(Trigger::PullRequest { number, head, base })
        });
        let trigger = of_request.or(of_reference).transpose()?;
        let mut of = job.clone();
        if let Some(repository) = repository {
            of = of.in_repository(&repository).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        }
        of.repository_id = repository_id.unwrap_or(of.repository_id);
        of.trigger = trigger.unwrap_or(of.trigger);
        of.environment = environment.or(of.environment);
        Ok(of)
    }
}

async fn token(
    State(served): State<Arc<Served>>,
    Query(mut asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, (StatusCode, String)> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let entitled =
        given.is_some_and(|(_, token)| bool::from(token.as_bytes().ct_eq(served.bearer.expose().as_bytes())));
    if !entitled {
        return Err((
            StatusCode::UNAUTHORIZED,
            "the request for an identity token needs the runner's token".to_owned(),
        ));
    }
    let audience = asked.audience.take();
    let job = asked.of(&served.job)?;
    let value = blocking(served, move |served| {
        let audience = audience.unwrap_or_else(|| job.default_audience());
        served.issuer.token(&job, &audience, now())
    })
    .await?;
    Ok(answer(&json!({"count": value.len(), "value": value})))
}

fn answer(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Runs `work` where it holds nobody up: drawing the key takes its time.
async fn blocking<R: Send + 'static>(
    served: Arc<Served>,
    work: impl FnOnce(&Served) -> Result<R, IssuerError> + Send + 'static,
) -> Result<R, (StatusCode, String)> {
    let failed = |error: String| (StatusCode::INTERNAL_SERVER_ERROR, error);
    match tokio::task::spawn_blocking(move || work(&served)).await {
        Ok(result) => result.map_err(|error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}
