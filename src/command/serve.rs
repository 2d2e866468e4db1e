//! `greenroom serve`: a simulated AWS account for any AWS client.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use simulator::oidc::Job;
use simulator::serving::{Engine, Ready, ServeError, Serving, Setup};
use simulator::{Account, AccountId, Behaviours, Propagation, Region, Timing, report};

use super::rehearse::{EngineArgument, TimingArgument};
use super::{block_on, watch};
use crate::exit::Exit;
use crate::interruption::interruption;

/// So much of the account's trace is kept.
const KEPT_EVENTS: usize = 10_000;

/// Serve a simulated AWS account to any AWS client on this machine: every call signed, authorised and refused as on AWS.
///
/// Once it answers, it writes one JSON object on stdout: `endpoint` (for `AWS_ENDPOINT_URL`), `registry` (for `docker push`), `account`,
/// `region`, and an administrator's `access_key_id` and `secret_access_key`. It runs until Ctrl-C or SIGTERM.
#[derive(Debug, Args)]
#[command(
    after_help = "Once it answers, it writes one JSON object on stdout: `endpoint` (for AWS_ENDPOINT_URL), `registry` (for docker \
    push), `account`, `region`, an administrator's `access_key_id` and `secret_access_key`, and where a workflow's job is given GitHub's \
    identity token. It runs until Ctrl-C or SIGTERM, and then ends with 0."
)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// What tasks are: containers, or played by a script.
    #[arg(long, value_enum, default_value = "docker")]
    engine: EngineArgument,
    /// With `--engine virtual`: how containers behave [default: they start at once, are healthy and run on].
    #[arg(long, value_name = "FILE")]
    behaviours: Option<PathBuf>,
    /// The account's number.
    #[arg(long, value_name = "NUMBER", default_value = "123456789012")]
    account: AccountId,
    /// The one Region that is simulated [default: `AWS_REGION`, `AWS_DEFAULT_REGION` or eu-central-1].
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// AWS's own delays: compressed, or as on AWS.
    #[arg(long, value_enum, default_value = "rehearsal")]
    timing: TimingArgument,
    /// For how long other services do not see what was written to IAM: `off`, seconds, or `random` for up to 15 seconds.
    #[arg(long, value_name = "off|SECONDS|random", default_value = "off", value_parser = propagation)]
    iam_propagation: Named,
    /// The repository whose GitHub identity tokens are handed out.
    #[arg(long, value_name = "OWNER/NAME", default_value = "octo-org/octo-repo")]
    repository: String,
    /// Answer DescribeServices and DescribeTasks that ask again after what is not settled yet once there is news, so that waiters need
    /// not sleep.
    #[arg(long)]
    hold_polls: bool,
    /// Seed of all identifiers, for runs that are alike [default: another each time].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep the account and its images in this directory, over restarts and crashes. It holds secrets.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Write what goes to stdout into this file, too, readable by its owner alone.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Do not say on stderr which calls are made.
    #[arg(long, short)]
    quiet: bool,
}

/// Serves until it is interrupted, which is how a server ends well.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    let setup = match setup(arguments) {
        Ok(setup) => setup,
        Err(exit) => return exit,
    };
    block_on(async {
        let serving = match Serving::open(setup).await {
            Ok(serving) => serving,
            Err(error) => return refuse(&error),
        };
        // Before anybody is told that there is something to stop.
        let interruption = interruption();
        if let Err(error) = announce(serving.ready(), arguments.ready_file.as_deref()) {
            anstream::eprintln!("error: cannot say where the account answers: {error}");
            return close(serving, Exit::Input).await;
        }
        if !arguments.quiet {
            anstream::eprintln!("serving at {}; Ctrl-C stops it", serving.ready().endpoint);
        }
        tokio::select! {
            () = attend(serving.account(), arguments.quiet) => {}
            () = interruption => {}
        }
        if let Some(file) = &arguments.ready_file {
            // Nothing answers there any more. Somebody may have removed it already.
            let _ = std::fs::remove_file(file);
        }
        close(serving, Exit::Ok).await
    })
}

