//! *build* and *push*: the two images of a deploy, and the way they get into the registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::scene::{Scene, Standing, ecr_host};
use crate::database::Database;
use crate::engine::build::{Build, BuildError, Progress as Building};
use crate::engine::push::PushError;
use crate::engine::{self, Engine};
use crate::finding::{Code, Finding, Kind, Severity};
use crate::prediction;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::rehearsal::files::{self, Workflow};
use crate::rehearsal::input::Input;
use crate::rehearsal::record::{Progress, Proof, Unproved};
use crate::rehearsal::script::{Origin, Source};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::rehearsal::{certificates, processor, task_definition};

/// On a base image that was built from a distribution's packages because no registry answered.
const STAND_IN: &str = "greenroom.stand-in";

/// How one image is to be had.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// From a directory.
    Build(Build),
    /// It is there already.
    Take { reference: String },
}

/// An image that the engine has.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// A reference that the engine knows it by.
    pub(crate) reference: String,
    /// Whether nothing had to be built.
    reused: bool,
}

/// The images of what runs now and of what would be deployed.
#[derive(Clone, Debug)]
pub(crate) struct Pair<T> {
    pub(crate) now: T,
    pub(crate) next: T,
}

/// The images as task definitions name them: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>`.
pub(super) type Images = Pair<Pushed>;

/// An image in the registry.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    pub(super) reference: String,
}

/// How the two images are to be had.
pub(crate) fn orders(session: &Session<'_>) -> Pair<Order> {
    let script = session.script;
    let order = |source: &Source| match &source.origin {
        Origin::Image { reference } => Order::Take { reference: reference.clone() },
        Origin::Commit { .. } | Origin::WorkTree { .. } => Order::Build(Build {
            context: source.directory.join(&script.files.context),
            dockerfile: source.directory.join(&script.files.dockerfile),
            arguments: BTreeMap::new(),
            target: None,
        }),
    };
    Pair { now: order(&script.from), next: order(&script.to) }
}

/// What the tasks of what would be deployed ask of its image.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    definition: Value,
    source: files::Source,
    workflows: Vec<Workflow>,
    /// The container behind the load balancer.
    container: String,
}

/// What the tasks of what `session` would deploy ask of its image.
pub(crate) fn tasks(session: &Session<'_>) -> Tasks {
    let Input { files, definition_next, .. } = &session.input;
    let source = files.task_definition.source.clone();
    let container = session.script.service.container.clone();
    Tasks { definition: definition_next.clone(), source, workflows: files.workflows.clone(), container }
}

impl Tasks {
    /// Whether `image` is for their processor, as far as that is known; what is to be said if it is not.
    async fn can_run(&self, engine: &Engine, image: &Image) -> Result<Option<Finding>, Unproved> {
        let inspected = engine.docker().inspect_image(&image.reference).await;
        let architecture = inspected.map_err(|error| RehearsalError::engine(&error, None))?.architecture;
        let Self { definition, source, workflows, container: _ } = self;
        let here = &engine.facts().architecture;
        let made_for = (architecture.as_deref().unwrap_or(here), here.as_str());
        match processor::check(definition, source, made_for, workflows) {
            Some(finding) if finding.severity == Severity::Error => Err(finding.into()),
            finding => Ok(finding),
        }
    }

    /// What is to be said if the app calls somebody over HTTPS and `image` has nothing to check certificates by.
    async fn can_trust(
        &self,
        engine: &Engine,
        rehearsal: &engine::Rehearsal,
        image: &Image,
    ) -> Result<Option<Finding>, Unproved> {
        let Some(variable) = certificates::asked_over_tls(&self.definition, &self.container) else { return Ok(None) };
        let found = engine.has_any(rehearsal, &image.reference, &certificates::BUNDLES).await;
        let found = found.map_err(|error| RehearsalError::engine(&error, None))?;
        Ok((!found).then(|| certificates::missing(variable, &self.source)))
    }
}

/// *build*: has both images. What runs now is built first, so that the other finds its layers.
pub(crate) async fn build(
    (orders, tasks): (Pair<Order>, Tasks),
    engine: Engine,
    rehearsal: engine::Rehearsal,
    progress: Arc<dyn Progress>,
) -> Result<Proof<Pair<Image>>, Unproved> {
    let now = one(&engine, &rehearsal, &orders.now, &*progress).await?;
    let next = one(&engine, &rehearsal, &orders.next, &*progress).await?;
    let mut warnings: Vec<Finding> = match &orders.next {
        Order::Build(_) => tasks.can_run(&engine, &next).await?.into_iter().collect(),
        Order::Take { .. } => Vec::new(),
    };
    warnings.extend(tasks.can_trust(&engine, &rehearsal, &next).await?);
    let evidence = match (now.reused, next.reused) {
        (true, true) => "both images are as they were built before",
        (true, false) => "what would be deployed is built; what runs now was built before",
        (false, true) => "what runs now is built; what would be deployed was built before",
        (false, false) => "both images are built",
    };
    Ok(Proof { warnings, ..Proof::new(Pair { now, next }, evidence) })
}

