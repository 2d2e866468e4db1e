//! What the stages play on: the simulated account with its endpoint and registry, the network, and the driver.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use simulator_core::elb::Reach;
use simulator_core::world::Setup;
use simulator_core::{AccountId, World};
use tokio_util::task::AbortOnDropHandle;

use crate::account::{Account, now};
use crate::cache;
use crate::database::Password;
use crate::driver::docker::{DockerDriver, Registry as EcrAddress, Wall};
use crate::driver::hook::Hooks;
use crate::driver::interference::{Interference, Trigger};
use crate::driver::load_balancer::{LoadBalancer, Patience};
use crate::driver::{self, Driver};
use crate::endpoint::{Bound, Endpoint, Offer};
use crate::engine::Network;
use crate::finding::{Code, Finding, Kind};
use crate::prediction::{Sighted, Sightings};
use crate::registry::{BlobStore, Registry};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::config::Secret;
use crate::rehearsal::deploy::Deploy;
use crate::rehearsal::error::chain;
use crate::rehearsal::input::Input;
use crate::rehearsal::record::Unproved;
use crate::rehearsal::script::Script;
use crate::rehearsal::secret_values::{self, SecretValue};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::rehearsal::task_definition;
use crate::wire::client::ClientError;

/// The name under which tasks reach the database, as a private DNS name would be in production.
pub(crate) const DATABASE_HOST: &str = "database";

/// The account that is simulated where the task definition names none.
pub(in crate::rehearsal) const ACCOUNT: &str = "123456789012";

/// The port that bootstrap's listener has in AWS.
const LISTENER_PORT: u16 = 80;

/// Any free port of loopback.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What the stages play on.
pub(super) struct Scene {
    pub(super) account: Arc<Account>,
    /// What runs the containers, to look into one of them.
    pub(super) containers: Arc<DockerDriver>,
    /// What probes met.
    pub(super) sightings: Arc<Sightings>,
    pub(super) account_id: String,
    pub(super) endpoint: Endpoint,
    pub(super) registry: Registry,
    pub(super) network: Network,
    /// What answers lifecycle hooks.
    pub(super) hooks: Hooks,
    /// The deployment of the stage *roll out*, once it has begun.
    pub(super) deployed: Arc<OnceLock<String>>,
    /// What enforces security groups between containers, or why nothing does.
    pub(super) wall: Result<Arc<Wall>, String>,
    /// Whether tasks have metadata and credentials.
    pub(super) has_agent: bool,
    /// What begins the faults that were asked for.
    pub(super) faults: Option<Trigger>,
    pub(super) secrets: Vec<SecretValue>,
    pub(super) password: Password,
    pub(super) administrator_password: Password,
}

/// The account made ready, and the deploy identity at work.
pub(super) struct Standing {
    pub(super) deploy: Deploy,
    /// The access key that the deploy identity acts with.
    pub(super) access_key_id: String,
    /// The load balancer's URL on loopback.
    pub(super) base_url: String,
    /// Ids of the security groups of the service's tasks.
    pub(super) service_groups: Vec<String>,
    /// The id of the database's security group, if it has one.
    pub(super) database_group: Option<String>,
}

