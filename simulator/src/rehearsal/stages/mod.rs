//! What each stage does, and the order that they come in.

pub(super) mod account;
mod baseline;
pub(crate) mod database;
pub(crate) mod deploy;
mod explain;
pub(crate) mod images;
mod migrate;
pub(crate) mod preflight;
mod reachability;
pub(crate) mod scene;
mod verify;

use std::future::ready;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use futures_util::future::{Either, select};
use simulator_core::{EventKind, Timing, World};
use tokio_util::task::AbortOnDropHandle;

use super::account_setup::AccountSetUp;
use super::connections::Counter;
use super::record::{Halt, Progress, Proof, Record, Unproved};
use super::session::Session;
use super::shift;
use super::stage::Stage;
use super::traffic::{Tally, Traffic};
use crate::account::{Account, now};
use crate::database::Database;
use crate::driver::hook::Hooks;
use crate::prediction::{self, Sightings};
use reachability::Way;
use scene::{Scene, Standing};

/// What a verdict says beside the stages.
#[derive(Default)]
pub(super) struct Stood {
    pub(super) account: Option<Arc<Account>>,
    pub(super) traffic: Tally,
    pub(super) database: Option<String>,
    /// The account as it was set up, with its images and with AWS's own delays, and the deploy: what AWS would do is played there.
    pub(super) play: Option<(World, prediction::Deploy)>,
    /// What probes met.
    pub(super) sightings: Arc<Sightings>,
    /// How many connections tasks hold.
    pub(super) connections: Option<Counter>,
    /// What answers lifecycle hooks.
    pub(super) hooks: Hooks,
    /// The deployment of the stage *roll out*, once it has begun.
    pub(super) deployed: Arc<OnceLock<String>>,
    /// The access key that the deploy identity acts with.
    pub(super) deployer: Option<String>,
    pub(super) real: Vec<String>,
    pub(super) simulated: Vec<String>,
    pub(super) stood_in: Vec<String>,
    /// Kept until the end, since dropping it removes it.
    pub(super) server: Option<Database>,
}

/// Runs all stages in order.
///
/// # Errors
/// At the first refuted stage, unless the script says to go on; and when the rehearsal cannot be held.
pub(super) async fn run(
    session: &Session<'_>,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
    record: &mut Record<'_>,
    stood: &mut Stood,
) -> Result<(), Halt> {
    record.stage(Stage::Preflight, ready(preflight::check(session.script, &session.input))).await?;

    let (scene, driving) = Scene::open(session).await.map_err(Halt::Failed)?;
    tokio::select! {
        ended = on(&scene, session, set_up, progress, record, stood) => ended,
        // Only a bug of ours ends it, and without it every wait would be for ever.
        Err(error) = driving => Err(Halt::Failed(super::RehearsalError::bug("the driver has ended", &error))),
    }
}

/// The stages that need the scene.
async fn on(
    scene: &Scene,
    session: &Session<'_>,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
    record: &mut Record<'_>,
    stood: &mut Stood,
) -> Result<(), Halt> {
    stood.account = Some(Arc::clone(&scene.account));
    stood.hooks = scene.hooks.clone();
    stood.deployed = Arc::clone(&scene.deployed);
    // The very first deployment, of no tasks, asks hooks already.
    let _telling = ahead(scene::tell_where(Arc::clone(&scene.account), scene.hooks.clone()));
    stood.sightings = Arc::clone(&scene.sightings);
    stood.simulated = scene::simulated(session.script, scene);
    stood.real = scene::real(session);
    let _following = ahead(follow(Arc::clone(&scene.account), Arc::clone(progress)));
    // Neither the database nor the images need the account: they come into being beside it.
    let starting = ahead(database::start(database::spec(
        session,
        &scene.network.name,
        (&scene.password, &scene.administrator_password),
    )));
    let (engine, rehearsal) = (session.engine.clone(), session.identity.clone());
    let building = ahead(images::build(
        (images::orders(session), images::tasks(session)),
        engine,
        rehearsal,
        Arc::clone(progress),
    ));

    let standing = record.needed(Stage::Account, account::set_up(session, scene, set_up, progress)).await?;
    stood.deployer = Some(standing.access_key_id.clone());
    // Nor does the push need the database.
    let shipping = images::ship(session, scene, &standing, joined(building));
    let (server, shipped) = beside(record.needed(Stage::Database, joined(starting)), shipping).await?;
    stood.server = server;
    let server = stood.server.as_ref();
    if let Some(server) = server {
        let counter = Counter::start(server, Arc::clone(&scene.account)).await;
        let bug = |error| Halt::Failed(super::RehearsalError::bug("cannot count the database's connections", &error));
        stood.connections = Some(counter.map_err(bug)?);
    }
    stood.database = server.map(database::described);
    stood.real.extend(server.map(|it| format!("the database: {}", database::described(it))));
    let pushed = record.needed(Stage::Build, ready(shipped)).await?;
    stood.stood_in = images::stand_ins(session, server).await;
    let images = record.needed(Stage::Push, ready(pushed)).await?;
    let as_set_up = scene.account.look(|world| world.branch(now().as_millis(), Timing::aws()));
    stood.play = Some((as_set_up, images::deploy(session, &images)));
    let way = Way::open(session, scene, &standing, server).await.map_err(Halt::Failed)?;
    let establishing = baseline::establish(session, scene, &standing, server, &images);
    let baseline = record.needed(Stage::Baseline, way.hold(Stage::Baseline, establishing)).await?;

    let stage = Play { session, scene, standing: &standing, server, way: &way, images: &images, baseline: &baseline };
    let (traffic, ended) = stage.deploy_and_return(record).await;
    stood.traffic = traffic;
    ended
}