async fn one(
    engine: &Engine,
    rehearsal: &engine::Rehearsal,
    order: &Order,
    progress: &dyn Progress,
) -> Result<Image, Unproved> {
    let build = match order {
        Order::Build(build) => build,
        Order::Take { reference } => return Ok(Image { reference: reference.clone(), reused: true }),
    };
    let show = |step: Building<'_>| match step {
        Building::Pulling { image } => progress.says(Stage::Build, &format!("pulling `{image}`")),
        Building::Step { number, total, instruction } => {
            progress.says(Stage::Build, &format!("{number}/{total} {instruction}"));
        }
        Building::Output { line } => progress.says(Stage::Build, line),
        Building::Cached => {}
    };
    match engine.build(rehearsal, build, show).await {
        Ok(built) => Ok(Image { reference: built.reference, reused: built.reused }),
        Err(BuildError::Step { step, message }) => {
            let sentence = format!("step {} of the Dockerfile fails: `{}`", step.number, step.instruction);
            Err(Finding::error(Code::T03, Kind::Proved, Stage::Build, sentence)
                .with_evidence([message])
                .with_evidence(step.output)
                .with_help(["the last lines of the step say why".to_owned()])
                .in_file(&build.dockerfile.display().to_string())
                .into())
        }
        Err(error) => {
            let help = error.help().map(str::to_owned);
            Err(RehearsalError::engine(&error, help).into())
        }
    }
}

/// *build* and, as soon as that is proved, *push*, whose own result the build hands on.
pub(super) async fn ship(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    building: impl Future<Output = Result<Proof<Pair<Image>>, Unproved>>,
) -> Result<Proof<Result<Proof<Images>, Unproved>>, Unproved> {
    let Proof { value: built, evidence, warnings } = building.await?;
    let value = push(session, scene, standing, built).await;
    Ok(Proof { value, evidence, warnings })
}

/// *push*: both images go into the repository, with the deploy identity's own token.
async fn push(
    session: &Session<'_>,
    scene: &Scene,
    standing: &Standing,
    built: Pair<Image>,
) -> Result<Proof<Images>, Unproved> {
    let script = session.script;
    let token = standing.deploy.registry_token().await.map_err(|error| Standing::refused(Stage::Push, &error))?;
    let password = password_in(&token).ok_or_else(|| RehearsalError::Bug {
        message: "the simulated account's authorization token is not base64 of `AWS:` and a password".to_owned(),
    })?;
    session.redactor.hide(&token);
    session.redactor.hide(&password);
    let repository = &script.service.repository;
    let local = format!("{}/{repository}", scene.registry.address());
    let host = ecr_host(&scene.account_id, script);
    let send = async |source: &Source, image: &Image| -> Result<Pushed, Unproved> {
        let tag = source.tag(image.reference.rsplit(':').next().unwrap_or_default());
        let pushed = session.engine.push(&image.reference, &local, &tag, &password).await;
        pushed.map_err(|error| refused(scene, &error))?;
        Ok(Pushed { reference: format!("{host}/{repository}:{tag}") })
    };
    // Layers that both have are sent once, with the first.
    let now = send(&script.from, &built.now).await?;
    let next = send(&script.to, &built.next).await?;
    let known = scene.registry.known_layers().len();
    let reused =
        if known == 0 { String::new() } else { format!("; {known} layers were there from earlier rehearsals") };
    let evidence = format!("`{}` and `{}`{reused}", tag_of(&now), tag_of(&next));
    Ok(Proof::new(Images { now, next }, evidence))
}

fn tag_of(image: &Pushed) -> String {
    let tag = image.reference.rsplit(':').next().unwrap_or_default();
    tag.chars().take(28).collect()
}

fn refused(scene: &Scene, error: &PushError) -> Unproved {
    if let Some(failure) = scene.registry.failure() {
        let help = Some("make room, or set XDG_CACHE_HOME to a directory with room".to_owned());
        return Unproved::Failed(RehearsalError::Input { message: chain(&*failure), help });
    }
    let text = chain(error);
    let (code, sentence, help) = if text.contains("is not authorized to perform") {
        (
            Code::A01,
            "IAM denies the deploy identity a step of the push",
            "add the action to the deploy identity's policy",
        )
    } else if text.contains("immutable") {
        (
            Code::G03,
            "the tag exists already and the repository's tags are immutable",
            "deploy a new commit, or skip the push",
        )
    } else {
        (Code::T04, "the registry does not take the image", "the registry's own words say why")
    };
    Finding::error(code, Kind::Proved, Stage::Push, sentence).with_evidence([text]).with_help([help.to_owned()]).into()
}

/// The password in an authorization token: base64 of `AWS:<password>` (`facts/aws.md` section 5).
fn password_in(token: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    decoded.strip_prefix("AWS:").map(str::to_owned)
}

/// The deploy of these images, to be played elsewhere.
pub(super) fn deploy(session: &Session<'_>, images: &Images) -> prediction::Deploy {
    let service = &session.script.service;
    let registration = |file: &Value, image: &Pushed| {
        task_definition::registration(file, &service.container, &service.repository, &image.reference)
    };
    prediction::Deploy {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        container: service.container.clone(),
        desired: service.desired_count,
        now: registration(&session.input.definition_now, &images.now),
        next: registration(&session.input.definition_next, &images.next),
    }
}

/// Which images of this rehearsal are stand-ins.
pub(crate) async fn stand_ins(session: &Session<'_>, server: Option<&Database>) -> Vec<String> {
    let bases = session.input.files.dockerfile.base_images.iter().map(|image| image.value.clone());
    let mut stand_ins = Vec::new();
    for image in bases.chain(server.map(|it| it.spec().image().to_owned())) {
        let inspected = session.engine.docker().inspect_image(&image).await;
        let labels = inspected.ok().and_then(|it| it.config?.labels).unwrap_or_default();
        if labels.contains_key(STAND_IN) {
            stand_ins.push(format!("`{image}`: built from Debian packages, since no registry answered"));
        }
    }
    stand_ins
}
