//! OpenID Connect providers: whose identity tokens the account's roles may trust.

use std::collections::BTreeMap;

use super::State;
use super::tag::{self, Tagged, Tagging};
use super::user::creation;
use super::validate::{exists, invalid, limit, no_such, validation};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Most providers of an account (facts/bootstrap.md, quotas).
pub(super) const PER_ACCOUNT: usize = 100;
const MOST_CLIENTS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;
const LONGEST: usize = 255;
/// What IAM finds by itself when it is given no thumbprint for GitHub (GitHub's changelog of 2022-01-13). Of other hosts nothing
/// is found, for greenroom asks nobody.
const GITHUB: (&str, &str) = ("token.actions.githubusercontent.com", "6938fd4d98bab03faadb97b34396831e3780aea1");

/// A provider whose tokens roles may trust.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    arn: Arn,
    /// The issuer without `https://`, as condition keys begin.
    host: String,
    clients: Vec<String>,
    thumbprints: Vec<String>,
    created: Timestamp,
    tags: BTreeMap<String, String>,
}

impl OidcProvider {
    /// Its ARN.
    pub(crate) const fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The issuer without `https://`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether tokens for `audience` are taken.
    pub(crate) fn knows(&self, audience: &str) -> bool {
        self.clients.iter().any(|client| client == audience)
    }
}

impl State {
    /// The provider of the issuer `issuer`, such as `https://token.actions.githubusercontent.com`.
    pub(crate) fn oidc_provider(&self, issuer: &str) -> Option<&OidcProvider> {
        let host = issuer.strip_prefix("https://")?.trim_end_matches('/');
        self.oidc_providers.values().find(|provider| provider.host == host)
    }

    fn provider(&self, arn: &str) -> Result<&OidcProvider, Refusal> {
        self.oidc_providers.get(arn).ok_or_else(|| missing(arn))
    }

    fn provider_mut(&mut self, arn: &str) -> Result<&mut OidcProvider, Refusal> {
        self.oidc_providers.get_mut(arn).ok_or_else(|| missing(arn))
    }
}

impl Tagged for OidcProvider {
    const TAGGING: Tagging = Tagging {
        tag: "iam:TagOpenIDConnectProvider",
        untag: "iam:UntagOpenIDConnectProvider",
        list: "iam:ListOpenIDConnectProviderTags",
    };

    fn access(_: &World, action: &'static str, arn: &str) -> Access {
        Access::new(action, arn)
    }

    fn tags<'s>(state: &'s State, arn: &str) -> Result<&'s BTreeMap<String, String>, Refusal> {
        state.provider(arn).map(|provider| &provider.tags)
    }

    fn tags_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut BTreeMap<String, String>, Refusal> {
        state.provider_mut(arn).map(|provider| &mut provider.tags)
    }
}

fn missing(arn: &str) -> Refusal {
    no_such(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// Makes a provider (`CreateOpenIDConnectProvider`).
#[derive(Clone, Debug, Default)]
pub struct CreateOidcProvider {
    /// The issuer, which begins with `https://`.
    pub url: String,
    /// Audiences whose tokens are taken.
    pub clients: Vec<String>,
    /// Thumbprints of certificates, 40 hexadecimal digits each; none lets IAM find one.
    pub thumbprints: Vec<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Operation for CreateOidcProvider {
    type Output = OidcProviderDescription;
    const NAME: &'static str = "iam:CreateOpenIDConnectProvider";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = provider_arn(world, self.url.strip_prefix("https://").unwrap_or(&self.url));
        Ok(creation(Self::NAME, OidcProvider::TAGGING.tag, arn.as_str(), None, &self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { url, clients, thumbprints, tags } = authorized.operation;
        let host = checked_host(&url)?;
        clients.iter().try_for_each(|client| check_client(client))?;
        check_thumbprints(&thumbprints)?;
        if clients.len() > MOST_CLIENTS {
            return Err(too_many_clients());
        }
        let tags = tag::checked(BTreeMap::new(), &tags)?;
        let arn = provider_arn(world, host);
        if world.iam.oidc_providers.contains_key(arn.as_str()) {
            return Err(exists(format!("Provider with url {url} already exists.")));
        }
        if world.iam.oidc_providers.len() >= PER_ACCOUNT {
            return Err(limit(format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PER_ACCOUNT}")));
        }
        let found = (thumbprints.is_empty() && host == GITHUB.0).then(|| GITHUB.1.to_owned());
        let provider = OidcProvider {
            arn: arn.clone(),
            host: host.to_owned(),
            clients: each_once(clients),
            thumbprints: thumbprints.into_iter().chain(found).collect(),
            created: world.now,
            tags,
        };
        let answer = provider.describe();
        world.iam.oidc_providers.insert(arn.to_string(), provider);
        Ok(answer)
    }
}

/// A provider as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProviderDescription {
    /// Its ARN.
    pub arn: Arn,
    /// The issuer without `https://`, as IAM answers it.
    pub url: String,
    /// Audiences whose tokens are taken.
    pub clients: Vec<String>,
    /// Thumbprints of certificates.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl OidcProvider {
    fn describe(&self) -> OidcProviderDescription {
        let Self { arn, host, clients, thumbprints, created, tags } = self;
        OidcProviderDescription {
            arn: arn.clone(),
            url: host.clone(),
            clients: clients.clone(),
            thumbprints: thumbprints.clone(),
            created: *created,
            tags: tags.clone(),
        }
    }
}

/// Describes a provider (`GetOpenIDConnectProvider`).
#[derive(Clone, Debug)]
pub struct GetOidcProvider {
    /// Its ARN.
    pub arn: String,
}

impl Operation for GetOidcProvider {
    type Output = OidcProviderDescription;
    const NAME: &'static str = "iam:GetOpenIDConnectProvider";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        world.iam.provider(&authorized.operation.arn).map(OidcProvider::describe)
    }
}

/// Lists the ARNs of all providers (`ListOpenIDConnectProviders`).
#[derive(Clone, Copy, Debug, Default)]
pub struct ListOidcProviders {}

impl Operation for ListOidcProviders {
    type Output = Vec<Arn>;
    const NAME: &'static str = "iam:ListOpenIDConnectProviders";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, provider_arn(world, "*").as_str())])
    }

    fn perform(_: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        Ok(world.iam.oidc_providers.values().map(|provider| provider.arn.clone()).collect())
    }
}

/// Deletes a provider, if it exists (`DeleteOpenIDConnectProvider`: "idempotent", botocore).
#[derive(Clone, Debug)]
pub struct DeleteOidcProvider {
    /// Its ARN.
    pub arn: String,
}

impl Operation for DeleteOidcProvider {
    type Output = ();
    const NAME: &'static str = "iam:DeleteOpenIDConnectProvider";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        world.iam.oidc_providers.remove(&authorized.operation.arn);
        Ok(())
    }
}

/// Has a provider take tokens for one audience more (`AddClientIDToOpenIDConnectProvider`). One that it takes already stays.
#[derive(Clone, Debug)]
pub struct AddClientId {
    /// The provider's ARN.
    pub arn: String,
    /// The audience.
    pub client: String,
}

impl Operation for AddClientId {
    type Output = ();
    const NAME: &'static str = "iam:AddClientIDToOpenIDConnectProvider";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn, client } = authorized.operation;
        check_client(&client)?;
        let provider = world.iam.provider_mut(&arn)?;
        if provider.knows(&client) {
            return Ok(());
        }
        if provider.clients.len() >= MOST_CLIENTS {
            return Err(too_many_clients());
        }
        provider.clients.push(client);
        Ok(())
    }
}

