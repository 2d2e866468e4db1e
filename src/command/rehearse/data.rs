//! `greenroom rehearse data`: what the deploy does to the data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use simulator::Timing;
use simulator::rehearsal::{Progress, Script, virtual_rehearsal};
use simulator::report;
use simulator::scenario::{self, DataVerdict, Hearing, Scenario, Wanted, Windows};

use super::{DatabaseArgument, Prepared, as_progress, coloured, hold, prepare, say_kept};
use crate::command::block_on;
use crate::exit::Exit;
use crate::progress::Silent;

/// Run old and new code on old and new schemas, in a real database, and roll back.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// What runs now: a directory, a git revision or an image [default: the merge base with the main branch].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    from: Option<String>,
    /// What would be deployed [default: the work tree].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    to: Option<String>,
    /// The database's engine, instead of the one in greenroom.toml.
    #[arg(long, value_name = "ENGINE")]
    database: Option<DatabaseArgument>,
    /// Only these scenarios [default: all].
    #[arg(long, value_name = "SCENARIOS", value_delimiter = ',', value_parser = scenario)]
    only: Vec<Scenario>,
    /// What everything random is drawn with: the same seed gives the same findings.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u64,
    /// Write data.json into this directory.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print the report as JSON on stdout.
    #[arg(long)]
    json: bool,
    /// Leave the database running at the end, to be looked at; `greenroom clean` removes it.
    #[arg(long)]
    keep: bool,
}

fn scenario(text: &str) -> Result<Scenario, String> {
    text.parse().map_err(|error: scenario::UnknownScenario| error.to_string())
}

/// Plays the scenarios with the project whose greenroom.toml is at `path`, shows, and answers the verdict's exit code.
pub(super) fn run(path: &Path, arguments: &Arguments) -> Exit {
    let Arguments { from, to, database, keep, .. } = arguments;
    let whole = super::Arguments {
        from: from.clone(),
        to: to.clone(),
        database: *database,
        keep: *keep,
        ..super::Arguments::default()
    };
    match prepare(path, &whole) {
        Ok(prepared) => block_on(rehearse(arguments, &prepared)),
        Err(exit) => exit,
    }
}

async fn rehearse(arguments: &Arguments, prepared: &Prepared) -> Exit {
    let only = if arguments.only.is_empty() {
        Scenario::ALL.into_iter().collect()
    } else {
        arguments.only.iter().copied().collect()
    };
    let wanted = Wanted { only, seed: arguments.seed };
    let played = hold(&prepared.script, async |session, display| {
        scenario::run(session, &wanted, &as_progress(display), &**display as &dyn Hearing).await
    });
    match played.await {
        Ok(mut verdict) => {
            tell(&mut verdict, prepared).await;
            show(arguments, &verdict)
        }
        Err(exit) => exit,
    }
}

/// Has the findings say for how long they would be met; that this is not known where the deploy cannot be played.
async fn tell(verdict: &mut DataVerdict, prepared: &Prepared) {
    if verdict.findings().is_empty() {
        return;
    }
    let script = Script { timing: Timing::aws(), ..prepared.script.clone() };
    let migrates_before = script.migration.is_some();
    let progress: Arc<dyn Progress> = Arc::new(Silent);
    let stand = virtual_rehearsal::stand(&script, &prepared.set_up, &progress).await.map_err(|error| error.to_string());
    let played = stand.and_then(|(world, deploy)| {
        Windows::play(&world, &deploy, &verdict.starts, migrates_before).map_err(|error| error.to_string())
    });
    match played {
        Ok(windows) => verdict.tell(&windows),
        Err(error) => verdict.cautions.push(format!("for how long findings would be met is not known: {error}")),
    }
}

fn show(arguments: &Arguments, verdict: &DataVerdict) -> Exit {
    let json = || verdict.redactor.clean(&format!("{:#}\n", report::data::report(verdict)));
    if let Some(directory) = &arguments.report
        && let Err(error) =
            std::fs::create_dir_all(directory).and_then(|()| std::fs::write(directory.join("data.json"), json()))
    {
        anstream::eprintln!("error: cannot write the report into `{}`: {error}", directory.display());
        return Exit::Input;
    }
    if arguments.json {
        anstream::print!("{}", json());
    } else {
        anstream::print!("{}", coloured(&report::data::text(verdict)));
    }
    if arguments.keep {
        say_kept(&verdict.id);
    }
    if verdict.would_succeed() { Exit::Ok } else { Exit::WouldFail }
}
