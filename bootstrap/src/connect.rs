//! The connection to an account: credentials, endpoint, one client per service.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::fault::{CallError, Called, Fault, sent};
use crate::location::{AccountId, Location, Region};
use crate::outcome::SecretAccessKey;
use crate::resource::ResourceId;
use crate::values::Values;

/// How to reach an account.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Where all services answer, instead of at AWS's own addresses. Plain `http` is allowed.
    pub endpoint_url: Option<String>,
    /// The region to work in.
    pub region: Region,
    /// As whom.
    pub credentials: Credentials,
}

/// Where credentials come from.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Given here. Neither the environment nor any file nor the instance metadata service is asked for anything.
    Explicit {
        /// The public half of the key.
        access_key_id: String,
        /// The secret half.
        secret_access_key: SecretAccessKey,
        /// The session token of temporary credentials.
        session_token: Option<SecretAccessKey>,
    },
    /// Found as the AWS command line finds them, by the named profile or, where there is none, the ordinary chain.
    Ambient {
        /// The profile.
        profile: Option<String>,
    },
}

/// A connection to one account in one region.
#[derive(Debug, Clone)]
pub struct Account {
    location: Location,
    caller: String,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    values: Values,
}

impl Account {
    /// The account's number, as AWS told it.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        &self.location.account
    }

    /// The account's number and the region.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The ARN of the user or role that the credentials belong to.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// The same connection, with values that were handed over for secrets and parameters. They are kept here and not in plans,
    /// which are shown and saved.
    #[must_use]
    pub fn with_values(self, values: Values) -> Self {
        Self { values, ..self }
    }

    /// The values that were handed over.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The endpoint is not the address of a server.
    #[error("the endpoint `{0}` is not a URL such as `http://127.0.0.1:4566`")]
    NotAnEndpoint(String),
    /// No credentials where they were looked for.
    #[error("finding AWS credentials")]
    NoCredentials(#[source] CredentialsError),
    /// The account did not say who it is.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The account said something that is not an account number.
    #[error("reading the account number that AWS gave")]
    NotAnAccount(#[source] crate::location::AccountIdError),
}

impl ConnectError {
    /// Whose turn it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotAnEndpoint(_) | Self::NoCredentials(_) => Fault::Input,
            Self::Call(error) => error.fault(),
            Self::NotAnAccount(_) => Fault::Bug,
        }
    }
}

/// Connects, and asks the account who it is and who is asking.
///
/// # Errors
/// If the endpoint is no URL, there are no credentials, AWS does not accept them, or nothing answers.
pub async fn connect(options: &ConnectOptions) -> Result<Account, ConnectError> {
    if let Some(url) = &options.endpoint_url
        && !is_endpoint(url)
    {
        return Err(ConnectError::NotAnEndpoint(url.clone()));
    }
    let config = match &options.credentials {
        Credentials::Explicit { access_key_id, secret_access_key, session_token } => {
            let credentials = aws_credential_types::Credentials::new(
                access_key_id,
                secret_access_key.expose(),
                session_token.as_ref().map(|token| token.expose().to_owned()),
                None,
                "greenroom",
            );
            explicit(options, SharedCredentialsProvider::new(credentials))
        }
        Credentials::Ambient { profile } => ambient(options, profile.as_deref()).await?,
    };
    identify(&config, &options.region).await
}

/// Whether a text is a URL of a server. The SDK would only find out when it makes a call, and say it in words of its own.
fn is_endpoint(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A configuration that owes nothing to the machine it is made on: no variable, no file, no proxy.
fn explicit(options: &ConnectOptions, credentials: SharedCredentialsProvider) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new(options.region.as_str().to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .http_client(http_client(ProxyConfig::disabled()));
    config.set_endpoint_url(options.endpoint_url.clone());
    config.build()
}

/// The configuration that the AWS command line would have, but for what the options say.
async fn ambient(options: &ConnectOptions, profile: Option<&str>) -> Result<SdkConfig, ConnectError> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(options.region.as_str().to_owned()))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .http_client(http_client(ProxyConfig::from_env()));
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    // Asked here so that "no credentials" is not mistaken for "no answer": the first call would not tell them apart.
    if let Some(provider) = config.credentials_provider() {
        provider.provide_credentials().await.map_err(ConnectError::NoCredentials)?;
    }
    Ok(config)
}

/// Long enough for the slowest answer of the calls we make, and short enough for a person to wait.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build()
}

fn http_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

async fn identify(config: &SdkConfig, region: &Region) -> Result<Account, ConnectError> {
    const OPERATION: &str = "sts:GetCallerIdentity";
    let resource = ResourceId::account();
    let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await.called(OPERATION, &resource)?;
    let account = sent(identity.account, "Account", OPERATION, &resource)?;
    let caller = sent(identity.arn, "Arn", OPERATION, &resource)?;
    let account = AccountId::parse(&account).map_err(ConnectError::NotAnAccount)?;
    Ok(Account {
        location: Location { account, region: region.clone() },
        caller,
        ec2: aws_sdk_ec2::Client::new(config),
        ecr: aws_sdk_ecr::Client::new(config),
        ecs: aws_sdk_ecs::Client::new(config),
        elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
        iam: aws_sdk_iam::Client::new(config),
        logs: aws_sdk_cloudwatchlogs::Client::new(config),
        secrets: aws_sdk_secretsmanager::Client::new(config),
        ssm: aws_sdk_ssm::Client::new(config),
        values: Values::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_of_servers() {
        for good in ["http://127.0.0.1:4566", "https://aws.example.com/", "http://[::1]:4566"] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in ["", "127.0.0.1:4566", "ftp://host", "http://", "http://:4566", "http://ho st", "notaurl"] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }
}
