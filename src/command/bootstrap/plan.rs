//! `greenroom bootstrap plan`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bootstrap::{Plan, PlanOptions};
use clap::Args;

use super::connection::{self, Connection, Decisions};
use crate::exit::Exit;

/// Say what would be done, a line each, and why; exit 2 if that is anything.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    decisions: Decisions,
    /// Print the plan as JSON, whose `version` is 1.
    #[arg(long)]
    json: bool,
    /// Keep the plan in this file, for `greenroom bootstrap apply FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    match planned(path, arguments).await {
        Ok(plan) => {
            show(&plan, arguments.json);
            if plan.is_empty() { Exit::Ok } else { Exit::Pending }
        }
        Err(exit) => exit,
    }
}

async fn planned(path: &Path, arguments: &Arguments) -> Result<Plan, Exit> {
    let connected = connection::open(path, &arguments.connection).await?;
    let observed = connected.observe().await?;
    let Arguments { decisions, .. } = arguments;
    let options = PlanOptions { adopt: decisions.adopted(), remove: decisions.removed(), ..PlanOptions::default() };
    let plan = bootstrap::plan(&connected.desired, &observed, &options);
    if let Some(file) = &arguments.out {
        let saved = serde_json::to_string_pretty(&plan.save(&observed)).map_err(std::io::Error::from);
        saved.and_then(|text| write(file, &text)).map_err(|error| {
            anstream::eprintln!("error: cannot write `{}`: {error}", file.display());
            Exit::Input
        })?;
    }
    Ok(plan)
}

/// The file is there whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
    let mut whole = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    whole.write_all(text.as_bytes())?;
    whole.persist(file)?;
    Ok(())
}

/// Prints a plan.
pub(super) fn show(plan: &Plan, json: bool) {
    if json {
        let text = serde_json::to_string_pretty(&plan.record()).expect("a record has nothing that JSON does not");
        anstream::println!("{text}");
    } else {
        anstream::print!("{plan}");
    }
}
