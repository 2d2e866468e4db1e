//! Whatever happens to a first apply, or to the end of it all, at whichever of its calls: the next one ends in the same account,
//! with nothing twice and nothing left over.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::account::{Boto, Served, assert_alike};
use super::faulty::{Fault, Faulty};
use super::{Person, Project};
use crate::whole::{in_turn, whole};

/// So many accounts are served side by side.
const WORKERS: usize = 4;

/// What something happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// The first `apply`.
    Apply,
    /// `destroy`, after an `apply`.
    Destroy,
}

impl Work {
    fn prepare(self, administrator: &Person) {
        if self == Self::Destroy {
            administrator.apply().ends(0);
        }
    }

    fn arguments(self, key_file: &str) -> Vec<&str> {
        match self {
            Self::Apply => vec!["apply", "--yes", "--access-key-file", key_file],
            Self::Destroy => vec!["destroy", "--yes"],
        }
    }

    fn run(self, person: &Person) {
        person.run(&self.arguments(&person.key_file())).ends(0);
    }
}

/// The account after work that nothing happened to, and how many calls that took.
fn undisturbed(project: &Project, boto: &mut Boto, work: Work) -> (Value, usize) {
    let served = Served::start(&["--seed", "1"]);
    let administrator = served.administrator(project, &format!("undisturbed-{work:?}"));
    work.prepare(&administrator);
    let proxy = Faulty::before(&administrator.endpoint, None);
    work.run(&administrator.through(&proxy.endpoint()));
    (boto.dump(&administrator), proxy.calls())
}

/// Does something about the call of a number, does the work again, and compares.
fn disturb(project: &Project, boto: &mut Boto, wanted: &Value, work: Work, call: usize, fault: Fault) {
    let what = format!("{work:?}: {fault:?} at call {call}");
    let served = Served::start(&["--seed", "1"]);
    let administrator = served.administrator(project, &format!("{work:?}-{fault:?}-{call}"));
    work.prepare(&administrator);
    let proxy = Faulty::before(&administrator.endpoint, Some((call, fault)));
    first(&administrator.through(&proxy.endpoint()), &proxy, work, fault, &what);
    // Calls that run side by side come in any order, and the last ones may not come to pass.
    assert!(proxy.calls() >= call, "{what}: there were {} calls", proxy.calls());
    work.run(&administrator);
    assert_alike(&boto.dump(&administrator), wanted, &what);
}

/// The work that something happens to.
fn first(disturbed: &Person, proxy: &Faulty, work: Work, fault: Fault, what: &str) {
    let mut command = disturbed.command(&work.arguments(&disturbed.key_file()));
    let child = command.spawn().expect("greenroom can be run");
    proxy.aims_at(&child);
    let output = child.wait_with_output().expect("the child is ours");
    let said = String::from_utf8_lossy(&output.stderr);
    match fault {
        Fault::KillBefore | Fault::KillAfter => assert_eq!(output.status.code(), None, "{what}: {said}"),
        // Zero where nothing was left to do but to hand the key over.
        Fault::Interrupt => assert!(matches!(output.status.code(), Some(130 | 0)), "{what}: {output:?}"),
        Fault::Throttle | Fault::Break | Fault::Lose => assert_eq!(output.status.code(), Some(0), "{what}: {said}"),
    }
}

/// Every call with every fault; on most runs every third call with one of them, in turn.
fn at_every_call(project: &Project, work: Work, faults: &[Fault]) {
    let (wanted, calls) = undisturbed(project, &mut Boto::start(), work);
    assert!(calls > 50, "only {calls} calls");
    let chosen = (1..=calls).filter(|call| whole() || call % 3 == 0);
    let cases: Vec<(usize, Fault)> =
        chosen.flat_map(|call| in_turn(faults, call / 3).iter().map(move |fault| (call, *fault))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut boto = Boto::start();
                while let Some((call, fault)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    disturb(project, &mut boto, &wanted, work, *call, *fault);
                }
            });
        }
    });
}

#[test]
fn killed_at_any_call_an_apply_is_run_again_and_ends_in_the_same_account() {
    at_every_call(&Project::check_out(), Work::Apply, &[Fault::KillBefore, Fault::KillAfter]);
}

#[test]
fn killed_at_any_call_a_destroy_is_run_again_and_ends_in_the_same_account() {
    at_every_call(&Project::check_out(), Work::Destroy, &[Fault::KillBefore, Fault::KillAfter]);
}

#[test]
fn a_call_that_fails_once_makes_no_difference() {
    at_every_call(&Project::check_out(), Work::Apply, &[Fault::Throttle, Fault::Break, Fault::Lose]);
}

/// The same with a role that deploys, a boundary and an instance profile.
#[test]
fn a_project_with_a_role_that_deploys_is_made_ready_whatever_happens() {
    at_every_call(&Project::check_out_with(super::identity::FULL), Work::Apply, &[Fault::KillAfter, Fault::Lose]);
}

#[test]
fn a_project_of_several_services_is_made_ready_and_taken_away_whatever_happens() {
    let project = super::several::project();
    at_every_call(&project, Work::Apply, &[Fault::KillAfter, Fault::Lose, Fault::KillBefore]);
    at_every_call(&project, Work::Destroy, &[Fault::KillBefore, Fault::KillAfter]);
}

#[test]
fn an_interrupted_apply_ends_well_and_is_run_again() {
    let project = Project::check_out();
    let mut boto = Boto::start();
    let (wanted, calls) = undisturbed(&project, &mut boto, Work::Apply);
    for call in [2, calls / 2, calls - 8, calls - 4] {
        disturb(&project, &mut boto, &wanted, Work::Apply, call, Fault::Interrupt);
    }
}

/// For up to 15 seconds other services do not know what was written to IAM.
#[test]
fn an_apply_waits_for_iam() {
    let project = Project::check_out();
    let (wanted, _) = undisturbed(&project, &mut Boto::start(), Work::Apply);
    let settings = [("0", "1"), ("15", "2"), ("random", "3"), ("random", "4"), ("random", "5")];
    std::thread::scope(|scope| {
        for (propagation, seed) in settings {
            let (project, wanted) = (&project, &wanted);
            scope.spawn(move || {
                let served = Served::start(&["--seed", seed, "--iam-propagation", propagation]);
                let administrator = served.administrator(project, &format!("iam-{propagation}-{seed}"));
                administrator.apply().ends(0);
                assert_alike(&Boto::start().dump(&administrator), wanted, propagation);
            });
        }
    });
}