/// Has a provider take no more tokens for an audience (`RemoveClientIDFromOpenIDConnectProvider`), if it took them.
#[derive(Clone, Debug)]
pub struct RemoveClientId {
    /// The provider's ARN.
    pub arn: String,
    /// The audience.
    pub client: String,
}

impl Operation for RemoveClientId {
    type Output = ();
    const NAME: &'static str = "iam:RemoveClientIDFromOpenIDConnectProvider";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn, client } = authorized.operation;
        world.iam.provider_mut(&arn)?.clients.retain(|known| *known != client);
        Ok(())
    }
}

/// Replaces a provider's thumbprints (`UpdateOpenIDConnectProviderThumbprint`).
#[derive(Clone, Debug)]
pub struct UpdateThumbprints {
    /// The provider's ARN.
    pub arn: String,
    /// The new ones.
    pub thumbprints: Vec<String>,
}

impl Operation for UpdateThumbprints {
    type Output = ();
    const NAME: &'static str = "iam:UpdateOpenIDConnectProviderThumbprint";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn, thumbprints } = authorized.operation;
        check_thumbprints(&thumbprints)?;
        world.iam.provider_mut(&arn)?.thumbprints = thumbprints;
        Ok(())
    }
}

fn provider_arn(world: &World, host: &str) -> Arn {
    Arn::global("iam", &world.account, &format!("oidc-provider/{}", host.trim_end_matches('/')))
}

/// The issuer without `https://`: a host and perhaps a path, without a query (botocore, `Url`).
fn checked_host(url: &str) -> Result<&str, Refusal> {
    if url.is_empty() || url.len() > LONGEST {
        let rule = if url.is_empty() { "greater than or equal to 1" } else { "less than or equal to 255" };
        return Err(validation(format!(
            "1 validation error detected: Value '{url}' at 'url' failed to satisfy constraint: Member must have length {rule}"
        )));
    }
    let host = url.strip_prefix("https://").map(|host| host.trim_end_matches('/'));
    let sound = |host: &&str| {
        let name = host.split('/').next().unwrap_or_default();
        !name.is_empty() && !host.contains(['?', '#', '@']) && host.bytes().all(|byte| byte.is_ascii_graphic())
    };
    host.filter(sound).ok_or_else(|| validation("Invalid Open ID Connect Provider URL"))
}

fn check_client(client: &str) -> Result<(), Refusal> {
    if (1..=LONGEST).contains(&client.chars().count()) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value '[{client}]' at 'clientIDList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1]"
    )))
}

fn check_thumbprints(thumbprints: &[String]) -> Result<(), Refusal> {
    if thumbprints.iter().any(|thumbprint| thumbprint.chars().count() != 40) {
        let given = thumbprints.join(", ");
        return Err(validation(format!(
            "1 validation error detected: Value '[{given}]' at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater than or equal to 40]"
        )));
    }
    if thumbprints.len() > MOST_THUMBPRINTS {
        return Err(invalid("Thumbprint list must contain fewer than 5 entries."));
    }
    Ok(())
}

fn too_many_clients() -> Refusal {
    limit(format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}"))
}

/// The same texts, each where it first stands.
fn each_once(texts: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}
