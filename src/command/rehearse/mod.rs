//! `greenroom rehearse`: rehearses the deploy of a project. [`data`] has what it does to the data.

mod data;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use clap::{Args, Subcommand, ValueEnum};
use miette::Diagnostic;
use simulator::database::Engine;
use simulator::engine;
use simulator::fault::Scenario;
use simulator::rehearsal::{
    OtherService, Progress, RehearsalError, Script, ServiceUnderTest, Session, Source, Verdict, virtual_rehearsal,
};
use simulator::report;
use simulator::{Behaviours, Region, Timing, behaviours, cache};

use crate::account_setup::BootstrapAccount;
use crate::checkout::Checkout;
use crate::command::{block_on, complain, watch};
use crate::config::{self, Config, ConfigText};
use crate::exit::Exit;
use crate::interruption::interruption;
use crate::progress::Display;
use crate::source;

/// Rehearse a deploy: build, push, migrate, roll out, verify and roll back, without AWS.
#[derive(Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(in crate::command) part: Option<Part>,
    /// What runs now: a directory, a git revision or an image [default: the merge base with the main branch].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    pub(in crate::command) from: Option<String>,
    /// What would be deployed [default: the work tree].
    #[arg(long, value_name = "REV|DIR|IMAGE")]
    pub(in crate::command) to: Option<String>,
    /// The database's engine, instead of the one in greenroom.toml.
    #[arg(long, value_name = "ENGINE")]
    pub(in crate::command) database: Option<DatabaseArgument>,
    /// With real containers, or in virtual time by how containers behave.
    #[arg(long, value_enum, default_value = "docker")]
    pub(in crate::command) engine: EngineArgument,
    /// For virtual time: how containers behave [default: as in the last rehearsal with containers].
    #[arg(long, value_name = "FILE")]
    pub(in crate::command) behaviours: Option<PathBuf>,
    /// AWS's own delays: compressed for a rehearsal, or as on AWS [default: as on AWS in virtual time, else compressed].
    #[arg(long, value_enum)]
    pub(in crate::command) timing: Option<TimingArgument>,
    /// The load balancer's port on localhost [default: any free port].
    #[arg(long, value_name = "PORT")]
    pub(in crate::command) port: Option<u16>,
    /// Write report.json, junit.xml, trace.jsonl and behaviours.toml into this directory.
    #[arg(long, value_name = "DIR")]
    pub(in crate::command) report: Option<PathBuf>,
    /// Print the report as JSON on stdout.
    #[arg(long)]
    pub(in crate::command) json: bool,
    /// What is to go wrong during the rollout, such as what `greenroom explore --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub(in crate::command) faults: Option<PathBuf>,
    /// The policy that the deploy identity has on AWS, to be held against what the deploy asks for [default: `deploy-policy` of [files] in
    /// greenroom.toml, or else the one that bootstrap makes].
    #[arg(long, value_name = "FILE")]
    pub(in crate::command) policy: Option<PathBuf>,
    /// Go on after a refuted stage where later stages can do without it.
    #[arg(long)]
    pub(in crate::command) keep_going: bool,
    /// Leave the containers running at the end, to be looked at; `greenroom clean` removes them.
    #[arg(long)]
    pub(in crate::command) keep: bool,
}

