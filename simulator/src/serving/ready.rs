//! What clients have to know of an account that is served.

use serde::Serialize;
use simulator_core::World;
use simulator_core::iam::{AccessKey, Secret};

/// What clients have to know. Its JSON is what `greenroom serve` writes once it answers.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// Of this format.
    version: u32,
    /// `AWS_ENDPOINT_URL`.
    pub endpoint: String,
    /// Where `docker login`, `push` and `pull` go: what repository URIs begin with.
    pub registry: String,
    account: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`, to which `&repository=OWNER/NAME` (or `OWNER@ID/NAME@ID`), `&ref=refs/heads/NAME`, `&environment=NAME` and
    /// `&pull_request=NUMBER` may be added.
    id_token_request_url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    id_token_request_token: String,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready")
            .field("endpoint", &self.endpoint)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl Ready {
    /// The account of `world`, reached at `host`, with the key of its administrator and what runners show to be given tokens.
    pub(super) fn new(world: &World, host: &str, key: &AccessKey, bearer: &Secret) -> Self {
        Self {
            version: 1,
            endpoint: format!("http://{host}"),
            registry: host.to_owned(),
            account: world.account().to_string(),
            region: world.region().to_string(),
            access_key_id: key.id.clone(),
            secret_access_key: key.secret.clone(),
            id_token_request_url: format!("http://{host}/token?api-version=2.0"),
            id_token_request_token: bearer.expose().to_owned(),
        }
    }

    /// The lines that make a shell's AWS clients use the account.
    #[must_use]
    pub fn exports(&self) -> String {
        let Self { endpoint, region, access_key_id, secret_access_key, .. } = self;
        format!(
            "export AWS_ENDPOINT_URL={endpoint} AWS_REGION={region} AWS_DEFAULT_REGION={region}\n\
             export AWS_ACCESS_KEY_ID={access_key_id} AWS_SECRET_ACCESS_KEY={secret_access_key}\n\
             unset AWS_SESSION_TOKEN AWS_PROFILE\n"
        )
    }
}
