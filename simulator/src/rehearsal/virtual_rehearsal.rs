//! A rehearsal without containers: the account is made ready as always, and the deploy is played in virtual time by a script of
//! how containers behave, declared or measured earlier.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use simulator_core::virtual_time::Script as Behaviours;
use simulator_core::{AccountId, World};

use super::account_setup::{AccountSetUp, DeployIdentity};
use super::diagnosis::not_simulated;
use super::diagnosis::reachability::closed;
use super::error::RehearsalError;
use super::input::Input;
use super::record::{Halt, Progress, Proof, Record, Unproved};
use super::script::{Origin, Script, Source};
use super::secret_values::SecretValue;
use super::stage::Stage;
use super::stages::account::{Reached, apply, put_groups, put_secrets};
use super::stages::scene::{ACCOUNT, ecr_host, secrets};
use super::stages::{Stood, preflight};
use super::verdict::Verdict;
use super::{objects, secret_values, task_definition};
use crate::account::{Account, now};
use crate::endpoint::Endpoint;
use crate::finding::{Finding, Kind};
use crate::prediction::{self, Deploy, Needs, PlayError, Prediction};
use crate::report::Redactor;

/// Why some stages are not shown.
const NO_CONTAINERS: &str = "in virtual time there are no containers";

/// Holds a rehearsal in virtual time.
///
/// # Errors
/// If it cannot be held; a deploy that would fail is a verdict.
pub async fn rehearse(
    script: &Script,
    behaviours: Behaviours,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
) -> Result<Verdict, RehearsalError> {
    let began = Instant::now();
    let input = Input::read(script)?;
    let redactor = Redactor::default();
    let mut record = Record::new(&**progress, script.keep_going);
    let mut played = None;
    let rehearsal = Rehearsal { script, input: &input, redactor: &redactor };
    if let Err(Halt::Failed(error)) = rehearsal.hold(behaviours, set_up, progress, &mut record, &mut played).await {
        return Err(error);
    }
    let (prediction, events) = match played {
        Some((prediction, world)) => (Some(prediction), world.events().to_vec()),
        None => (None, Vec::new()),
    };
    let Stood { traffic, .. } = Stood::default();
    Ok(Verdict {
        id: "virtual".to_owned(),
        project: script.project.clone(),
        from: script.from.label.clone(),
        to: script.to.label.clone(),
        database: None,
        outcomes: record.finish(),
        traffic,
        predicted: prediction::findings(prediction.as_ref(), &Needs::default(), false),
        prediction,
        course: None,
        needs: Needs::default(),
        not_simulated: not_simulated::findings(&events),
        permissions: None,
        behaviours: None,
        real: vec!["the set-up of the account: bootstrap's calls, over HTTP, each signed and authorised".to_owned()],
        simulated: vec![
            "the AWS account: IAM, STS, ECR, ECS, EC2, ELB, CloudWatch Logs and Secrets Manager".to_owned(),
            "the containers: they behave as a script says, in virtual time".to_owned(),
        ],
        stood_in: Vec::new(),
        cautions: script.left_out(),
        took: began.elapsed(),
        events,
        redactor,
    })
}

/// The account made ready for the deploy that `script` is about, and that deploy.
///
/// # Errors
/// The files cannot be used, or the account cannot be made ready.
pub async fn stand(
    script: &Script,
    set_up: &dyn AccountSetUp,
    progress: &Arc<dyn Progress>,
) -> Result<(World, Deploy), RehearsalError> {
    let input = Input::read(script)?;
    let rehearsal = Rehearsal { script, input: &input, redactor: &Redactor::default() };
    let unresolved = preflight::unresolved_secrets(script, &input);
    let stood = if unresolved.is_empty() {
        rehearsal.account(set_up, progress).await
    } else {
        Err(Unproved::Refuted(unresolved))
    };
    match stood {
        Ok(Proof { value: world, .. }) => Ok((world, rehearsal.deploy())),
        Err(Unproved::Failed(error)) => Err(error),
        Err(Unproved::Refuted(findings)) => {
            let first = findings.into_iter().next();
            let (message, help) = first.map(|Finding { sentence, help, .. }| (sentence, help)).unwrap_or_default();
            Err(RehearsalError::Input { message, help: help.into_iter().next() })
        }
    }
}

struct Rehearsal<'a> {
    script: &'a Script,
    input: &'a Input,
    redactor: &'a Redactor,
}

