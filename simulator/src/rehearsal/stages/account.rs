//! *account*: bootstrap makes the simulated account ready, over the wire, and the deploy identity takes over.

use std::sync::Arc;

use simulator_core::Refusal;
use simulator_core::iam::Secret;
use simulator_core::secrets::{CreateSecret, PutSecretValue, Value};
use simulator_core::sts::{AssumeRoleWithWebIdentity, TemporaryCredentials};

use super::scene::{Scene, Standing};
use crate::account::{Account, now};
use crate::finding::{Code, Finding, Kind};
use crate::oidc::{self, GITHUB, Issuer};
use crate::rehearsal::account_setup::{AccountSetUp, Administrator, DeployCredentials, DeployIdentity, SetUpFailed};
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
    put_secrets(&scene.account, scene.secrets.iter().filter(|secret| secret.is_fixed()))?;
    let (administrator, identity) = apply(script, &reached, &session.redactor, set_up, progress).await?;
    let DeployIdentity { user, credentials, subnets, security_groups, database_group, changes } = identity;
    // From here on the deploy identity acts, and what it asks for is held against its policy in the end.
    scene.account.stir(|world, _| world.keep_asked());
    put_secrets(&scene.account, scene.secrets.iter().filter(|secret| !secret.is_fixed()))?;
    objects::put(&scene.account, script, &session.input)?;
    let database_group = put_groups(&scene.account, script, &session.input, database_group)?;

    let service = &script.service;
    let client = sign_in(scene, &administrator, credentials, &session.redactor)?;
    let access_key_id = client.access_key_id().to_owned();
    let deploy = Deploy::new(client, &service.cluster, &service.name, &subnets, &security_groups);
    let address = scene.listener_address().await?;
    let evidence = format!(
        "{changes} changes by bootstrap; `{user}` deploys; endpoint {}, registry {}, load balancer {address}",
        administrator.endpoint,
        scene.registry.address(),
    );
    let base_url = format!("http://{address}");
    let standing = Standing { deploy, access_key_id, base_url, service_groups: security_groups, database_group };
    Ok(Proof::new(standing, evidence))
}

/// A client that signs as deploys do. Where they take a role, it is taken now, as a workflow's job takes it; the role's trust policy decides.
fn sign_in(
    scene: &Scene,
    administrator: &Administrator,
    credentials: DeployCredentials,
    redactor: &Redactor,
) -> Result<Client, Unproved> {
    let client = |id: &str, secret: &str| {
        Client::new(&administrator.endpoint, &administrator.region, id, secret)
            .map_err(|error| RehearsalError::bug("cannot make a client for the simulated account", &error))
    };
    match credentials {
        DeployCredentials::Key { access_key_id, secret_access_key } => Ok(client(&access_key_id, &secret_access_key)?),
        DeployCredentials::Role { arn, job, audience } => {
            let issuer = Issuer::new(GITHUB);
            let token = issuer
                .token(&job, &audience, now())
                .map_err(|error| RehearsalError::bug("cannot sign an identity token", &error))?;
            let assume = AssumeRoleWithWebIdentity {
                role_arn: arn.clone(),
                session_name: "rehearsal".to_owned(),
                token: oidc::read(&token, Some(&issuer)),
                duration_seconds: None,
                policy: None,
                policy_arns: Vec::new(),
            };
            let nobody = scene.account.look(simulator_core::World::anonymous);
            let session = scene.account.call(&nobody, assume).map_err(|refusal| {
                let sentence = format!("a job whose token has the subject `{}` cannot take role `{arn}`", job.sub());
                let finding = Finding::error(Code::T01, Kind::Proved, Stage::Account, sentence);
                Unproved::from(finding.with_evidence(vec![refusal.to_string()]))
            })?;
            let TemporaryCredentials { access_key_id, secret_access_key, session_token, expires_at: _ } =
                session.credentials;
            redactor.hide(&secret_access_key);
            redactor.hide(&session_token);
            Ok(client(&access_key_id, &secret_access_key)?.with_session_token(&session_token))
        }
    }
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
    if let DeployCredentials::Key { access_key_id: _, secret_access_key } = &identity.credentials {
        redactor.hide(secret_access_key);
    }
    Ok((administrator, identity))
}

/// The secrets' owner puts their values in, under exactly the ARNs that the task definitions name. Those with whole ARNs were
/// there before the account is made ready, which makes the others.
pub(in crate::rehearsal) fn put_secrets<'a>(
    account: &Account,
    secrets: impl Iterator<Item = &'a SecretValue>,
) -> Result<(), RehearsalError> {
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
        let put = PutSecretValue {
            secret_id: create.name.clone(),
            value: Value::new(&secret.value),
            token: None,
            stages: Vec::new(),
        };
        // Where its ARN is not fixed, the secret is there by now, and only lacks its value.
        let made = match account.call(&owner, create) {
            Err(Refusal::Fault { code: "ResourceExistsException", .. }) => account.call(&owner, put).map(drop),
            other => other.map(drop),
        };
        made.map_err(|refusal| RehearsalError::Bug {
            message: format!("cannot put the secret `{}` into the simulated account: {refusal}", secret.value_from),
        })?;
    }
    Ok(())
}