impl Scene {
    /// Brings up the empty account, its endpoint and registry, the network and the driver, which goes on until its handle is
    /// dropped.
    ///
    /// # Errors
    /// If the engine refuses, or no port of loopback is free.
    pub(super) async fn open(session: &Session<'_>) -> Result<(Self, AbortOnDropHandle<Infallible>), RehearsalError> {
        let script = session.script;
        let bug = |error: std::io::Error| RehearsalError::bug("cannot make up secrets", &error);
        let id = task_definition::account(&session.input.definition_next).unwrap_or(ACCOUNT);
        let account_id: AccountId = id.parse().map_err(|message| RehearsalError::Input { message, help: None })?;
        let world = World::new(Setup {
            account: account_id,
            region: script.region.clone(),
            seed: now().as_millis(),
            timing: script.timing.clone(),
            now: now(),
        });
        let account = Arc::new(Account::new(world));
        // As in a lived-in account, the repository has the layers that were pushed to it before.
        let store = BlobStore::open(&cache::directory().join("registry"))
            .map_err(|error| RehearsalError::Input {
                message: chain(&error),
                help: Some("make room there, or set XDG_CACHE_HOME to a directory with room".to_owned()),
            })?
            .with_known_layers();
        let registry = Registry::start(Arc::clone(&account), ANY_PORT, store)
            .await
            .map_err(|error| RehearsalError::engine(&error, None))?;
        let bound = Bound::to(ANY_PORT).await.map_err(|error| RehearsalError::engine(&error, None))?;
        let offer = Offer { layers: Some(registry.layer_api()), hold_polls: true, ..Offer::default() };
        let endpoint = bound.serve(Arc::clone(&account), offer);
        let network = session.engine.open_network(&session.identity, registry.address()).await.map_err(|error| {
            let help = error.help().map(str::to_owned);
            RehearsalError::engine(&error, help)
        })?;
        let load_balancer = Arc::new(LoadBalancer::new(Patience::default()));
        if let Some(port) = script.port {
            load_balancer.reserve(LISTENER_PORT, port).await.map_err(|error| {
                RehearsalError::input(
                    &error,
                    "name another port with `--port`, or leave it out for any free one".to_owned(),
                )
            })?;
        }
        let stand_ins = script.stand_ins.iter().map(|(function, (stand_in, _))| (function.clone(), stand_in.into()));
        let hooks = Hooks::new(stand_ins.collect()).beside(&script.to.directory);
        let ecr = EcrAddress { host: ecr_host(id, script), address: registry.address() };
        let (engine, identity) = (session.engine.clone(), session.identity.clone());
        let driver = DockerDriver::new(engine, identity, network.clone(), ecr, Arc::clone(&load_balancer))
            .await
            .map_err(|error| RehearsalError::engine(&error, None))?;
        let driver = driver.with_hooks(hooks.clone()).with_agent(Arc::clone(&account), endpoint.address());
        let has_agent = driver.has_agent();
        let wall = driver.enforce_security_groups(Arc::clone(&account)).await.map_err(|error| chain(&error));
        // Made while the account, the database and the images are: a deployment starts as many tasks as this at once.
        driver.keep_spare_networks(usize::try_from(script.service.desired_count).unwrap_or(1).clamp(1, 4));
        let driver = Arc::new(driver);
        let containers = Arc::clone(&driver);
        let sightings = Arc::new(Sightings::default());
        let (driver, faults): (Arc<dyn Driver>, _) = if script.faults.is_empty() {
            (Arc::new(Sighted::new(driver, Arc::clone(&sightings))), None)
        } else {
            let (engine, faults) = (session.engine.clone(), script.faults.clone());
            let (disturbed, trigger) = Interference::new(driver, engine, Arc::clone(&account), faults);
            (Arc::new(disturbed), Some(trigger))
        };
        let driving = tokio::spawn(driver::drive(Arc::clone(&account), driver));

        let password = secret_values::password(script.password_characters()).map_err(bug)?;
        let administrator_password = secret_values::random(24).map_err(bug)?;
        let secrets = secrets(script, &session.input, &password).map_err(bug)?;
        secrets.iter().flat_map(SecretValue::hidden).for_each(|secret| session.redactor.hide(&secret));
        session.redactor.hide(&administrator_password);
        secret_values::hidden(&password).for_each(|secret| session.redactor.hide(secret));
        let scene = Self {
            account,
            containers,
            sightings,
            account_id: id.to_owned(),
            endpoint,
            registry,
            network,
            hooks,
            deployed: Arc::default(),
            wall,
            has_agent,
            faults,
            secrets,
            password: Password::new(password),
            administrator_password: Password::new(administrator_password),
        };
        Ok((scene, AbortOnDropHandle::new(driving)))
    }
}

/// The registry's name in the task definitions of `account`.
pub(in crate::rehearsal) fn ecr_host(account: &str, script: &Script) -> String {
    format!("{account}.dkr.ecr.{}.amazonaws.com", script.region)
}

impl Scene {
    /// Where the load balancer's listener is on loopback, once it is.
    ///
    /// # Errors
    /// It could not be given a port.
    pub(super) async fn listener_address(&self) -> Result<SocketAddr, RehearsalError> {
        reach(&self.account).await.map_err(|message| RehearsalError::Input { message, help: None })
    }
}

/// Tells `hooks` where the load balancer of `account` is, once it is somewhere.
pub(super) async fn tell_where(account: Arc<Account>, hooks: Hooks) {
    if let Ok(address) = reach(&account).await {
        hooks.reachable_at(&format!("http://{address}"));
    }
}

