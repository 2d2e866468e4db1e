//! The policy that is printed for the person is all that the person needs, and nothing in it is too much.

use serde_json::{Value, json};

use super::account::{Boto, Served};
use super::{Person, Project};

/// The person's policies, as `greenroom bootstrap policy` prints them without an account.
fn printed(project: &Project) -> Vec<Value> {
    let nobody = Person {
        config: project.config(),
        endpoint: "http://127.0.0.1:9".to_owned(),
        access_key_id: String::new(),
        secret_access_key: String::new(),
        place: project.place("nobody"),
    };
    let ran = nobody.run(&["policy", "--account", "123456789012", "--json"]).ends(0);
    let all: Value = serde_json::from_str(&ran.stdout).expect("JSON was asked for");
    let policies = all["policies"].as_array().expect("there are policies").iter();
    let own = policies.filter(|policy| policy["name"].as_str().is_some_and(|name| name.contains("-bootstrap-")));
    own.map(|policy| policy["policy"].clone()).collect()
}

/// A user with these policies, and nothing else.
fn with(boto: &mut Boto, administrator: &Person, policies: &[Value], name: &str) -> Person {
    boto.call(administrator, "iam", "create_user", json!({"UserName": name}));
    for (index, policy) in policies.iter().enumerate() {
        let named = format!("{name}-{index}");
        let made = json!({"PolicyName": named, "PolicyDocument": policy.to_string()});
        let made = boto.call(administrator, "iam", "create_policy", made);
        let attached = json!({"UserName": name, "PolicyArn": made["Policy"]["Arn"]});
        boto.call(administrator, "iam", "attach_user_policy", attached);
    }
    let key = boto.call(administrator, "iam", "create_access_key", json!({"UserName": name}));
    let text = |member: &str| key["AccessKey"][member].as_str().expect("it was made").to_owned();
    Person { access_key_id: text("AccessKeyId"), secret_access_key: text("SecretAccessKey"), ..administrator.clone() }
}

/// Everything that somebody does with an account, up to the first command that IAM refuses. What they find has been changed
/// behind their back.
fn whole_life(boto: &mut Boto, administrator: &Person, person: &Person) -> Result<(), String> {
    let step = |arguments: &[&str], exit: i32| {
        let ran = person.run(arguments);
        if ran.exit == Some(4) {
            return Err(ran.stderr);
        }
        ran.ends(exit);
        Ok(())
    };
    step(&["plan"], 2)?;
    let key_file = person.place.join(format!("{}.env", person.access_key_id)).display().to_string();
    step(&["apply", "--yes", "--access-key-file", &key_file], 0)?;
    step(&["drift"], 0)?;
    super::drift::change_everything(boto, administrator);
    step(&["drift"], 2)?;
    step(&["apply", "--yes"], 0)?;
    step(&["drift"], 0)?;
    let second = format!("{key_file}.2");
    step(&["rotate-key", "--access-key-file", &second], 0)?;
    step(&["rotate-key"], 2)?;
    step(&["destroy", "--yes"], 0)
}

#[test]
fn the_printed_policy_is_enough() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let administrator = served.administrator(&project, "administrator");
    let person = with(&mut boto, &administrator, &printed(&project), "person");
    whole_life(&mut boto, &administrator, &person).expect("the policy allows all of it");
}

#[test]
fn without_any_of_its_statements_something_is_refused() {
    let project = Project::check_out();
    let policies = printed(&project);
    let all: Vec<Value> =
        policies.iter().flat_map(|policy| policy["Statement"].as_array().cloned()).flatten().collect();
    assert!(all.len() > 10, "{all:#?}");
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (project, all) = (&project, &all);
            scope.spawn(move || {
                let mut boto = Boto::start();
                for left_out in (0..all.len()).filter(|place| place % 2 == half) {
                    let mut rest = all.clone();
                    let missing = rest.remove(left_out);
                    let policy = json!({"Version": "2012-10-17", "Statement": rest});
                    let served = Served::start(&[]);
                    let administrator = served.administrator(project, &format!("without-{left_out}"));
                    let person = with(&mut boto, &administrator, &[policy], "person");
                    let refused = whole_life(&mut boto, &administrator, &person);
                    let said = refused.expect_err(&format!("nobody missed {missing}"));
                    assert!(said.contains("these credentials lack `"), "{said}");
                }
            });
        }
    });
}
