//! Whatever happens to a first apply, at whichever of its calls: the next one ends in the same account, with nothing twice and
//! nothing left over.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::account::{Boto, Served, assert_alike};
use super::faulty::{Fault, Faulty};
use super::{Person, Project};

/// So many accounts are served side by side.
const WORKERS: usize = 4;

/// The account after an apply that nothing happened to, and how many calls that took.
fn undisturbed(project: &Project, boto: &mut Boto) -> (Value, usize) {
    let served = Served::start(&["--seed", "1"]);
    let administrator = served.administrator(project, "undisturbed");
    let proxy = Faulty::before(&administrator.endpoint, None);
    administrator.through(&proxy.endpoint()).apply().ends(0);
    (boto.dump(&administrator), proxy.calls())
}

/// Does something about the call of a number, applies again, and compares.
fn disturb(project: &Project, boto: &mut Boto, wanted: &Value, call: usize, fault: Fault) {
    let what = format!("{fault:?} at call {call}");
    let served = Served::start(&["--seed", "1"]);
    let administrator = served.administrator(project, &format!("{fault:?}-{call}"));
    let proxy = Faulty::before(&administrator.endpoint, Some((call, fault)));
    first(&administrator.through(&proxy.endpoint()), &proxy, fault, &what);
    // Calls that run side by side come in any order, and the last ones may not come to pass.
    assert!(proxy.calls() >= call, "{what}: there were {} calls", proxy.calls());
    administrator.apply().ends(0);
    assert_alike(&boto.dump(&administrator), wanted, &what);
}

/// The apply that something happens to.
fn first(disturbed: &Person, proxy: &Faulty, fault: Fault, what: &str) {
    let key_file = disturbed.key_file();
    let mut command = disturbed.command(&["apply", "--yes", "--access-key-file", &key_file]);
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

/// Every call with every fault.
fn at_every_call(faults: &[Fault]) {
    let project = Project::check_out();
    let (wanted, calls) = undisturbed(&project, &mut Boto::start());
    assert!(calls > 50, "only {calls} calls");
    let cases: Vec<(usize, Fault)> =
        (1..=calls).flat_map(|call| faults.iter().map(move |fault| (call, *fault))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut boto = Boto::start();
                while let Some((call, fault)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    disturb(&project, &mut boto, &wanted, *call, *fault);
                }
            });
        }
    });
}

#[test]
fn killed_at_any_call_an_apply_is_run_again_and_ends_in_the_same_account() {
    at_every_call(&[Fault::KillBefore, Fault::KillAfter]);
}

#[test]
fn a_call_that_fails_once_makes_no_difference() {
    at_every_call(&[Fault::Throttle, Fault::Break, Fault::Lose]);
}

#[test]
fn an_interrupted_apply_ends_well_and_is_run_again() {
    let project = Project::check_out();
    let mut boto = Boto::start();
    let (wanted, calls) = undisturbed(&project, &mut boto);
    for call in [2, calls / 2, calls - 8, calls - 4] {
        disturb(&project, &mut boto, &wanted, call, Fault::Interrupt);
    }
}

/// For up to 15 seconds other services do not know what was written to IAM.
#[test]
fn an_apply_waits_for_iam() {
    let project = Project::check_out();
    let (wanted, _) = undisturbed(&project, &mut Boto::start());
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
