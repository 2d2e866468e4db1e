//! Who may take the role of deploys: exactly the jobs that `[deploy]` names, as the account's own STS decides it.

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::lifecycle::without_service_roles;
use super::{Person, Project};

const REPOSITORY: &str = "identity = \"oidc\"\nrepository = \"acme/news-api\"\nrepository-id = 74\nowner-id = 65";

/// What `[deploy]` says besides, by a letter each.
const DEPLOYS: [(char, &str); 4] = [
    ('B', "branch = \"main\""),
    ('T', "tag = \"v*\""),
    ('E', "environment = \"production\""),
    ('P', "environment = \"production\"\nbranch = \"main\""),
];

/// A project that has all there is besides a user, its boundary and its instance profile among them.
pub(super) const FULL: &str = r#"
[deploy]
identity = "oidc"
repository = "acme/news-api"
repository-id = 74
owner-id = 65
environment = "production"
branch = "main"

[permissions]
boundary = "make"
services = ["s3"]

[host]
runs = "ecs"
"#;

/// A project with a user, and an instance that runs Compose.
pub(super) const KEYED: &str = "[host]\nruns = \"compose\"\n";

pub(super) fn section(more: &str) -> String {
    format!("[deploy]\n{REPOSITORY}\n{more}\n")
}

/// A job, by what its token claims, and which of the four it may take the role of. What is left out is of a repository made since July
/// 2026, and has the audience that it should have.
type Claims = (&'static [(&'static str, &'static str)], &'static str);

const MAIN: (&str, &str) = ("ref", "refs/heads/main");
const OLD: (&str, &str) = ("repository", "acme/news-api");
const FORK: (&str, &str) = ("repository", "mallory@99/news-api@123");
const TO_PRODUCTION: (&str, &str) = ("environment", "production");
const REQUEST: (&str, &str) = ("pull_request", "7");

const CLAIMS: &[Claims] = &[
    // Branches.
    (&[MAIN], "B"),
    (&[OLD, MAIN], "B"),
    (&[("ref", "refs/heads/develop")], ""),
    (&[("ref", "refs/heads/Main")], ""),
    (&[("ref", "refs/heads/main2")], ""),
    (&[("ref", "refs/heads/mai")], ""),
    (&[("ref", "refs/heads/feature/main")], ""),
    (&[("ref", "refs/heads/main/feature")], ""),
    (&[("ref", "refs/heads/v1")], ""),
    (&[OLD, ("ref", "refs/heads/develop")], ""),
    // Tags.
    (&[("ref", "refs/tags/v1.2.0")], "T"),
    (&[OLD, ("ref", "refs/tags/v1.2.0")], "T"),
    (&[("ref", "refs/tags/v")], "T"),
    (&[("ref", "refs/tags/V1")], ""),
    (&[("ref", "refs/tags/release-v1")], ""),
    (&[("ref", "refs/tags/main")], ""),
    (&[OLD, ("ref", "refs/tags/main")], ""),
    // Environments: their jobs' subjects say nothing of branches.
    (&[MAIN, TO_PRODUCTION], "EP"),
    (&[OLD, MAIN, TO_PRODUCTION], "EP"),
    (&[("ref", "refs/heads/develop"), TO_PRODUCTION], "E"),
    (&[("ref", "refs/tags/v1"), TO_PRODUCTION], "E"),
    (&[("ref", "refs/tags/main"), TO_PRODUCTION], "E"),
    (&[REQUEST, TO_PRODUCTION], "E"),
    (&[MAIN, ("environment", "Production")], ""),
    (&[MAIN, ("environment", "production2")], ""),
    (&[MAIN, ("environment", "staging")], ""),
    (&[MAIN, ("environment", "main")], ""),
    (&[MAIN, ("environment", "production:ref:refs/heads/main")], ""),
    (&[("ref", "refs/heads/develop"), ("environment", "ref:refs/heads/main")], ""),
    // Pull requests: nobody has looked at what they run.
    (&[REQUEST], ""),
    (&[OLD, REQUEST], ""),
    (&[FORK, REQUEST], ""),
    (&[REQUEST, ("environment", "staging")], ""),
    // Other repositories, and ones that are called alike.
    (&[FORK, MAIN], ""),
    (&[FORK, ("ref", "refs/tags/v1")], ""),
    (&[FORK, MAIN, TO_PRODUCTION], ""),
    (&[("repository", "mallory/news-api"), ("repository_id", "123"), MAIN], ""),
    (&[("repository", "acme@65/other@75"), MAIN], ""),
    (&[("repository", "acme@65/news-api-2@74"), MAIN], ""),
    (&[("repository", "acme2/news-api"), MAIN], ""),
    (&[("repository", "Acme@65/News-API@74"), MAIN], ""),
    (&[("repository", "ACME/news-api"), MAIN], ""),
    // The name after it was given up, and the repository after it was renamed or given to another owner.
    (&[("repository", "acme@65/news-api@75"), MAIN], ""),
    (&[OLD, ("repository_id", "75"), MAIN], ""),
    (&[OLD, ("repository_id", "75"), MAIN, TO_PRODUCTION], ""),
    (&[("repository", "acme@66/news-api@74"), MAIN], ""),
    (&[("repository", "acme@65/news@74"), MAIN], ""),
    (&[("repository", "acme@65/news@74"), MAIN, TO_PRODUCTION], ""),
    (&[("repository", "acme-inc@65/news-api@74"), MAIN], ""),
    (&[("repository", "other@67/news-api@74"), ("ref", "refs/tags/v1")], ""),
    // Tokens that are for somebody else. The account takes the second audience, for another project.
    (&[MAIN, ("audience", "sts.amazonaws.com.cn")], ""),
    (&[MAIN, ("audience", "https://github.com/acme")], ""),
    (&[MAIN, TO_PRODUCTION, ("audience", "https://github.com/acme")], ""),
    (&[("ref", "refs/tags/v1"), ("audience", "STS.amazonaws.com")], ""),
];

