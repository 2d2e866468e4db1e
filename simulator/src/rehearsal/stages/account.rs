//! *account*: bootstrap makes the simulated account ready, over the wire, and the deploy identity takes over.

use std::sync::Arc;

use simulator_core::secrets;

use super::scene::{Scene, Standing};
use crate::finding::{Code, Finding, Kind};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::account_setup::{AccountSetUp, Administrator, DeployIdentity, SetUpFailed};
use crate::rehearsal::deploy::Deploy;
use crate::rehearsal::record::{Progress, Proof, Unproved};
use crate::rehearsal::secret_values;
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::wire::client::Client;

/// Has the account set up, and puts the secrets' values in as their owner would.
pub(super) async fn set_up(
    session: &Session<'_>,
    scene: &Scene,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
) -> Result<Proof<Standing>, Unproved> {
    let script = session.script;
    let key = scene.account.stir(|world, _| world.root_access_key());
    let administrator = Administrator {
        endpoint: scene.endpoint.url(),
        region: script.region.to_string(),
        account: scene.account_id.clone(),
        access_key_id: key.id.clone(),
        secret_access_key: key.secret.clone(),
    };
    session.redactor.hide(&administrator.secret_access_key);
    let identity = set_up.apply(&administrator, &**progress).await.map_err(|SetUpFailed { message, evidence }| {
        Finding::error(
            Code::T01,
            Kind::Proved,
            Stage::Account,
            format!("bootstrap cannot make the account ready: {message}"),
        )
        .with_evidence(evidence)
    })?;
    let DeployIdentity { user, access_key_id, secret_access_key, subnets, security_groups, changes } = identity;
    session.redactor.hide(&secret_access_key);
    put_secrets(scene)?;

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
    Ok(Proof::new(Standing { deploy, base_url: format!("http://{address}") }, evidence))
}

/// The secrets' owner puts their values in, under exactly the ARNs that the task definitions name.
fn put_secrets(scene: &Scene) -> Result<(), RehearsalError> {
    let owner = scene.account.look(simulator_core::World::root);
    for secret in &scene.secrets {
        if !secret.value_from.contains(":secret:") {
            // A bare name, or the ARN of a parameter: it is in the Parameter Store.
            let value = secrets::Value::new(&secret.value);
            scene.account.stir(|world, _| world.put_parameter(&secret.value_from, value));
            continue;
        }
        let create = secrets::CreateSecret {
            name: secret_values::name_of(&secret.value_from).to_owned(),
            value: Some(secrets::Value::new(&secret.value)),
            suffix: secret_values::suffix_of(&secret.value_from).map(str::to_owned),
            ..secrets::CreateSecret::default()
        };
        scene.account.call(&owner, create).map_err(|refusal| RehearsalError::Bug {
            message: format!("cannot put the secret `{}` into the simulated account: {refusal}", secret.value_from),
        })?;
    }
    Ok(())
}