fn setup(arguments: &Arguments) -> Result<Setup, Exit> {
    let input = |message: String| {
        anstream::eprintln!("error: {message}");
        Exit::Input
    };
    let engine = match (arguments.engine, &arguments.behaviours) {
        (EngineArgument::Docker, Some(_)) => {
            return Err(input("`--behaviours` is for `--engine virtual`; these are real containers".to_owned()));
        }
        (EngineArgument::Docker, None) => {
            Engine::Docker { program: PathBuf::from("/proc/self/exe"), subcommand: watch::NAME.to_owned() }
        }
        (EngineArgument::Virtual, None) => Engine::Virtual(Behaviours::default()),
        (EngineArgument::Virtual, Some(file)) => {
            Engine::Virtual(super::rehearse::behaviours_in(file).map_err(super::rehearse::refuse)?)
        }
    };
    let named = |name: &str| std::env::var(name).ok().filter(|region| !region.is_empty());
    let region = arguments.region.clone().or_else(|| named("AWS_REGION")).or_else(|| named("AWS_DEFAULT_REGION"));
    let (timing_name, timing) = match arguments.timing {
        TimingArgument::Rehearsal => ("rehearsal", Timing::rehearsal()),
        TimingArgument::Aws => ("aws", Timing::aws()),
    };
    if arguments.repository.split('/').filter(|part| !part.is_empty()).count() != 2 {
        return Err(input(format!("`{}` is no repository: OWNER/NAME", arguments.repository)));
    }
    Ok(Setup {
        account: arguments.account.clone(),
        region: Region::new(region.as_deref().unwrap_or("eu-central-1")),
        timing: Timing { iam_propagation: arguments.iam_propagation.1, ..timing },
        seed: arguments.seed.unwrap_or_else(|| simulator::account::now().as_millis()),
        listen: arguments.listen,
        state: arguments.state.clone(),
        timing_name: format!("{timing_name}, IAM propagation {}", arguments.iam_propagation.0),
        engine,
        job: Job::of(&arguments.repository),
        hold_polls: arguments.hold_polls,
    })
}

/// A setting, and how it was written.
#[derive(Clone, Debug)]
struct Named(String, Propagation);

fn propagation(text: &str) -> Result<Named, String> {
    let propagation = match text {
        "off" => Propagation::Immediate,
        "random" => Propagation::Random { most: Duration::from_secs(15) },
        _ => {
            let seconds: f64 = text.parse().map_err(|_| "expected `off`, `random` or seconds".to_owned())?;
            Propagation::Fixed(Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?)
        }
    };
    Ok(Named(text.to_owned(), propagation))
}

/// Says that the account answers, and how to reach it. The file is there whole or not at all.
fn announce(ready: &Ready, file: Option<&Path>) -> std::io::Result<()> {
    let line = format!("{}\n", serde_json::to_string(ready)?);
    if let Some(file) = file {
        let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
        let mut whole = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        whole.write_all(line.as_bytes())?;
        whole.persist(file)?;
    }
    let mut stdout = std::io::stdout();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

/// Says what happens, and lets go of what has been said. It never ends.
async fn attend(account: &Arc<Account>, quiet: bool) {
    let mut seen = 0;
    loop {
        let stirred = account.stirred();
        tokio::pin!(stirred);
        // Registered before looking, so that a change in between is not missed.
        stirred.as_mut().enable();
        let (lines, events) = account.look(|world| {
            let new = world.events_after(seen);
            seen = new.last().map_or(seen, |event| event.sequence.get().into());
            let lines: Vec<String> =
                if quiet { Vec::new() } else { new.iter().filter_map(report::log::line).collect() };
            (lines, world.events().len())
        });
        if events > 2 * KEPT_EVENTS {
            account.forget_events(KEPT_EVENTS);
        }
        for line in lines {
            anstream::eprintln!("{line}");
        }
        stirred.await;
    }
}

async fn close(serving: Serving, exit: Exit) -> Exit {
    match serving.close().await {
        Ok(()) => exit,
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &ServeError) -> Exit {
    anstream::eprintln!("error: {}", simulator::rehearsal::error::chain(error));
    if let Some(help) = error.help() {
        anstream::eprintln!("help: {help}");
    }
    if error.is_of_engine() { Exit::Unreachable } else { Exit::Input }
}