/// What STS answers a job that would take the role of deploys.
pub(super) fn assume(boto: &mut Boto, served: &Served, nobody: &Person, claims: &[(&str, &str)]) -> Value {
    let mut job = json!({"repository": "acme@65/news-api@74", "audience": "sts.amazonaws.com"});
    for (claim, value) in claims {
        job[*claim] = json!(value);
    }
    let token = boto.token(served, nobody, &job);
    let role = format!("arn:aws:iam::{}:role/news-api-deploy", served.said("account"));
    let with = json!({"RoleArn": role, "RoleSessionName": "deploy", "WebIdentityToken": token});
    boto.attempt(nobody, "sts", "assume_role_with_web_identity", with)
}

#[test]
fn exactly_the_jobs_that_are_named_may_deploy() {
    assert!(CLAIMS.len() >= 40);
    std::thread::scope(|scope| {
        for (letter, more) in DEPLOYS {
            scope.spawn(move || {
                let (project, mut boto) = (Project::check_out_with(&section(more)), Boto::start());
                let served = Served::start(&[]);
                let person = served.administrator(&project, "person");
                person.run(&["apply", "--yes"]).ends(0);
                let provider = format!(
                    "arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com",
                    served.said("account")
                );
                let other = json!({"OpenIDConnectProviderArn": provider, "ClientID": "https://github.com/acme"});
                boto.call(&person, "iam", "add_client_id_to_open_id_connect_provider", other);
                person.run(&["drift"]).ends(0);
                let mut wrong = Vec::new();
                for (claims, admitted) in CLAIMS {
                    let answer = assume(&mut boto, &served, &person, claims);
                    let is_admitted = answer.get("Credentials").is_some();
                    let refused =
                        ["AccessDenied", "InvalidIdentityToken"].map(|code| answer["error"] == code).contains(&true);
                    assert_ne!(is_admitted, refused, "{answer}");
                    if is_admitted != admitted.contains(letter) {
                        wrong.push(format!("{claims:?}: {answer}"));
                    }
                }
                assert!(wrong.is_empty(), "with {more}:\n{}", wrong.join("\n"));
            });
        }
    });
}

#[test]
fn a_job_deploys_with_the_role_and_may_do_nothing_else() {
    let (project, mut boto) = (Project::check_out_with(&section("branch = \"main\"")), Boto::start());
    let served = Served::start(&[]);
    let person = served.administrator(&project, "person");
    let applied = person.run(&["apply", "--yes"]).ends(0);
    assert!(applied.stderr.contains("role/news-api-deploy"), "{}", applied.stderr);
    assert!(!applied.stdout.contains("access key"), "{}", applied.stdout);
    let refused = person.run(&["rotate-key", "--show-access-key"]).ends(3);
    assert!(refused.stderr.contains("there is no access key to rotate"), "{}", refused.stderr);

    let session = assume(&mut boto, &served, &person, &[MAIN]);
    let text = |member: &str| session["Credentials"][member].as_str().expect("a session").to_owned();
    let job = Person {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey"),
        session_token: Some(text("SessionToken")),
        ..person.clone()
    };
    let services = json!({"cluster": "news", "services": ["news-api"]});
    boto.call(&job, "ecs", "describe_services", services);
    let denied = boto.attempt(&job, "iam", "list_users", json!({}));
    assert_eq!(denied["error"], "AccessDenied", "{denied}");
}

