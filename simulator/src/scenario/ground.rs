//! What the scenarios stand on: the network, both images, and a server with the databases that each scenario gets a clone of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::query_parameters::TagImageOptionsBuilder;
use parking_lot::Mutex;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::task::parse_environment_file;
use simulator_core::effect::TaskId;
use tokio_util::task::AbortOnDropHandle;

use super::table::Schema;
use super::version::Version;
use crate::database::{Database, DatabaseError, Engine, LogicalDatabase, Password};
use crate::driver::docker::{DockerDriver, Registry};
use crate::driver::load_balancer::{LoadBalancer, Patience};
use crate::finding::Finding;
use crate::rehearsal::error::chain;
use crate::rehearsal::files::smoke::Request;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::secret_values::{self, SecretValue};
use crate::rehearsal::stages::database;
use crate::rehearsal::stages::images::{self, Image};
use crate::rehearsal::stages::preflight::unresolved_secrets;
use crate::rehearsal::stages::scene::{self, DATABASE_HOST};
use crate::rehearsal::{Progress, RehearsalError, Session, objects, task_definition};

/// What sends requests to tasks.
pub(super) type Client = reqwest::Client;

/// What the scenarios stand on.
pub(super) struct Ground<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) driver: DockerDriver,
    pub(super) client: Client,
    pub(super) server: Database,
    /// This machine's address that containers reach.
    pub(super) gateway: IpAddr,
    /// The network's name.
    pub(super) network: String,
    /// What runs now.
    pub(super) old: Version,
    /// What would be deployed.
    pub(super) new: Version,
    secrets: Vec<SecretValue>,
    /// What environment files hold, by their ARNs.
    files: BTreeMap<String, String>,
    /// The app's password on the server.
    password: Mutex<String>,
    tasks: AtomicU64,
    /// After how long tasks were up, at most, by their release's label.
    pub(super) starts: Mutex<BTreeMap<String, Duration>>,
    /// Keeps the port that the images are named by.
    _holding: TcpListener,
}

/// Why there is no ground.
pub(super) enum Groundless {
    /// The images or the database are at fault, and these findings say how.
    Refuted(Vec<Finding>),
    /// The rehearsal itself cannot be held.
    Failed(RehearsalError),
}

