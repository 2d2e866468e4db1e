//! Access keys are handed over once, and rotated without a deploy noticing.

use serde_json::{Value, json};

use super::account::{Boto, Served};
use super::lifecycle::value;
use super::{Person, Project};

fn keys(boto: &mut Boto, person: &Person) -> Vec<Value> {
    let answer = boto.call(person, "iam", "list_access_keys", json!({"UserName": "news-api-deploy"}));
    answer["AccessKeyMetadata"].as_array().expect("a list").clone()
}

#[test]
fn a_key_goes_to_a_commands_standard_input() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let refused = person.run(&["apply", "--yes", "--access-key-command", "exit 7"]).ends(3);
    assert!(refused.stderr.contains("could not be handed over"), "{}", refused.stderr);
    assert_eq!(keys(&mut boto, &person).len(), 0, "a key that nobody took is deleted");
    let file = person.place.join("new.env").display().to_string();
    person.run(&["apply", "--yes", "--access-key-command", &format!("cat > {file}")]).ends(0);
    let text = std::fs::read_to_string(&file).expect("the command wrote it");
    assert_eq!(keys(&mut boto, &person)[0]["AccessKeyId"], value(&text, "AWS_ACCESS_KEY_ID"));
}

#[test]
fn a_file_that_holds_something_else_is_refused() {
    let (project, served) = (Project::check_out(), Served::start(&[]));
    let person = served.administrator(&project, "person");
    std::fs::write(person.key_file(), "precious").expect("there is room");
    let refused = person.apply().ends(3);
    assert!(refused.stderr.contains("it holds something else"), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(person.key_file()).expect("it is there"), "precious");
}

#[test]
fn a_rotation_keeps_both_keys_until_the_new_one_is_used() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    let deployer = |file: &str| {
        let text = std::fs::read_to_string(file).expect("it was handed over");
        Person {
            access_key_id: value(&text, "AWS_ACCESS_KEY_ID").to_owned(),
            secret_access_key: value(&text, "AWS_SECRET_ACCESS_KEY").to_owned(),
            ..person.clone()
        }
    };
    let deploy = |boto: &mut Boto, by: &Person| {
        boto.call(by, "ecs", "describe_services", json!({"cluster": "news", "services": ["news-api"]}));
    };
    let old = deployer(&person.key_file());
    deploy(&mut boto, &old);
    let file = person.place.join("new.env").display().to_string();
    person.run(&["rotate-key"]).ends(3);
    person.run(&["rotate-key", "--access-key-file", &file]).ends(0);
    person.run(&["rotate-key", "--quiet", "0"]).ends(2);
    let new = deployer(&file);
    deploy(&mut boto, &old);
    deploy(&mut boto, &new);
    // The old key was used a moment ago.
    person.run(&["rotate-key"]).ends(2);
    deploy(&mut boto, &old);
    person.run(&["rotate-key", "--quiet", "0"]).ends(0);
    deploy(&mut boto, &new);
    let left = keys(&mut boto, &person);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["AccessKeyId"], new.access_key_id);
    person.run(&["plan"]).ends(0);
}