/// Where the load balancer's listener is, once it is somewhere; or why it is nowhere.
async fn reach(account: &Account) -> Result<SocketAddr, String> {
    let reach = account.until(|world| {
        world.elb().listeners().find_map(|it| match &it.reach {
            Reach::Coming => None,
            Reach::At(address) => Some(Ok(*address)),
            Reach::Nowhere(message) => Some(Err(message.clone())),
        })
    });
    reach.await
}

impl Standing {
    /// What AWS's refusal of one of the deploy's calls means.
    pub(super) fn refused(stage: Stage, error: &ClientError) -> Unproved {
        if error.code().is_none() {
            return Unproved::Failed(RehearsalError::bug("the simulated account does not answer", error));
        }
        let finding = if error.is_denial() {
            Finding::error(
                Code::A01,
                Kind::Proved,
                stage,
                "IAM denies the deploy identity a call that the deploy makes",
            )
            .with_help([
                "add the action to the deploy identity's policy; `greenroom bootstrap` writes one that suffices"
                    .to_owned(),
            ])
        } else {
            Finding::error(stage.code(), Kind::Proved, stage, "AWS refuses a call that the deploy makes")
                .with_help(["correct what the message names".to_owned()])
        };
        Unproved::Refuted(vec![finding.with_evidence([chain(error)])])
    }
}

/// A value for each secret that either task definition takes.
pub(crate) fn secrets(script: &Script, input: &Input, password: &str) -> std::io::Result<Vec<SecretValue>> {
    let mut values: Vec<SecretValue> = Vec::new();
    let next = task_definition::secrets(&input.definition_next);
    let now = task_definition::secrets(&input.definition_now);
    for (_, value_from) in next.into_iter().chain(now) {
        let name = secret_values::name_of(&value_from);
        if let Some(known) = values.iter_mut().find(|it| secret_values::name_of(&it.value_from) == name) {
            // A whole ARN is found by the name alone too.
            if !known.is_fixed() {
                known.value_from = value_from;
            }
            continue;
        }
        let of_database = script.database.as_ref().filter(|(database, _)| database.secret == name);
        let value = match of_database {
            Some((database, engine)) => {
                let shape = database.url.shape(*engine).unwrap_or_default();
                secret_values::database_url(shape, database, *engine, DATABASE_HOST, password)
            }
            None => match script.secrets.get(name) {
                Some(Secret { generate, keys }) => secret_values::made_up(*generate, keys)?,
                None => secret_values::random(32)?,
            },
        };
        values.push(SecretValue { value_from, value });
    }
    Ok(values)
}

/// What is simulated, and how far.
pub(super) fn simulated(script: &Script, scene: &Scene) -> Vec<String> {
    let mut simulated = vec![
        "the AWS account: IAM, STS, ECR, ECS, EC2, ELB, CloudWatch Logs and Secrets Manager, each call signed and authorised"
            .to_owned(),
        match &scene.wall {
            Ok(_) => "security groups: they decide whether the load balancer reaches a task, and over TCP whether tasks reach one another, \
                      the database and the world"
                .to_owned(),
            Err(why) => format!(
                "security groups: they decide whether the load balancer reaches a task; between containers they are not enforced ({why})"
            ),
        },
        if scene.has_agent {
            "task metadata and the task role's credentials, at 169.254.170.2 in each task; AWS_ENDPOINT_URL, which leads to the simulated \
             account, is set in every container that does not set it"
                .to_owned()
        } else {
            "task metadata and the task role's credentials: not there, since greenroom may not enter the tasks' networks (only root may)"
                .to_owned()
        },
    ];
    if script.timing == simulator_core::Timing::rehearsal() {
        simulated.push("AWS's own delays: compressed; what containers do is not".to_owned());
    }
    simulated.extend(script.faults.iter().map(|fault| format!("a fault: {fault}")));
    simulated
}

/// What is real whatever else happens.
pub(super) fn real(session: &Session<'_>) -> Vec<String> {
    let engine = session.engine.facts();
    vec![
        format!("the image builds, the containers and their network: Docker {}", engine.release),
        "the push and the pulls: the OCI distribution protocol, with the deploy identity's and the execution role's tokens"
            .to_owned(),
        "the migrations, the health checks and the requests".to_owned(),
    ]
}