impl From<Unproved> for Groundless {
    fn from(unproved: Unproved) -> Self {
        match unproved {
            Unproved::Refuted(findings) => Self::Refuted(findings),
            Unproved::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<RehearsalError> for Groundless {
    fn from(error: RehearsalError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Ground<'a> {
    /// Opens the network, starts the database's server and has both images, side by side.
    pub(super) async fn open(session: &'a Session<'a>, progress: &Arc<dyn Progress>) -> Result<Self, Groundless> {
        let (engine, identity) = (session.engine.clone(), session.identity.clone());
        let refused = |error: crate::engine::EngineError| {
            let help = error.help().map(str::to_owned);
            RehearsalError::engine(&error, help)
        };
        let script = session.script;
        let Some((config, kind)) = &script.database else {
            return Err(Groundless::Failed(RehearsalError::Input {
                message: "greenroom.toml has no [database]: there is no data for a deploy to break".to_owned(),
                help: Some("add [database], or run `greenroom rehearse`".to_owned()),
            }));
        };
        if config.url.shape(*kind).is_some_and(|shape| !shape.contains("{name}")) {
            return Err(Groundless::Failed(RehearsalError::Input {
                message: "the database's URL in greenroom.toml does not say where the database's name stands"
                    .to_owned(),
                help: Some("write `{name}` there: each scenario has a database of its own".to_owned()),
            }));
        }
        if let Some(Finding { sentence, help, .. }) = unresolved_secrets(script, &session.input).into_iter().next() {
            return Err(RehearsalError::Input { message: sentence, help: help.into_iter().next() }.into());
        }
        // Nothing answers there: it is an address that no other rehearsal has, under which the images are this one's.
        let names = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|names| Ok((names.local_addr()?, names)));
        let (names, holding) =
            names.map_err(|error| RehearsalError::bug("cannot reserve a port of loopback", &error))?;
        let network = engine.open_network(&identity, names).await.map_err(refused)?;
        let gateway = engine.gateway(&network).await.map_err(refused)?;
        let bug = |error| RehearsalError::bug("cannot make up secrets", &error);
        let password = secret_values::password(script.password_characters()).map_err(bug)?;
        let administrator = secret_values::password("").map_err(bug)?;
        let secrets = scene::secrets(script, &session.input, &password).map_err(bug)?;
        secrets.iter().flat_map(SecretValue::hidden).for_each(|secret| session.redactor.hide(&secret));
        session.redactor.hide(&administrator);
        secret_values::hidden(&password).for_each(|secret| session.redactor.hide(secret));
        let passwords = (Password::new(password.clone()), Password::new(administrator));
        let spec = database::spec(session, &network.name, (&passwords.0, &passwords.1));
        let starting = AbortOnDropHandle::new(tokio::spawn(database::start(spec)));
        let (orders, shown) = ((images::orders(session), images::tasks(session)), Arc::clone(progress));
        let Proof { value: built, .. } = images::build(orders, engine.clone(), identity.clone(), shown).await?;
        let repository = format!("{names}/{}", identity.project());
        let (old, new) = (
            hold(session, &built.now, &repository, "old").await?,
            hold(session, &built.next, &repository, "new").await?,
        );
        let nowhere = Registry { host: String::new(), address: ([127, 0, 0, 1], 0).into() };
        let load_balancer = Arc::new(LoadBalancer::new(Patience::default()));
        let network_name = network.name.clone();
        let driver = DockerDriver::new(engine, identity, network, nowhere, load_balancer)
            .await
            .map_err(|error| RehearsalError::engine(&error, None))?;
        driver.keep_spare_networks(2);
        let started =
            starting.await.map_err(|error| RehearsalError::bug("the database's start ended early", &error))?;
        let server = started?
            .value
            .ok_or_else(|| RehearsalError::Bug { message: "there is a [database] and no server for it".to_owned() })?;
        Ok(Self {
            session,
            driver,
            client: crate::rehearsal::traffic::client_of_single_requests(),
            server,
            gateway,
            network: network_name,
            old: version(session, &script.from.label, &session.input.definition_now, &old)?,
            new: version(session, &script.to.label, &session.input.definition_next, &new)?,
            secrets,
            files: objects::contents(script, &session.input)?,
            password: Mutex::new(password),
            tasks: AtomicU64::new(0),
            starts: Mutex::default(),
            _holding: holding,
        })
    }

    /// The database's engine.
    pub(super) fn engine(&self) -> Engine {
        self.server.spec().engine
    }

    /// A name for a task that no other has: the first digits differ, by which its containers are called.
    pub(super) fn next_task(&self) -> TaskId {
        let number = self.tasks.fetch_add(1, Ordering::Relaxed) + 1;
        TaskId::new(u128::from(number) << 80)
    }

    /// Notes that a task of `version` was up after `took`.
    pub(super) fn started(&self, version: &Version, took: Duration) {
        let mut starts = self.starts.lock();
        let longest = starts.entry(version.label.clone()).or_default();
        *longest = took.max(*longest);
    }

    /// The requests that give the baseline its rows.
    pub(super) fn seed(&self) -> &[Request] {
        &self.session.input.files.smoke.seed
    }

    /// The requests that show whether the app works.
    pub(super) fn smoke(&self) -> &[Request] {
        &self.session.input.files.smoke.smoke
    }

    /// The values of the secrets for a task on `database`.
    pub(super) fn secrets_for(&self, database: &LogicalDatabase) -> Vec<SecretValue> {
        self.secrets_through(database, None)
    }

    /// The same for a task that reaches `database` at another address, if there is one.
    pub(super) fn secrets_through(&self, database: &LogicalDatabase, through: Option<SocketAddr>) -> Vec<SecretValue> {
        let Some((config, engine)) = &self.session.script.database else { return self.secrets.clone() };
        let shape = config.url.shape(*engine).unwrap_or_default();
        let shape = &through.map_or_else(|| shape.to_owned(), |through| at(shape, through));
        let mut config = config.clone();
        database.name().clone_into(&mut config.name);
        let url = secret_values::database_url(shape, &config, *engine, DATABASE_HOST, &self.password.lock());
        self.session.redactor.hide(&url);
        let of_database = |it: &SecretValue| secret_values::name_of(&it.value_from) == config.secret;
        let values = self.secrets.iter().map(|it| SecretValue {
            value: if of_database(it) { url.clone() } else { it.value.clone() },
            ..it.clone()
        });
        values.collect()
    }

    /// From now on the app's password is another one, of letters and digits.
    pub(super) async fn simplify_password(&self) -> Result<(), RehearsalError> {
        let plain =
            secret_values::password("").map_err(|error| RehearsalError::bug("cannot make up a password", &error))?;
        self.session.redactor.hide(&plain);
        self.server.change_password(&Password::new(plain.clone())).await?;
        *self.password.lock() = plain;
        Ok(())
    }

    /// The variables that `container` takes from environment files. Of two that set one variable the first holds.
    pub(super) fn environment_files(&self, container: &ContainerDefinition) -> BTreeMap<String, String> {
        let texts = container.environment_files.iter().rev().filter_map(|arn| self.files.get(arn));
        texts.flat_map(|text| parse_environment_file(text)).collect()
    }

    /// A database whose name ends so, with what `schema` says.
    pub(super) async fn clone_called(&self, name: &str, schema: Schema) -> Result<LogicalDatabase, DatabaseError> {
        let name = format!("{}_{name}", self.server.spec().name).to_lowercase();
        match schema {
            Schema::Empty => self.empty().clone_as(&name).await,
            Schema::Baseline => self.baseline().clone_as(&name).await,
        }
    }

    /// The database in which the baseline is: the app's own.
    pub(super) fn baseline(&self) -> LogicalDatabase {
        self.server.logical()
    }

    /// What the app's database was before anything was in it; it is there once [`Ground::keep_empty`] has been called.
    fn empty(&self) -> LogicalDatabase {
        self.server.logical().called(&self.empty_name())
    }

    fn empty_name(&self) -> String {
        format!("{}_empty", self.server.spec().name)
    }

    /// Keeps what the app's database is now, before the first migration.
    pub(super) async fn keep_empty(&self) -> Result<(), DatabaseError> {
        self.baseline().clone_as(&self.empty_name()).await.map(drop)
    }
}

impl From<DatabaseError> for RehearsalError {
    /// The failure of one of greenroom's own statements, which is no finding.
    fn from(error: DatabaseError) -> Self {
        Self::Engine { message: chain(&error), help: error.help() }
    }
}

/// `shape` with the host and the port of `place` in it.
fn at(shape: &str, place: SocketAddr) -> String {
    if shape.contains("{port}") {
        let port = place.port().to_string();
        let host = match place {
            SocketAddr::V4(place) => place.ip().to_string(),
            SocketAddr::V6(place) => format!("[{}]", place.ip()),
        };
        return shape.replace("{host}", &host).replace("{port}", &port);
    }
    shape.replace("{host}", &place.to_string())
}

/// Gives `image` another name, which goes with the rehearsal: the one it was built under may be another rehearsal's to remove.
async fn hold(session: &Session<'_>, image: &Image, repository: &str, tag: &str) -> Result<String, RehearsalError> {
    let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
    let named = session.engine.docker().tag_image(&image.reference, Some(options)).await;
    named.map_err(|error| RehearsalError::engine(&error, None))?;
    Ok(format!("{repository}:{tag}"))
}

fn version(
    session: &Session<'_>,
    label: &str,
    definition: &serde_json::Value,
    image: &str,
) -> Result<Version, RehearsalError> {
    let service = &session.script.service;
    let registration = task_definition::registration(definition, &service.container, &service.repository, image);
    Version::read(label, &registration)
}