impl Rehearsal<'_> {
    async fn hold(
        &self,
        behaviours: Behaviours,
        set_up: &dyn AccountSetUp,
        progress: &Arc<dyn Progress>,
        record: &mut Record<'_>,
        played: &mut Option<(Prediction, World)>,
    ) -> Result<(), Halt> {
        record.stage(Stage::Preflight, async { preflight::check(self.script, self.input) }).await?;
        let world = record.needed(Stage::Account, self.account(set_up, progress)).await?;
        for stage in [Stage::Database, Stage::Build, Stage::Push] {
            record.not_shown(stage, NO_CONTAINERS);
        }
        let deploy = self.deploy();
        let result = prediction::predict(world, behaviours, &deploy);
        let (prediction, world) = match result {
            Ok(result) => result,
            Err(error @ PlayError::Stuck { .. }) => {
                return Err(Halt::Failed(RehearsalError::bug("cannot play the deploy", &error)));
            }
            Err(error @ (PlayError::Refused { .. } | PlayError::Baseline { .. })) => {
                let finding = refuted(Stage::Baseline, error.to_string(), Vec::new());
                return record.stage(Stage::Baseline, async { Err::<Proof<()>, _>(finding.into()) }).await.map(drop);
            }
        };
        let tasks = self.script.service.desired_count;
        let baseline = format!("{} comes up with {tasks} tasks", self.script.from.label);
        record.stage(Stage::Baseline, async { Ok(Proof::new((), baseline)) }).await?;
        record.not_shown(Stage::Migrate, NO_CONTAINERS);
        let ended = match prediction::failure(&prediction) {
            None => Ok(Proof::new((), prediction.lines().remove(0))),
            Some(finding) => Err(finding.into()),
        };
        *played = Some((prediction, world));
        record.stage(Stage::RollOut, async { ended }).await?;
        for stage in [Stage::Verify, Stage::RollBack] {
            record.not_shown(stage, NO_CONTAINERS);
        }
        Ok(())
    }

    /// The account made ready, over HTTP as on AWS.
    async fn account(&self, set_up: &dyn AccountSetUp, progress: &Arc<dyn Progress>) -> Result<Proof<World>, Unproved> {
        let script = self.script;
        let id = task_definition::account(&self.input.definition_next).unwrap_or(ACCOUNT);
        let account: AccountId = id.parse().map_err(|message| RehearsalError::Input { message, help: None })?;
        let world = World::new(simulator_core::Setup {
            account,
            region: script.region.clone(),
            // The same script gives the same names, and so the same prediction.
            seed: 1,
            timing: script.timing.clone(),
            now: now(),
        });
        let account = Arc::new(Account::new(world));
        let endpoint = Endpoint::start(Arc::clone(&account), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .map_err(|error| RehearsalError::engine(&error, None))?;
        let reached = Reached { account: &account, endpoint: endpoint.url(), id };
        let made_up = |error: std::io::Error| RehearsalError::bug("cannot make up secrets", &error);
        let password = secret_values::password(script.password_characters()).map_err(made_up)?;
        let secrets = secrets(script, self.input, &password).map_err(made_up)?;
        secrets.iter().flat_map(SecretValue::hidden).for_each(|secret| self.redactor.hide(&secret));
        put_secrets(&account, secrets.iter().filter(|secret| secret.is_fixed()))?;
        let (_, identity) = apply(script, &reached, self.redactor, set_up, progress).await?;
        put_secrets(&account, secrets.iter().filter(|secret| !secret.is_fixed()))?;
        objects::put(&account, script, self.input)?;
        let DeployIdentity { user, changes, security_groups, database_group, .. } = identity;
        let database_group = put_groups(&account, script, self.input, database_group)?;
        if let Some((_, engine)) = &script.database {
            // Nothing connects to anything in virtual time, but the rules can be read.
            let (groups, file) = (Vec::from_iter(database_group), self.input.security_groups.as_ref());
            let closed =
                account.look(|world| closed(world, &security_groups, &groups, engine.port(), file, Stage::Account));
            closed.map_or(Ok(()), |finding| Err(Unproved::from(finding)))?;
        }
        let world = account.look(|world| world.branch(2, script.timing.clone()));
        Ok(Proof::new(world, format!("{changes} changes by bootstrap; `{user}` deploys")))
    }

    fn deploy(&self) -> Deploy {
        let Script { service, from, to, .. } = self.script;
        let host = ecr_host(task_definition::account(&self.input.definition_next).unwrap_or(ACCOUNT), self.script);
        let registration = |file: &Value, source: &Source, other: &str| {
            let tag = match &source.origin {
                Origin::Commit { commit } => commit.as_str(),
                Origin::WorkTree { .. } | Origin::Image { .. } => other,
            };
            let image = format!("{host}/{}:{tag}", service.repository);
            task_definition::registration(file, &service.container, &service.repository, &image)
        };
        Deploy {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            container: service.container.clone(),
            desired: service.desired_count,
            now: registration(&self.input.definition_now, from, "now"),
            next: registration(&self.input.definition_next, to, "next"),
        }
    }
}

fn refuted(stage: Stage, sentence: String, evidence: Vec<String>) -> Finding {
    Finding::error(stage.code(), Kind::Predicted, stage, sentence)
        .with_evidence(evidence)
        .with_help(["see in the trace (`--report DIR`) what the tasks did".to_owned()])
}
