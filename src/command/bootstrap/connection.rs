//! The project's files, and the account that they are for.

use std::collections::BTreeSet;
use std::path::Path;

use bootstrap::{Account, Chosen, ConnectOptions, Credentials, Desired, Observed, Region, Values};
use clap::Args;

use super::refusal;
use crate::account_setup::{BootstrapAccount, SetUpError};
use crate::command::complain;
use crate::config::{self, ConfigText};
use crate::exit::Exit;

/// How to reach the account.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// Where all of AWS answers, instead of at its own addresses [default: `AWS_ENDPOINT_URL`, if it is set].
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The profile whose credentials to use [default: as the AWS CLI finds them].
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// The Region; it must be the project's [default: `region` in greenroom.toml].
    #[arg(long, value_name = "REGION", value_parser = Region::parse)]
    region: Option<Region>,
}

/// What a person decides about single resources.
#[derive(Debug, Args)]
pub(super) struct Decisions {
    /// Make this resource of somebody else's the project's: a name from the plan, or `all`. May be given more than once.
    #[arg(long, value_name = "NAME|all")]
    adopt: Vec<String>,
    /// Take this resource away, which greenroom.toml asks for no longer and which has something of value in it or may be in use: a name
    /// from the plan, or `all`. May be given more than once.
    #[arg(long, value_name = "NAME|all")]
    remove: Vec<String>,
}

impl Decisions {
    pub(super) fn adopted(&self) -> Chosen {
        chosen(&self.adopt)
    }

    pub(super) fn removed(&self) -> Chosen {
        chosen(&self.remove)
    }
}

fn chosen(names: &[String]) -> Chosen {
    if names.iter().any(|name| name == "all") {
        return Chosen::All;
    }
    Chosen::Named(names.iter().cloned().collect::<BTreeSet<_>>())
}

/// A project and its account.
pub(super) struct Connected {
    pub(super) account: Account,
    pub(super) desired: Desired,
}

impl Connected {
    /// The same with values for the project's secrets and parameters, each of which must be one that bootstrap makes.
    pub(super) fn with_values(self, values: Values) -> Result<Self, Exit> {
        let known: BTreeSet<String> = self.desired.valued().collect();
        if let Some(stranger) = values.names().difference(&known).next() {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            anstream::eprintln!("error: `--secret` is for `{stranger}`, which the task definition does not name");
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            anstream::eprintln!("help: the secrets and parameters that it names here: {known}");
            return Err(Exit::Input);
        }
        Ok(Self { account: self.account.with_values(values), desired: self.desired })
    }

    /// Looks at the account; what cannot be seen has been said if there is only an exit code.
    pub(super) async fn observe(&self) -> Result<Observed, Exit> {
        bootstrap::observe(&self.account, &self.desired).await.map_err(|error| refusal::of_call(&error))
    }
}

/// What the project's files say.
pub(super) fn read(path: &Path) -> Result<(bootstrap::Config, ConfigText), Exit> {
    let (config, text) = config::read(path).map_err(|error| complain(error, Exit::Input))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let engine = config.database.as_ref().map(|database| database.engine);
    let read = BootstrapAccount::read(&config, directory, engine).map_err(|error| match &error {
        SetUpError::Read { keys, .. } => {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            complain(text.mistake(&keys, &error.to_string()), Exit::Input)
        }
        SetUpError::Unusable { .. } => complain(error, Exit::Input),
    })?;
    Ok((read.config, text))
}

/// Reads the project's files and connects; what went wrong has been said if there is only an exit code.
pub(super) async fn open(path: &Path, connection: &Connection) -> Result<Connected, Exit> {
    let (config, text) = read(path)?;
    let options = ConnectOptions {
        endpoint_url: connection.endpoint_url.clone(),
        region: connection.region.clone().unwrap_or_else(|| config.project.region.clone()),
        credentials: Credentials::Ambient { profile: connection.profile.clone() },
    };
    let account = bootstrap::connect(&options).await.map_err(|error| refusal::of_connection(&error))?;
    let desired = Desired::new(&config, account.location()).map_err(|error| refusal::of_files(&error, &text))?;
    let location = account.location();
    anstream::eprintln!("account {} in {}, as {}", location.account, location.region, account.caller());
    Ok(Connected { account, desired })
}
