//! `greenroom explore`: many rollouts in virtual time, each with other faults.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use simulator::exploration::{self, Example, Findings, Outcome, Stand};
use simulator::fault::Scenario;
use simulator::rehearsal::{Progress, RehearsalError, virtual_rehearsal};

use super::block_on;
use super::rehearse::{self, EngineArgument, Prepared};
use crate::exit::Exit;
use crate::interruption::interruption;
use crate::progress::Silent;

/// Roll the deploy out many times in virtual time, each time with other faults, and show the fewest that lead to a bad outcome.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What runs now: a directory, a git revision or an image [default: the merge base with the main branch].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    from: Option<String>,
    /// What would be deployed [default: the work tree].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    to: Option<String>,
    /// How many rollouts.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    seeds: u64,
    /// The first rollout's seed; with `--seeds 1` that rollout alone is shown.
    #[arg(long, value_name = "N", default_value_t = 1)]
    first_seed: u64,
    /// How many tasks the service has [default: as in greenroom.toml].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    tasks: Option<u32>,
    /// How containers behave where no fault disturbs them [default: as in the last rehearsal with containers].
    #[arg(long, value_name = "FILE")]
    behaviours: Option<PathBuf>,
    /// Roll out once, and let happen what this file says.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "first_seed", "tasks", "save"])]
    faults: Option<PathBuf>,
    /// Write the faults of the worst example into this file, for `--faults` here and of `greenroom rehearse`.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print what was found as JSON on stdout.
    #[arg(long)]
    json: bool,
}

/// Explores the project whose greenroom.toml is at `path`; bad outcomes are the deploy's failure.
pub(crate) fn run(path: &Path, arguments: &Arguments) -> Exit {
    let asked = rehearse::Arguments {
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        engine: EngineArgument::Virtual,
        behaviours: arguments.behaviours.clone(),
        ..rehearse::Arguments::default()
    };
    let mut prepared = match rehearse::prepare(path, &asked) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let Prepared { script, set_up, .. } = &mut prepared;
    let scenario = match arguments.faults.as_deref().map(rehearse::scenario).transpose() {
        Ok(scenario) => scenario,
        Err(error) => return rehearse::refuse(error),
    };
    let tasks = scenario.as_ref().map_or(arguments.tasks, |scenario| scenario.tasks);
    script.service.desired_count = tasks.unwrap_or(script.service.desired_count);
    let tasks = script.service.desired_count;
    let left_out = script.left_out();
    let behaviours = match rehearse::behaviours(&asked, script) {
        Ok(behaviours) => behaviours,
        Err(error) => return rehearse::refuse(error),
    };
    block_on(async {
        let progress: Arc<dyn Progress> = Arc::new(Silent);
        let (world, deploy) = match virtual_rehearsal::stand(script, set_up, &progress).await {
            Ok(stand) => stand,
            Err(error) => return rehearse::refuse(error),
        };
        let usual = behaviours.said_of("", &script.service.container).to_vec();
        let stand = match Stand::new(world, behaviours, deploy, usual) {
            Ok(stand) => stand,
            Err(error) => return rehearse::refuse(RehearsalError::input(&error, None)),
        };
        let began = Instant::now();
        let (first, seeds) = (arguments.first_seed, arguments.seeds);
        // Ctrl-C ends the process: nothing is left by it that would have to be removed.
        let exploring = tokio::task::spawn_blocking(move || match scenario {
            Some(Scenario { faults, .. }) => Findings::of(&stand, first, faults),
            None => exploration::explore(&stand, first, seeds, tasks),
        });
        let findings = tokio::select! {
            findings = exploring => match findings {
                Ok(findings) => findings,
                Err(error) => return rehearse::refuse(RehearsalError::bug("exploring did not end", &error)),
            },
            () = interruption() => return Exit::Interrupted,
        };
        if let Some(file) = &arguments.save
            && let Err(error) = save(file, &findings, tasks)
        {
            anstream::eprintln!("error: cannot write the faults into `{}`: {error}", file.display());
            return Exit::Input;
        }
        let runs: u64 = findings.outcomes.values().sum();
        if arguments.json {
            anstream::println!("{:#}", in_json(&findings, arguments.first_seed, runs, tasks, &left_out));
        } else {
            let took = began.elapsed().as_secs_f64();
            anstream::print!("explored    {runs} rollouts of {tasks} tasks in {took:.1} s\n{}", in_words(&findings));
            left_out.iter().for_each(|sentence| anstream::println!("caution     {sentence}"));
        }
        match findings.worst() {
            None => Exit::Ok,
            Some(example) if example.run.outcome == Outcome::RuleBroken => Exit::Bug,
            Some(_) => Exit::WouldFail,
        }
    })
}

/// Writes the faults of the worst example into `file`; nothing, if no outcome was bad.
fn save(file: &Path, findings: &Findings, tasks: u32) -> std::io::Result<()> {
    let Some(Example { seed, faults, run }) = findings.worst() else { return Ok(()) };
    let scenario = Scenario { tasks: Some(tasks), faults: faults.clone() };
    std::fs::write(
        file,
        format!("# {}, found by `greenroom explore` with seed {seed}\n{}", run.outcome, scenario.write()),
    )
}

fn in_words(findings: &Findings) -> String {
    let counts = findings.outcomes.iter().map(|(outcome, count)| format!("{count:>8}    {outcome}\n"));
    let examples = findings.examples.iter().map(|Example { seed, faults, run }| {
        let faults: String = faults.iter().map(|fault| format!("  {fault}\n")).collect();
        let outage = if run.outage.is_zero() {
            String::new()
        } else {
            format!(", for {:.1} s in all", run.outage.as_secs_f64())
        };
        let broken = run.violation.as_ref().map(|violation| format!(" ({violation})")).unwrap_or_default();
        format!("\n{}{broken}{outage}: seed {seed}, when\n{faults}", run.outcome)
    });
    counts.chain(examples).collect()
}

fn in_json(findings: &Findings, first: u64, seeds: u64, tasks: u32, cautions: &[String]) -> serde_json::Value {
    let outcomes: serde_json::Map<_, _> =
        findings.outcomes.iter().map(|(outcome, count)| (outcome.to_string(), json!(count))).collect();
    let examples = findings.examples.iter().map(|Example { seed, faults, run }| {
        json!({
            "seed": seed,
            "outcome": run.outcome.to_string(),
            "brokenRule": run.violation.as_ref().map(ToString::to_string),
            "outageMillis": u64::try_from(run.outage.as_millis()).unwrap_or(u64::MAX),
            "faults": faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({
        "version": 1,
        "firstSeed": first,
        "seeds": seeds,
        "tasks": tasks,
        "outcomes": outcomes,
        "examples": examples.collect::<Vec<_>>(),
        "cautions": cautions,
    })
}