/// Everything that the earlier stages have brought about.
struct Play<'a> {
    session: &'a Session<'a>,
    scene: &'a Scene,
    standing: &'a Standing,
    server: Option<&'a Database>,
    way: &'a Way<'a>,
    images: &'a images::Images,
    baseline: &'a baseline::Baseline,
}

impl Play<'_> {
    /// The deploy itself and the way back, with requests all along; what became of those is answered whatever happens.
    async fn deploy_and_return(&self, record: &mut Record<'_>) -> (Tally, Result<(), Halt>) {
        let requests = self.session.input.files.smoke.smoke.clone();
        let traffic = Traffic::start(self.standing.base_url.clone(), requests);
        let ended = self.deploy_under(&traffic, record).await;
        (traffic.stop().await, ended)
    }

    async fn deploy_under(&self, traffic: &Traffic, record: &mut Record<'_>) -> Result<(), Halt> {
        let Self { session, scene, standing, server, way, images, baseline } = *self;
        let mut revision = None;
        if session.script.migration.is_some() {
            let migrating = migrate::run(session, scene, standing, server, images, &mut revision);
            record.stage(Stage::Migrate, way.hold(Stage::Migrate, migrating)).await?;
        } else {
            record.not_shown(Stage::Migrate, "greenroom.toml has no [migration]");
        }
        let advancing = deploy::advance(session, scene, standing, images, revision);
        record.stage(Stage::RollOut, way.hold(Stage::RollOut, advancing)).await?;
        record.stage(Stage::Verify, verify::answered(session, standing, traffic)).await?;
        record.stage(Stage::RollBack, deploy::go_back(session, scene, standing, &baseline.revision, traffic)).await?;
        Ok(())
    }
}

/// Shows what the service's events say, and how its traffic shifts, as it happens.
async fn follow(account: Arc<Account>, progress: Arc<dyn Progress>) {
    let mut seen = 0;
    loop {
        let new = account
            .until(|world| {
                let new = world.events().get(seen..).unwrap_or_default();
                (!new.is_empty()).then(|| new.to_vec())
            })
            .await;
        seen += new.len();
        for event in new {
            if let EventKind::Service { message, .. } = &event.kind {
                progress.happened(message);
            } else if let Some(said) = shift::said(&event.kind) {
                progress.happened(&said);
            }
        }
    }
}

/// Carries on with `second` while `first` is waited for, and then to its end; if `first` fails, `second` is dropped.
async fn beside<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = B>,
) -> Result<(A, B), E> {
    match select(pin!(first), pin!(second)).await {
        Either::Left((first, second)) => Ok((first?, second.await)),
        Either::Right((second, first)) => Ok((first.await?, second)),
    }
}

/// Begins `work` now, to be waited for later; it ends with the rehearsal.
fn ahead<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> AbortOnDropHandle<T> {
    AbortOnDropHandle::new(tokio::spawn(work))
}

/// Waits for work that was begun ahead.
async fn joined<T>(handle: AbortOnDropHandle<Result<Proof<T>, Unproved>>) -> Result<Proof<T>, Unproved> {
    match handle.await {
        Ok(result) => result,
        Err(error) => Err(Unproved::Failed(super::RehearsalError::bug("work begun ahead did not end", &error))),
    }
}
