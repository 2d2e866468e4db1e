//! *database*: a real one, ready by four rules.

use std::collections::BTreeMap;

use super::scene::DATABASE_HOST;
use crate::database::{Database, DatabaseSpec, Password};
use crate::finding::{Code, Finding, Kind};
use crate::rehearsal::error::chain;
use crate::rehearsal::production;
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;

/// What is to be started, if the app has a database.
pub(crate) fn spec(
    session: &Session<'_>,
    network: &str,
    (password, administrator): (&Password, &Password),
) -> Option<DatabaseSpec> {
    let (database, engine) = session.script.database.as_ref()?;
    let labels: BTreeMap<String, String> = session.identity.labels().into_iter().collect();
    let mut spec =
        DatabaseSpec::new(*engine, network, &database.name, &database.user, password.clone(), administrator.clone());
    spec.alias = DATABASE_HOST.to_owned();
    spec.labels = labels;
    spec.arguments =
        production::max_connections(database, *engine).map(|most| engine.accepting(most)).unwrap_or_default();
    let compose = session.input.files.compose.as_ref();
    spec.managed = session.input.managed.clone();
    let service = compose.and_then(|compose| compose.database(*engine));
    spec.image = service.and_then(|service| service.image.as_ref()).map(|image| image.value.clone());
    Some(spec)
}

/// Starts it and waits until it is ready.
pub(crate) async fn start(spec: Option<DatabaseSpec>) -> Result<Proof<Option<Database>>, Unproved> {
    let Some(spec) = spec else { return Ok(Proof::new(None, "the app has none")) };
    let engine = spec.engine;
    let image = spec.image().to_owned();
    match Database::start(spec).await {
        Ok(database) => {
            let rules = database.readiness().rules.len();
            let waited = database.readiness().ready_after.as_secs_f64();
            let evidence = format!("{engine} from `{image}` is ready by all {rules} rules after {waited:.1} s");
            Ok(Proof::new(Some(database), evidence))
        }
        Err(error) => Err(Finding::error(
            Code::T02,
            Kind::Proved,
            Stage::Database,
            format!("{engine} from `{image}` is not ready"),
        )
        .with_evidence([chain(&error)])
        .with_help(error.help())
        .into()),
    }
}

/// The engine and its image.
pub(crate) fn described(database: &Database) -> String {
    let spec = database.spec();
    let like = spec.managed.as_ref().map(|managed| format!(", like RDS: {managed}")).unwrap_or_default();
    format!("{} (`{}`){like}", spec.engine, spec.image())
}
