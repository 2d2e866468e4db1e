//! Credentials are found where the AWS command line finds them, and services where its variables say that they are.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::account::{Boto, Served};
use super::{Person, Project, Ran};
use crate::app::greenroom;

/// What AWS's documentation calls the file of a session's token: the SHA-1 of the session's name, `news`.
const TOKEN_FILE: &str = "3c6bdcddc94f64bf77deb306aae490a90a6fc300.json";

/// A place where credentials are looked for: what is there, and the variables that lead to it.
struct Place<'a> {
    name: &'static str,
    variables: Vec<(&'static str, String)>,
    arguments: &'a [&'a str],
}

/// Credentials that last for an hour, as STS gives them.
struct Lent {
    id: String,
    secret: String,
    token: String,
}

/// Credentials of the role `setup`, which may do everything, and which a user of the account has assumed.
fn lent(boto: &mut Boto, person: &Person) -> Lent {
    let policy = |effect: Value| json!({"Version": "2012-10-17", "Statement": [effect]}).to_string();
    let trust = policy(json!({"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}));
    let all = policy(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let role = json!({"RoleName": "setup", "AssumeRolePolicyDocument": trust});
    boto.call(person, "iam", "create_role", role);
    let may = json!({"RoleName": "setup", "PolicyName": "all", "PolicyDocument": all});
    boto.call(person, "iam", "put_role_policy", may);
    boto.call(person, "iam", "create_user", json!({"UserName": "operator"}));
    let may = json!({"UserName": "operator", "PolicyName": "all", "PolicyDocument": all});
    boto.call(person, "iam", "put_user_policy", may);
    let made = boto.call(person, "iam", "create_access_key", json!({"UserName": "operator"}));
    let text = |answer: &Value, key: &str| answer[key].as_str().expect("AWS gives all of it").to_owned();
    let operator = Person {
        access_key_id: text(&made["AccessKey"], "AccessKeyId"),
        secret_access_key: text(&made["AccessKey"], "SecretAccessKey"),
        ..person.clone()
    };
    let wanted = json!({"RoleArn": "arn:aws:iam::123456789012:role/setup", "RoleSessionName": "test"});
    let answer = boto.call(&operator, "sts", "assume_role", wanted);
    let given = &answer["Credentials"];
    Lent { id: text(given, "AccessKeyId"), secret: text(given, "SecretAccessKey"), token: text(given, "SessionToken") }
}

/// Answers requests by their method and path until the test ends, as the metadata service and the portal of IAM Identity Center do.
fn answering(answers: impl Fn(&str) -> Option<String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let asked = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let answer = answers(asked.trim_end_matches(" HTTP/1.1"));
            let (status, body) = answer.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
            let head = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nconnection: close";
            let length = body.len();
            // Whoever has hung up has no use for it.
            drop(write!(&stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}"));
        }
    });
    format!("http://{address}")
}

/// The metadata service of an EC2 instance whose profile has the role `setup` (IMDSv2).
fn metadata(Lent { id, secret, token }: &Lent) -> String {
    let credentials = json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2099-01-01T00:00:00Z",
        "AccessKeyId": id, "SecretAccessKey": secret, "Token": token,
    });
    answering(move |asked| match asked {
        "PUT /latest/api/token" => Some("token".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/" => Some("setup".to_owned()),
        "GET /latest/meta-data/iam/security-credentials/setup" => Some(credentials.to_string()),
        _ => None,
    })
}

/// The portal that gives a session of IAM Identity Center its role's credentials (`sso:GetRoleCredentials`).
fn portal(Lent { id, secret, token }: &Lent) -> String {
    let credentials = json!({"roleCredentials": {
        "accessKeyId": id, "secretAccessKey": secret, "sessionToken": token, "expiration": 4_070_908_800_000_u64,
    }});
    answering(move |asked| asked.starts_with("GET /federation/credentials?").then(|| credentials.to_string()))
}

fn written(path: &Path, text: &str) -> String {
    fs::create_dir_all(path.parent().expect("it is in a directory")).expect("the machine has room");
    fs::write(path, text).expect("the machine has room");
    path.display().to_string()
}

/// A program that prints credentials, as `credential_process` wants them.
fn program(path: &Path, person: &Person) -> String {
    let answer =
        json!({"Version": 1, "AccessKeyId": person.access_key_id, "SecretAccessKey": person.secret_access_key});
    let path = written(path, &format!("#!/bin/sh\necho '{answer}'\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

fn plan(person: &Person, place: &Place<'_>) -> Ran {
    let mut command: Command = greenroom();
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("HOME", &person.place).env("XDG_STATE_HOME", person.place.join("state")).env("NO_PROXY", "127.0.0.1");
    let metadata = place.variables.iter().any(|(name, _)| name.starts_with("AWS_EC2_METADATA"));
    if !metadata {
        command.env("AWS_EC2_METADATA_DISABLED", "true");
    }
    command.envs(place.variables.iter().map(|(name, value)| (*name, value)));
    command.arg("-f").arg(&person.config).args(["bootstrap", "plan"]).args(place.arguments);
    Ran::of(&command.output().expect("greenroom can be run"))
}

#[test]
fn credentials_are_found_where_the_aws_command_line_finds_them() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let Person { access_key_id: id, secret_access_key: secret, endpoint, place: home, .. } = &person;
    let lent = lent(&mut boto, &person);
    let at = ("AWS_ENDPOINT_URL", endpoint.clone());
    let keys = |name: &str| format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");

    let shared = written(&home.join("shared"), &keys("news"));
    let process = program(&home.join("login"), &person);
    let config = format!(
        "[profile news]\ncredential_process = {process}\n[profile portal]\nsso_session = news\nsso_account_id = 123456789012\n\
         sso_role_name = setup\n[sso-session news]\nsso_region = eu-central-1\nsso_start_url = https://news.example/start\n"
    );
    let config = written(&home.join("config"), &config);
    let token = json!({"accessToken": "token", "expiresAt": "2099-01-01T00:00:00Z", "region": "eu-central-1",
        "startUrl": "https://news.example/start"});
    written(&home.join(".aws/sso/cache").join(TOKEN_FILE), &token.to_string());

    let lent_in_variables = vec![
        at.clone(),
        ("AWS_ACCESS_KEY_ID", lent.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", lent.secret.clone()),
        ("AWS_SESSION_TOKEN", lent.token.clone()),
    ];
    let mut by_service = vec![
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1".to_owned()),
        ("AWS_ACCESS_KEY_ID", id.clone()),
        ("AWS_SECRET_ACCESS_KEY", secret.clone()),
    ];
    for service in [
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL_IAM",
        "AWS_ENDPOINT_URL_EC2",
        "AWS_ENDPOINT_URL_ECR",
        "AWS_ENDPOINT_URL_ECS",
        "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_ENDPOINT_URL_SSM",
    ] {
        by_service.push((service, endpoint.clone()));
    }
    let places = [
        Place { name: "variables, with a session's token", variables: lent_in_variables, arguments: &[] },
        Place {
            name: "a profile of the shared file, by its option",
            variables: vec![at.clone(), ("AWS_SHARED_CREDENTIALS_FILE", shared.clone())],
            arguments: &["--profile", "news"],
        },
        Place {
            name: "a profile of the shared file, by its variable",
            variables: vec![at.clone(), ("AWS_SHARED_CREDENTIALS_FILE", shared), ("AWS_PROFILE", "news".to_owned())],
            arguments: &[],
        },
        Place {
            name: "a program",
            variables: vec![at.clone(), ("AWS_CONFIG_FILE", config.clone())],
            arguments: &["--profile", "news"],
        },
        Place {
            name: "IAM Identity Center",
            variables: vec![at.clone(), ("AWS_CONFIG_FILE", config), ("AWS_ENDPOINT_URL_SSO", portal(&lent))],
            arguments: &["--profile", "portal"],
        },
        Place {
            name: "the instance's metadata",
            variables: vec![at.clone(), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata(&lent))],
            arguments: &[],
        },
        Place { name: "each service at an address of its own", variables: by_service, arguments: &[] },
    ];
    for place in &places {
        let Ran { exit, stdout, stderr } = plan(&person, place);
        assert_eq!(exit, Some(2), "{}\n{stdout}\n{stderr}", place.name);
        assert!(stdout.contains("create cluster `news`"), "{}\n{stdout}", place.name);
    }

    let nowhere = Place { name: "nowhere", variables: vec![at], arguments: &[] };
    let Ran { exit, stderr, .. } = plan(&person, &nowhere);
    assert_eq!(exit, Some(3), "{stderr}");
    assert!(stderr.contains("finding AWS credentials"), "{stderr}");
    // No secret shows in what is said of it.
    for secret in [secret.as_str(), &lent.secret, &lent.token] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
}