/// A part of a rehearsal that is held by itself.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum Part {
    /// Run old and new code on old and new schemas, in a real database, and roll back.
    Data(data::Arguments),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::command) enum DatabaseArgument {
    Postgres,
    Mysql,
    Mariadb,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum EngineArgument {
    #[default]
    Docker,
    Virtual,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::command) enum TimingArgument {
    Rehearsal,
    Aws,
}

/// Rehearses the project whose greenroom.toml is at `path`, shows, and answers the verdict's exit code.
pub(crate) fn run(path: &Path, arguments: &Arguments) -> Exit {
    if let Some(Part::Data(arguments)) = &arguments.part {
        return data::run(path, arguments);
    }
    if let Err(error) = contradiction(arguments) {
        return refuse(error);
    }
    let Prepared { script, set_up, .. } = &match prepare(path, arguments) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    match arguments.engine {
        EngineArgument::Docker => block_on(rehearse(arguments, script, set_up)),
        EngineArgument::Virtual => block_on(foretell(arguments, script, set_up)),
    }
}

/// Refuses flags of which one says something about real containers and another that there are none.
fn contradiction(arguments: &Arguments) -> Result<(), RehearsalError> {
    let (message, help) = match arguments.engine {
        EngineArgument::Docker if arguments.behaviours.is_some() => (
            "`--behaviours` says how containers behave in virtual time, and these are real ones",
            "add `--engine virtual`, or leave `--behaviours` out",
        ),
        EngineArgument::Virtual if arguments.faults.is_some() => (
            "`--faults` disturbs real containers, and there are none in virtual time",
            "leave out `--engine virtual`, or use `greenroom explore --faults FILE`",
        ),
        EngineArgument::Virtual if matches!(arguments.timing, Some(TimingArgument::Rehearsal)) => (
            "virtual time shows AWS's own delays, which `--timing rehearsal` compresses",
            "leave out `--timing` or `--engine virtual`",
        ),
        EngineArgument::Virtual if arguments.policy.is_some() => (
            "`--policy` is held against what the deploy asks for, and in virtual time nothing is pushed or migrated",
            "leave out `--engine virtual`",
        ),
        EngineArgument::Docker | EngineArgument::Virtual => return Ok(()),
    };
    Err(RehearsalError::Input { message: message.to_owned(), help: Some(help.to_owned()) })
}

/// A project, read. The versions that had to be checked out are there as long as it is.
pub(in crate::command) struct Prepared {
    pub(in crate::command) script: Script,
    pub(in crate::command) set_up: BootstrapAccount,
    _checkouts: [Checkout; 2],
}

/// Reads the project; what cannot be used has been said if there is only an exit code.
pub(in crate::command) fn prepare(path: &Path, arguments: &Arguments) -> Result<Prepared, Exit> {
    let (config, text) = config::read(path).map_err(|error| complain(error, Exit::Input))?;
    let sources = source::from(arguments.from.as_deref(), path)
        .and_then(|from| Ok((from, source::to(arguments.to.as_deref(), path)?)));
    let (from, to) = sources.map_err(|error| complain(error, Exit::Input))?;
    let mut script = script(arguments, &config, &text, from.source, to.source);
    if let Some(policy) = &arguments.policy {
        // What is named on the command line is where the user is, not where greenroom.toml is.
        script.files.deploy_policy = Some(std::path::absolute(policy).unwrap_or_else(|_| policy.clone()));
    }
    if let Some(file) = &arguments.faults {
        let Scenario { tasks, faults } = scenario(file).map_err(refuse)?;
        script.service.desired_count = tasks.unwrap_or(script.service.desired_count);
        script.faults = faults;
    }
    if arguments.engine == EngineArgument::Docker {
        answered(&config, &text).map_err(refuse)?;
    }
    let engine = script.database.as_ref().map(|(_, engine)| *engine);
    let set_up = BootstrapAccount::read(&config, &script.to.directory, engine);
    let set_up = set_up.map_err(|error| complain(error, Exit::Input))?;
    script.others = others(&config, &set_up);
    Ok(Prepared { script, set_up, _checkouts: [from.checkout, to.checkout] })
}

/// The services that bootstrap makes and no rehearsal deploys.
fn others(config: &Config, set_up: &BootstrapAccount) -> Vec<OtherService> {
    let others = set_up.config.further.iter().map(|further| OtherService {
        name: further.name.to_string(),
        desired_count: config.services.get(&further.key).map_or(0, |section| section.desired_count),
        family: further.task_definition.facts().family.to_string(),
        repository: further.repository.to_string(),
    });
    others.collect()
}

/// Refuses a hook whose function nothing answers for: with real containers it would be asked.
fn answered(config: &Config, text: &ConfigText) -> Result<(), RehearsalError> {
    let mut hooks = config.shift.iter().flat_map(|shift| &shift.hooks);
    let Some(hook) = hooks.find(|hook| !config.stand_ins.contains_key(hook.function.as_str())) else { return Ok(()) };
    let (function, place) = (&hook.function, text.place(&["deployment", "hooks"]));
    Err(RehearsalError::Input {
        message: format!("{place}: nothing stands in for the function `{function}`, which a hook asks"),
        help: Some(format!(
            "write `\"{function}\" = {{ command = [\"./check\"] }}` or `{{ post = \"http://...\" }}` into `[stand-ins]`"
        )),
    })
}

/// What is to go wrong.
pub(in crate::command) fn scenario(file: &Path) -> Result<Scenario, RehearsalError> {
    Scenario::read(file).map_err(|error| RehearsalError::input(&error, error.help().map(str::to_owned)))
}

/// How containers behave: as declared in a file, or as was measured last.
pub(in crate::command) fn behaviours(arguments: &Arguments, script: &Script) -> Result<Behaviours, RehearsalError> {
    let measured = cache::behaviours_of(&script.project);
    let file = arguments.behaviours.as_ref().unwrap_or(&measured);
    if arguments.behaviours.is_none() && !measured.exists() {
        let help = "run `greenroom rehearse` once with containers, or name a script with `--behaviours`";
        let message = "nothing is known of how the containers behave".to_owned();
        return Err(RehearsalError::Input { message, help: Some(help.to_owned()) });
    }
    behaviours_in(file)
}

/// How containers behave, as declared in `file`.
pub(in crate::command) fn behaviours_in(file: &Path) -> Result<Behaviours, RehearsalError> {
    behaviours::read(file).map_err(|error| RehearsalError::input(&error, error.help().map(str::to_owned)))
}

/// In virtual time, by declared behaviours or by those that were measured last.
async fn foretell(arguments: &Arguments, script: &Script, set_up: &BootstrapAccount) -> Exit {
    let behaviours = match behaviours(arguments, script) {
        Ok(behaviours) => behaviours,
        Err(error) => return refuse(error),
    };
    let display = Arc::new(Display::new());
    let progress = as_progress(&display);
    let result = tokio::select! {
        result = virtual_rehearsal::rehearse(script, behaviours, set_up, &progress) => Some(result),
        () = interruption() => None,
    };
    display.finish();
    match result {
        None => Exit::Interrupted,
        Some(Err(error)) => refuse(error),
        Some(Ok(verdict)) => show(arguments, &verdict),
    }
}

async fn rehearse(arguments: &Arguments, script: &Script, set_up: &BootstrapAccount) -> Exit {
    match hold(script, async |session, display| session.run(set_up, &as_progress(display)).await).await {
        Err(exit) => exit,
        Ok(verdict) => {
            if let Some(behaviours) = &verdict.behaviours
                && let Err(error) = cache::keep_behaviours(&verdict.project, behaviours)
            {
                anstream::eprintln!("warning: cannot keep how the containers behaved: {error}");
            }
            show(arguments, &verdict)
        }
    }
}

/// Does `work` in a session that is open meanwhile, and afterwards closed or kept as the script says. What went wrong, Ctrl-C
/// included, has been said when the exit code comes back.
async fn hold<T>(
    script: &Script,
    work: impl AsyncFnOnce(&Session, &Arc<Display>) -> Result<T, RehearsalError>,
) -> Result<T, Exit> {
    let display = Arc::new(Display::new());
    let session = Session::open(script, (Path::new("/proc/self/exe"), watch::NAME)).await.map_err(refuse)?;
    let result = tokio::select! {
        result = work(&session, &display) => Some(result),
        () = interruption() => None,
    };
    display.finish();
    if script.keep && result.is_some() {
        session.keep();
    } else {
        session.close().await.map_err(refuse)?;
    }
    let Some(result) = result else {
        anstream::eprintln!("interrupted: everything the rehearsal made has been removed");
        return Err(Exit::Interrupted);
    };
    result.map_err(refuse)
}

fn as_progress(display: &Arc<Display>) -> Arc<dyn Progress> {
    Arc::clone(display) as Arc<dyn Progress>
}

fn show(arguments: &Arguments, verdict: &Verdict) -> Exit {
    if let Some(directory) = &arguments.report
        && let Err(error) = report::write(verdict, directory)
    {
        anstream::eprintln!("error: cannot write the report into `{}`: {error}", directory.display());
        return Exit::Input;
    }
    if arguments.json {
        let text = format!("{:#}", report::json::report(verdict));
        anstream::println!("{}", verdict.redactor.clean(&text));
    } else {
        anstream::print!("{}", coloured(&report::text::report(verdict)));
    }
    if arguments.keep {
        say_kept(&verdict.id);
    }
    if verdict.would_succeed() { Exit::Ok } else { Exit::WouldFail }
}

fn say_kept(rehearsal: &str) {
    let label = format!("{}={rehearsal}", engine::label::REHEARSAL);
    anstream::eprintln!("kept: see `docker ps --all --filter label={label}`; `greenroom clean` removes it");
}

/// Colours the first word of findings; terminals only, which anstream sees to.
fn coloured(text: &str) -> String {
    const RED: Style = AnsiColor::Red.on_default().bold();
    const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
    text.lines()
        .map(|line| match line.split_once(']') {
            Some((head, rest)) if head.starts_with("error[") => format!("{RED}{head}]{RED:#}{rest}\n"),
            Some((head, rest)) if head.starts_with("warning[") => format!("{YELLOW}{head}]{YELLOW:#}{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

pub(in crate::command) fn refuse(error: RehearsalError) -> Exit {
    let exit = match &error {
        RehearsalError::Input { .. } => Exit::Input,
        RehearsalError::Engine { .. } => Exit::Unreachable,
        RehearsalError::Bug { .. } => Exit::Bug,
    };
    complain(Refusal(error), exit)
}

/// Gives a rehearsal's error its help, as miette shows it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(RehearsalError);

impl Diagnostic for Refusal {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.0.help().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }
}

fn script(arguments: &Arguments, config: &Config, text: &ConfigText, from: Source, to: Source) -> Script {
    let Config { project, service, repository, files, migration, database, secrets, objects, stand_ins, .. } = config;
    let engine = arguments.database.map(|argument| match argument {
        DatabaseArgument::Postgres => Engine::Postgres,
        DatabaseArgument::Mysql => Engine::MySql,
        DatabaseArgument::Mariadb => Engine::MariaDb,
    });
    let database = database.clone().map(|database| {
        let engine = engine.unwrap_or(database.engine);
        (database, engine)
    });
    Script {
        project: project.name.to_string(),
        region: Region::new(&project.region.to_string()),
        from,
        to,
        files: files.clone(),
        service: ServiceUnderTest {
            cluster: service.cluster.to_string(),
            name: service.name.to_string(),
            container: service.container.to_string(),
            port: service.port.get(),
            port_place: text.place(&["service", "port"]),
            desired_count: service.desired_count,
            repository: repository.name_for(&project.name).to_string(),
        },
        others: Vec::new(),
        migration: migration.clone(),
        database_url_place: match &database {
            Some((_, engine)) => text.place(&["database", "url", engine.key()]),
            None => text.place(&["database"]),
        },
        database,
        secrets: secrets.clone(),
        objects: objects.clone(),
        stand_ins: stand_ins
            .iter()
            .map(|(function, stand_in)| (function.clone(), (stand_in.clone(), text.place(&["stand-ins", function]))))
            .collect(),
        timing: match (arguments.timing, arguments.engine) {
            (Some(TimingArgument::Rehearsal), _) | (None, EngineArgument::Docker) => Timing::rehearsal(),
            (Some(TimingArgument::Aws), _) | (None, EngineArgument::Virtual) => Timing::aws(),
        },
        port: arguments.port,
        faults: Vec::new(),
        keep_going: arguments.keep_going,
        keep: arguments.keep,
    }
}
