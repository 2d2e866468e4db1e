//! R: the project's own health checks: of its database, tried where they must say no; and of the app, where they ask `localhost`.

mod declared;
mod localhost;

use std::time::Duration;

use self::declared::Declared;
use self::localhost::Tried;
use super::{Play, Report};
use crate::database::readiness::subject::Subject;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::error::chain;
use crate::scenario::judge::{Found, many, readiness};
use crate::scenario::table::Scenario;

/// How long the server may take to initialise, and again to start.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn run(play: &Play<'_>) -> Result<Report, RehearsalError> {
    let (engine, files) = (play.ground.engine(), &play.ground.session.input.files);
    let all = declared::read(files, engine);
    let (mut found, mut lines) = (Vec::new(), Vec::new());
    let mut is_shown = false;
    if all.is_empty() {
        lines.push(format!("neither the compose file nor a workflow has a {engine} with a health check"));
    }
    for declared in &all {
        match examine(play, declared).await {
            Ok(of_this) => {
                is_shown = true;
                lines.push(said(declared, of_this.len()));
                found.extend(of_this);
            }
            Err(reason) => lines.push(reason),
        }
    }
    if let Some(Tried { evidence, shown, found: of_localhost }) = localhost::run(play).await? {
        lines.push(evidence);
        is_shown |= shown;
        found.extend(of_localhost);
    }
    let evidence = lines.join("; ");
    Ok(if is_shown { Report::refuted_by(evidence, found) } else { Report::not_shown(evidence) })
}

/// Leads a database as `declared` has it through the situations; what is wrong with its check, or why it could not be tried.
async fn examine(play: &Play<'_>, declared: &Declared) -> Result<Vec<Found>, String> {
    let ground = play.ground;
    let subject = Subject {
        engine: ground.engine(),
        image: declared.image.clone().unwrap_or_else(|| ground.server.spec().image().to_owned()),
        environment: declared.environment.clone(),
        arguments: declared.arguments.clone(),
        network: ground.network.clone(),
        labels: ground.session.identity.labels().into_iter().collect(),
        patience: PATIENCE,
    };
    let trials = subject.examine(std::slice::from_ref(&declared.check)).await;
    let trials = trials.map_err(|error| format!("{} could not be tried: {}", declared.who, chain(&error)))?;
    let about = readiness::About {
        engine: subject.engine,
        who: &declared.who,
        place: declared.place.clone(),
        instead: subject.line_to_paste(declared.written),
        replay: play.replay(Scenario::Readiness),
    };
    Ok(trials.iter().flat_map(|trial| readiness::judge(&about, trial)).map(Found::alone).collect())
}

fn said(declared: &Declared, lies: usize) -> String {
    match lies {
        0 => format!("the health check of {} succeeds when the server is ready, and only then", declared.who),
        lies => format!("the health check of {} was tried in four situations: {}", declared.who, many(lies, "finding")),
    }
}
