//! The policy that is printed for the person is all that the person needs, and nothing in it is too much.

use serde_json::{Value, json};

use super::account::{Boto, Served};
use super::identity::FULL;
use super::{Person, Project};

/// The person's policies, as `greenroom bootstrap policy` prints them without an account.
pub(super) fn printed(project: &Project) -> Vec<Value> {
    let ran = Person::nobody(project).run(&["policy", "--account", "123456789012", "--json"]).ends(0);
    let all: Value = serde_json::from_str(&ran.stdout).expect("JSON was asked for");
    let policies = all["policies"].as_array().expect("there are policies").iter();
    let own = policies.filter(|policy| policy["name"].as_str().is_some_and(|name| name.contains("-bootstrap-")));
    own.map(|policy| policy["policy"].clone()).collect()
}

/// A user with these policies, and nothing else.
pub(super) fn with(boto: &mut Boto, administrator: &Person, policies: &[Value], name: &str) -> Person {
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

/// How a project is deployed.
#[derive(Clone, Copy)]
enum Life {
    WithKeys,
    WithRole,
}

impl Life {
    fn project(self) -> Project {
        match self {
            Self::WithKeys => Project::check_out(),
            Self::WithRole => Project::check_out_with(FULL),
        }
    }
}

/// Everything that somebody does with an account, up to the first command that IAM refuses. What they find has been changed
/// behind their back.
fn whole_life(life: Life, boto: &mut Boto, administrator: &Person, person: &Person) -> Result<(), String> {
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
    match life {
        Life::WithKeys => super::drift::change_everything(boto, administrator, true),
        Life::WithRole => {
            super::drift::change_everything(boto, administrator, false);
            super::identity::change_everything(boto, administrator);
        }
    }
    step(&["drift"], 2)?;
    step(&["apply", "--yes"], 0)?;
    step(&["drift"], 0)?;
    super::drift::untag_a_group(boto, administrator);
    step(&["drift"], 2)?;
    step(&["apply", "--yes", "--adopt", "news-api-host"], 0)?;
    step(&["drift"], 0)?;
    if let Life::WithKeys = life {
        let second = format!("{key_file}.2");
        step(&["rotate-key", "--access-key-file", &second], 0)?;
        step(&["rotate-key"], 2)?;
    }
    step(&["destroy", "--yes"], 0)
}

#[test]
fn the_printed_policy_is_enough() {
    for life in [Life::WithKeys, Life::WithRole] {
        let (project, served, mut boto) = (life.project(), Served::start(&[]), Boto::start());
        let administrator = served.administrator(&project, "administrator");
        let person = with(&mut boto, &administrator, &printed(&project), "person");
        whole_life(life, &mut boto, &administrator, &person).expect("the policy allows all of it");
    }
}

#[test]
fn without_any_of_its_statements_something_is_refused() {
    without_any(Life::WithKeys);
}

#[test]
fn without_any_of_its_statements_something_is_refused_where_a_role_deploys() {
    without_any(Life::WithRole);
}

/// Where there is a boundary, the person can give nobody rights beyond it, however he goes about it.
#[test]
fn the_person_gives_rights_only_to_what_is_bounded() {
    let (project, served, mut boto) = (Life::WithRole.project(), Served::start(&[]), Boto::start());
    let administrator = served.administrator(&project, "administrator");
    let person = with(&mut boto, &administrator, &printed(&project), "person");
    person.run(&["apply", "--yes"]).ends(0);
    boto.call(&administrator, "iam", "delete_role_permissions_boundary", json!({"RoleName": "news-api-task"}));
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let administer = json!("arn:aws:iam::aws:policy/AdministratorAccess");
    let other = json!({"RoleName": "news-api-task", "PermissionsBoundary": administer});
    let put = json!({"RoleName": "news-api-task", "PolicyName": "more", "PolicyDocument": everything});
    let attach = json!({"RoleName": "news-api-task", "PolicyArn": administer});
    for (call, with) in
        [("put_role_policy", put), ("attach_role_policy", attach), ("put_role_permissions_boundary", other)]
    {
        let answer = boto.attempt(&person, "iam", call, with);
        assert_eq!(answer["error"], "AccessDenied", "{call}: {answer}");
    }
    person.run(&["apply", "--yes"]).ends(0);
    person.run(&["drift"]).ends(0);
}

fn without_any(life: Life) {
    let project = life.project();
    let policies = printed(&project);
    let statements = |policy: &Value| policy["Statement"].as_array().map_or(0, Vec::len);
    let all: Vec<(usize, usize)> = policies
        .iter()
        .enumerate()
        .flat_map(|(policy, text)| (0..statements(text)).map(move |statement| (policy, statement)))
        .collect();
    assert!(all.len() > 10, "{policies:#?}");
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (project, policies, all) = (&project, &policies, &all);
            scope.spawn(move || {
                let mut boto = Boto::start();
                for left_out in (0..all.len()).filter(|place| place % 2 == half) {
                    let (mut rest, (policy, statement)) = (policies.clone(), all[left_out]);
                    let missing = rest[policy]["Statement"].as_array_mut().expect("it has some").remove(statement);
                    rest.retain(|policy| statements(policy) > 0);
                    let served = Served::start(&[]);
                    let administrator = served.administrator(project, &format!("without-{left_out}"));
                    let person = with(&mut boto, &administrator, &rest, "person");
                    let refused = whole_life(life, &mut boto, &administrator, &person);
                    let said = refused.expect_err(&format!("nobody missed {missing}"));
                    assert!(said.contains("these credentials lack `"), "{said}");
                }
            });
        }
    });
}
