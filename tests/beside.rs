//! Rehearsals beside one another and beside what is not theirs.

use crate::app::App;
use crate::engine::Engine;

#[test]
fn two_rehearsals_at_once_do_not_disturb_each_other() {
    let (one, other) = (App::check_out("v2"), App::check_out("v2"));
    let engine = Engine::connect();
    let children = [one.command("postgres").spawn(), other.command("mysql").spawn()];
    let mut owners = Vec::new();
    for (app, child) in [&one, &other].into_iter().zip(children) {
        let child = child.expect("greenroom can be run");
        owners.push(child.id());
        let run = app.finished(&child.wait_with_output().expect("the child is ours"));
        assert_eq!(run.exit, Some(0), "{}", run.printed());
        assert_eq!(run.report["requests"]["failed"], 0, "{}", run.printed());
    }
    for owner in owners {
        assert_eq!(engine.left_by(owner), Vec::<String>::new());
    }
}

#[test]
fn what_greenroom_did_not_make_is_not_touched_and_its_own_names_are_gone() {
    let engine = Engine::connect();
    let stranger = engine.make_stranger();
    let app = App::check_out("v2-migration-fails");
    let child = app.command("postgres").spawn().expect("greenroom can be run");
    let owner = child.id();
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(engine.left_by(owner), Vec::<String>::new());
    let registry = run.registry();
    let left: Vec<String> = engine.image_tags().into_iter().filter(|tag| tag.starts_with(&registry)).collect();
    assert_eq!(left, Vec::<String>::new(), "names of images in the registry {registry}");
    assert!(engine.has_network(&stranger), "a network that is not greenroom's was removed");
    engine.remove_stranger(&stranger);
}

#[test]
fn no_secret_value_is_shown_or_written() {
    let engine = Engine::connect();
    let app = App::check_out("v2");
    let child = app.command("postgres").spawn().expect("greenroom can be run");
    // The values exist only inside the rehearsal: its containers know them.
    let secrets = engine.environment_of(child.id(), "app", &["DATABASE_URL", "SESSION_KEY"]);
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    assert_eq!(secrets.len(), 2, "both secrets were seen in a container");
    let url = &secrets[0];
    let password = url.split([':', '@']).nth(2).expect("the URL has a password");
    let written = format!("{}{}{}{:?}{}", run.stdout, run.stderr, run.report, run.trace, run.junit);
    for secret in [url.as_str(), secrets[1].as_str(), password] {
        assert!(secret.len() > 8, "not a secret");
        assert!(!written.contains(secret), "a secret value was written");
    }
}
