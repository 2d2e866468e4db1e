//! *account*: bootstrap makes the simulated account ready, over the wire, and the deploy identity takes over.

use std::sync::Arc;

use simulator_core::iam::Secret;
use simulator_core::secrets::{CreateSecret, Value};

use super::scene::{Scene, Standing};
use crate::account::Account;
use crate::finding::{Code, Finding, Kind};
use crate::rehearsal::account_setup::{AccountSetUp, Administrator, DeployIdentity, SetUpFailed};
use crate::rehearsal::deploy::Deploy;
use crate::rehearsal::input::Input;
use crate::rehearsal::record::{Progress, Proof, Unproved};
use crate::rehearsal::script::Script;
use crate::rehearsal::secret_values::{self, SecretValue};
use crate::rehearsal::security_groups;
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::rehearsal::{RehearsalError, objects};
use crate::report::Redactor;
use crate::wire::client::Client;

/// Has the account set up, and puts the secrets' values in as their owner would.
pub(super) async fn set_up(
    session: &Session<'_>,
    scene: &Scene,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
) -> Result<Proof<Standing>, Unproved> {
    let script = session.script;
    let reached = Reached { account: &scene.account, endpoint: scene.endpoint.url(), id: &scene.account_id };
    let (administrator, identity) = apply(script, &reached, &session.redactor, set_up, progress).await?;
    let DeployIdentity { user, access_key_id, secret_access_key, subnets, security_groups, database_group, changes } =
        identity;
    put_secrets(&scene.account, &scene.secrets)?;
    objects::put(&scene.account, script, &session.input)?;
    let database_group = put_groups(&scene.account, script, &session.input, database_group)?;

    let service = &script.service;
    let client = Client::new(&administrator.endpoint, &administrator.region, &access_key_id, &secret_access_key)
        .map_err(|error| RehearsalError::bug("cannot make a client for the simulated account", &error))?;
    let deploy = Deploy::new(client, &service.cluster, &service.name, &subnets, &security_groups);
    let address = scene.listener_address().await?;
    let evidence = format!(
        "{changes} changes by bootstrap; `{user}` deploys; endpoint {}, registry {}, load balancer {address}",
        administrator.endpoint,
        scene.registry.address(),
    );
    let base_url = format!("http://{address}");
    Ok(Proof::new(Standing { deploy, base_url, service_groups: security_groups, database_group }, evidence))
}

/// The security groups become what the user's file says they are, if there is one. Answers the database's: the one that bootstrap made unless
/// the script names another.
pub(in crate::rehearsal) fn put_groups(
    account: &Account,
    script: &Script,
    input: &Input,
    made: Option<String>,
) -> Result<Option<String>, RehearsalError> {
    let Some(file) = &input.security_groups else { return Ok(made) };
    let named = script.database.as_ref().and_then(|(database, _)| database.security_group.as_deref());
    Ok(security_groups::put(account, file, named)?.or(made))
}

/// A simulated account, and where it answers.
pub(in crate::rehearsal) struct Reached<'a> {
    pub(in crate::rehearsal) account: &'a Account,
    pub(in crate::rehearsal) endpoint: String,
    pub(in crate::rehearsal) id: &'a str,
}

/// Has the account made ready by its administrator, whose key is made for it.
pub(in crate::rehearsal) async fn apply(
    script: &Script,
    reached: &Reached<'_>,
    redactor: &Redactor,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
) -> Result<(Administrator, DeployIdentity), Unproved> {
    let key = reached.account.stir(|world, _| world.root_access_key());
    let administrator = Administrator {
        endpoint: reached.endpoint.clone(),
        region: script.region.to_string(),
        account: reached.id.to_owned(),
        access_key_id: key.id.clone(),
        secret_access_key: key.secret.clone(),
    };
    redactor.hide(&administrator.secret_access_key);
    let applied = set_up.apply(&administrator, &**progress).await;
    let identity = applied.map_err(|SetUpFailed { message, evidence }| {
        let sentence = format!("bootstrap cannot make the account ready: {message}");
        Finding::error(Code::T01, Kind::Proved, Stage::Account, sentence).with_evidence(evidence)
    })?;
    redactor.hide(&identity.secret_access_key);
    Ok((administrator, identity))
}

/// The secrets' owner puts their values in, under exactly the ARNs that the task definitions name.
pub(in crate::rehearsal) fn put_secrets(account: &Account, secrets: &[SecretValue]) -> Result<(), RehearsalError> {
    let owner = account.look(simulator_core::World::root);
    for secret in secrets {
        if !secret.value_from.contains(":secret:") {
            // A bare name, or the ARN of a parameter: it is in the Parameter Store.
            account.stir(|world, _| world.put_parameter(&secret.value_from, Secret::new(&secret.value)));
            continue;
        }
        let create = CreateSecret {
            name: secret_values::name_of(&secret.value_from).to_owned(),
            value: Some(Value::new(&secret.value)),
            suffix: secret_values::suffix_of(&secret.value_from).map(str::to_owned),
            ..CreateSecret::default()
        };
        account.call(&owner, create).map_err(|refusal| RehearsalError::Bug {
            message: format!("cannot put the secret `{}` into the simulated account: {refusal}", secret.value_from),
        })?;
    }
    Ok(())
}