#[test]
fn an_identity_provider_is_shared_and_taken_away_only_by_the_last_project_that_trusts_it() {
    let (project, mut boto) = (Project::check_out_with(&section("branch = \"main\"")), Boto::start());
    let served = Served::start(&[]);
    let person = served.administrator(&project, "person");
    let providers = |boto: &mut Boto| {
        let all = boto.call(&person, "iam", "list_open_id_connect_providers", json!({}));
        all["OpenIDConnectProviderList"].as_array().map_or(0, Vec::len)
    };
    // Somebody else's is used and stays.
    let made = json!({"Url": "https://token.actions.githubusercontent.com", "ClientIDList": ["sts.amazonaws.com"]});
    let made = boto.call(&person, "iam", "create_open_id_connect_provider", made);
    let applied = person.run(&["apply", "--yes"]).ends(0);
    assert!(
        applied.stdout.contains("note: identity provider `token.actions.githubusercontent.com` is somebody else's")
    );
    person.run(&["plan"]).ends(0);
    person.run(&["destroy", "--yes"]).ends(0);
    assert_eq!(providers(&mut boto), 1);
    boto.call(
        &person,
        "iam",
        "delete_open_id_connect_provider",
        json!({"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}),
    );

    // Ours stays as long as another role trusts it.
    person.run(&["apply", "--yes"]).ends(0);
    let trust = boto.call(&person, "iam", "get_role", json!({"RoleName": "news-api-deploy"}));
    let trust = trust["Role"]["AssumeRolePolicyDocument"].to_string();
    boto.call(&person, "iam", "create_role", json!({"RoleName": "shop", "AssumeRolePolicyDocument": trust}));
    let destroyed = person.run(&["destroy", "--yes"]).ends(0);
    assert!(destroyed.stdout.contains("stays: role `shop` trusts it"), "{}", destroyed.stdout);
    assert_eq!(providers(&mut boto), 1);
    boto.call(&person, "iam", "delete_role", json!({"RoleName": "shop"}));
    person.run(&["destroy", "--yes"]).ends(0);
    assert_eq!(providers(&mut boto), 0);
}

/// Changes everything that [`FULL`] has besides the rest, one thing after another.
pub(super) fn change_everything(boto: &mut Boto, administrator: &Person) {
    const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let arn = |resource: &str| format!("arn:aws:iam::123456789012:{resource}");
    let provider = arn("oidc-provider/token.actions.githubusercontent.com");
    let version =
        json!({"PolicyArn": arn("policy/news-api-boundary"), "PolicyDocument": EVERYTHING, "SetAsDefault": true});
    let profile = json!({"InstanceProfileName": "news-api-host", "RoleName": "news-api-host"});
    let changes = [
        ("put_role_policy", json!({"RoleName": "news-api-deploy", "PolicyName": "more", "PolicyDocument": EVERYTHING})),
        ("update_role", json!({"RoleName": "news-api-deploy", "MaxSessionDuration": 43200})),
        ("delete_role_permissions_boundary", json!({"RoleName": "news-api-deploy"})),
        ("delete_role_permissions_boundary", json!({"RoleName": "news-api-task"})),
        ("delete_role_policy", json!({"RoleName": "news-api-host", "PolicyName": "news-api-host"})),
        ("remove_role_from_instance_profile", profile),
        (
            "remove_client_id_from_open_id_connect_provider",
            json!({"OpenIDConnectProviderArn": provider, "ClientID": "sts.amazonaws.com"}),
        ),
        ("create_policy_version", version.clone()),
        ("create_policy_version", version.clone()),
        ("create_policy_version", version.clone()),
        ("create_policy_version", version),
    ];
    for (call, with) in changes {
        boto.call(administrator, "iam", call, with);
    }
}

#[test]
fn every_change_by_hand_is_found_and_mended() {
    let (project, served, mut boto) = (Project::check_out_with(FULL), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let before = boto.dump(&person);
    person.run(&["apply", "--yes"]).ends(0);
    assert_eq!(person.run(&["plan"]).ends(0).stdout, "nothing to do\n");
    let wanted = boto.dump(&person);
    change_everything(&mut boto, &person);
    let drift = person.run(&["drift"]).ends(2);
    for said in [
        "delete policy `more` of role `news-api-deploy`",
        "longest session: wanted 3600 s, found 43200 s",
        "set permissions boundary of role `news-api-deploy`",
        "set permissions boundary of role `news-api-task`",
        "write policy of role `news-api-host`",
        "put role `news-api-host` into instance profile `news-api-host`: missing",
        "add `sts.amazonaws.com` to audiences of identity provider",
        "delete version v1 of managed policy `news-api-boundary`",
        "to managed policy `news-api-boundary`: it lacks",
    ] {
        assert!(drift.stdout.contains(said), "`{said}` is not in\n{}", drift.stdout);
    }
    person.run(&["apply", "--yes"]).ends(0);
    person.run(&["drift"]).ends(0);
    assert_alike(&boto.dump(&person), &wanted, "mended");
    person.run(&["destroy", "--yes"]).ends(0);
    assert_alike(&without_service_roles(boto.dump(&person)), &before, "destroyed");
}
