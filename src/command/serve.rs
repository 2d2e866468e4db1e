//! `greenroom serve`: a simulated AWS account for any AWS client.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use simulator::oidc::Job;
use simulator::serving::{Engine, Ready, ServeError, Serving, Setup};
use simulator::{Account, AccountId, Behaviours, Propagation, Region, Timing, report};
use tokio::time::sleep;

use super::rehearse::{EngineArgument, TimingArgument};
use super::{block_on, watch};
use crate::exit::Exit;
use crate::interruption::interruption;

/// So much of the account's trace is kept.
const KEPT_EVENTS: usize = 10_000;
/// What happens is looked at so long after it began to.
const BREATH: Duration = Duration::from_millis(20);

/// Whoever puts a lifecycle policy into an account that is served with compressed delays wants to see what it does.
const LIFECYCLE_PERIOD: Duration = Duration::from_secs(5);

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
    /// The repository whose GitHub identity tokens are handed out, as it stands in their subjects: OWNER@ID/NAME@ID, or, of repositories made
    /// before 2026-07-15, OWNER/NAME.
    #[arg(long, value_name = "REPOSITORY", default_value = "octo-org@65/octo-repo@74")]
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
    /// A command that looks for vulnerabilities in the image in the directory `$GREENROOM_IMAGE_LAYOUT` (an OCI image layout), and writes
    /// Grype's or Trivy's JSON, or `{"findings": [{"name": …, "severity": …}]}`: run by `sh -c` when an image is pushed that ECR would scan.
    /// Without one, scans fail and say so.
    #[arg(long, value_name = "COMMAND")]
    scanner: Option<String>,
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
            if let Some(why) = serving.unenforced_security_groups() {
                anstream::eprintln!("security groups do not hold between tasks: {why}");
            }
        }
        let mut attendance = Attendance { seen: 0, quiet: arguments.quiet };
        tokio::select! {
            () = attendance.attend(serving.account()) => {}
            () = interruption => {}
        }
        attendance.catch_up(serving.account());
        if let Some(file) = &arguments.ready_file {
            retract(serving.ready(), file);
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
    let job = Job::of("").in_repository(&arguments.repository).map_err(|error| input(error.to_string()))?;
    let lifecycle_period = match arguments.timing {
        TimingArgument::Rehearsal => LIFECYCLE_PERIOD,
        TimingArgument::Aws => timing.lifecycle_period,
    };
    Ok(Setup {
        account: arguments.account.clone(),
        region: Region::new(region.as_deref().unwrap_or("eu-central-1")),
        timing: Timing { iam_propagation: arguments.iam_propagation.1, lifecycle_period, ..timing },
        seed: arguments.seed.unwrap_or_else(unforeseen),
        listen: arguments.listen,
        state: arguments.state.clone(),
        timing_name: format!("{timing_name}, IAM propagation {}", arguments.iam_propagation.0),
        engine,
        scanner: arguments.scanner.clone(),
        job,
        hold_polls: arguments.hold_polls,
    })
}

/// A number that nobody can foretell, as the time could be: the account's secrets are drawn from it. The standard library keys its hashes
/// from the system's source of random numbers.
fn unforeseen() -> u64 {
    RandomState::new().hash_one("seed")
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

/// Removes the file, as nothing answers there any more; unless it is gone already, or another account's by now.
fn retract(ready: &Ready, file: &Path) {
    let written =
        std::fs::read_to_string(file).ok().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    if written.is_some() && written == serde_json::to_value(ready).ok() {
        let _ = std::fs::remove_file(file);
    }
}

/// What is said of an account while it is served.
struct Attendance {
    /// The sequence number of the last event that was looked at.
    seen: u64,
    quiet: bool,
}

impl Attendance {
    /// Says what happens, and lets go of what has been said. It never ends.
    async fn attend(&mut self, account: &Account) {
        loop {
            let stirred = account.stirred();
            tokio::pin!(stirred);
            // Registered before looking, so that a change in between is not missed.
            stirred.as_mut().enable();
            self.catch_up(account);
            stirred.await;
            // A client that makes thousands of calls a second is told of in passing.
            sleep(BREATH).await;
        }
    }

    /// Says what has happened since it last did.
    fn catch_up(&mut self, account: &Account) {
        let (lines, events) = account.look(|world| {
            let new = world.events_after(self.seen);
            self.seen = new.last().map_or(self.seen, |event| event.sequence.get().into());
            let lines: Vec<String> =
                if self.quiet { Vec::new() } else { new.iter().filter_map(report::log::line).collect() };
            (lines, world.events().len())
        });
        if events > 2 * KEPT_EVENTS {
            account.forget_events(KEPT_EVENTS);
        }
        for line in lines {
            anstream::eprintln!("{line}");
        }
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
