//! Tokens as GitHub writes them, and the whole path from a runner to a role.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};
use simulator_core::iam::{CreateOidcProvider, CreateRole, Secret};
use simulator_core::sts::Verification;
use simulator_core::{Region, Setup, Timing, World};

use super::*;
use crate::account::{self, Account};
use crate::endpoint::{Bound, Offer};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn pull_request() -> Trigger {
    Trigger::PullRequest { number: 7, head: "topic".to_owned(), base: "main".to_owned() }
}

/// The environment, what started the job, and its subject in both forms (facts/bootstrap.md section 2).
#[test]
fn subjects_are_written_in_both_forms() {
    let branch = |name: &str| Trigger::Branch(name.to_owned());
    for (environment, trigger, context) in [
        (None, branch("main"), "ref:refs/heads/main"),
        (None, branch("feature/a"), "ref:refs/heads/feature/a"),
        (None, Trigger::Tag("v1.2".to_owned()), "ref:refs/tags/v1.2"),
        (None, pull_request(), "pull_request"),
        (Some("production"), branch("main"), "environment:production"),
        (Some("production"), pull_request(), "environment:production"),
        (Some("eu:production"), branch("main"), "environment:eu%3Aproduction"),
    ] {
        let job = Job { environment: environment.map(str::to_owned), trigger, ..Job::of("octo-org/news") };
        assert_eq!(job.sub(), format!("repo:octo-org@65/news@74:{context}"));
        let legacy = Job { subject: Subject::Legacy, ..job };
        assert_eq!(legacy.sub(), format!("repo:octo-org/news:{context}"));
    }
}

/// A repository is named as the subjects of its tokens name it.
#[test]
fn a_repository_is_named_as_in_its_subjects() {
    let named = |text: &str| Job::of("x/y").in_repository(text).map(|job| (job.sub(), job.repository)).ok();
    let news = "octo-org/news".to_owned();
    for (text, sub) in [
        ("octo-org/news", "repo:octo-org/news:ref:refs/heads/main"),
        ("octo-org@1/news@2", "repo:octo-org@1/news@2:ref:refs/heads/main"),
    ] {
        assert_eq!(named(text), Some((sub.to_owned(), news.clone())), "{text}");
    }
    for text in
        ["", "news", "/news", "octo-org/", "a/b/c", "octo-org@1/news", "octo-org/news@2", "octo-org@x/news@2", "@1/@2"]
    {
        assert_eq!(named(text), None, "{text}");
    }
}

#[test]
fn a_token_says_what_the_job_is_and_whether_it_is_genuine() {
    let issuer = Issuer::new(GITHUB);
    let job = Job { environment: Some("production".to_owned()), ..Job::of("octo-org/news") };
    let now = account::now();
    let text = issuer.token(&job, "sts.amazonaws.com", now).expect("a key can be made");
    let token = read(&text, Some(&issuer)).expect("a token");
    assert_eq!(token.verification, Verification::Genuine);
    assert_eq!((token.issuer.as_str(), token.subject.as_str()), (GITHUB, job.sub().as_str()));
    assert_eq!(token.audience, ["sts.amazonaws.com"]);
    assert_eq!(token.expires_at.map(|end| end.as_millis() / 1000), Some(now.as_millis() / 1000 + 300));
    for (claim, expected) in [
        ("environment", "production"),
        ("ref", "refs/heads/main"),
        ("repository", "octo-org/news"),
        ("repository_id", "74"),
        ("job_workflow_ref", "octo-org/news/.github/workflows/deploy.yml@refs/heads/main"),
        ("event_name", "push"),
    ] {
        assert_eq!(token.claims.get(claim).map(Vec::as_slice), Some(&[expected.to_owned()][..]), "{claim}");
    }

    let (head, signature) = text.rsplit_once('.').expect("a token has three parts");
    let (header, _) = head.split_once('.').expect("a token has three parts");
    let other = issuer.token(&Job::of("evil/news"), "sts.amazonaws.com", now).expect("there is a key");
    let payload = other.split('.').nth(1).expect("a token has three parts");
    let stranger = Issuer::new(GITHUB).token(&job, "sts.amazonaws.com", now).expect("a key can be made");
    for (forged, case) in [
        (format!("{header}.{payload}.{signature}"), "another token's claims"),
        (format!("{head}."), "no signature"),
        (stranger, "another issuer's key"),
    ] {
        assert_eq!(read(&forged, Some(&issuer)).map(|token| token.verification), Some(Verification::Forged), "{case}");
    }
    let elsewhere = Issuer::new("https://gitlab.example").token(&job, "a", now).expect("a key can be made");
    let verification = |text: &str| read(text, Some(&issuer)).map(|token| token.verification);
    assert_eq!(verification(&elsewhere), Some(Verification::Unknown));
    issuer.set_reachable(false);
    assert_eq!(verification(&text), Some(Verification::Unreachable));
    for nothing in ["", "a.b.c", "not a token", &"x".repeat(30_000)] {
        assert_eq!(verification(nothing), None, "{nothing}");
    }
}

/// An account whose role `deploy` trusts the job's environment alone.
fn account() -> Arc<Account> {
    let mut world = World::new(Setup {
        account: "123456789012".parse().expect("twelve digits"),
        region: Region::new("eu-central-1"),
        seed: 1,
        timing: Timing::rehearsal(),
        now: account::now(),
    });
    let (root, now) = (world.root(), account::now());
    let provider = CreateOidcProvider {
        url: GITHUB.to_owned(),
        clients: vec!["sts.amazonaws.com".to_owned()],
        ..Default::default()
    };
    world.call(now, &root, provider).expect("a new provider");
    let trust_policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:octo-org@65/news@74:environment:production",
        }},
    }]});
    let role = CreateRole { name: "deploy".to_owned(), trust_policy: trust_policy.to_string(), ..Default::default() };
    world.call(now, &root, role).expect("a new role");
    Arc::new(Account::new(world))
}

/// What `configure-aws-credentials` does: ask the runner for a token, show it to STS without a signature, then ask who one is.
#[tokio::test]
async fn a_runner_comes_to_its_role() {
    let issuer = Arc::new(Issuer::new(GITHUB));
    let account = account();
    let offer = Offer { issuer: Some(Arc::clone(&issuer)), ..Offer::default() };
    let endpoint = Bound::to(ANY_PORT).await.expect("a port is free").serve(account, offer);
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be set up");
    for (environment, expected) in [(Some("production"), 200), (None, 403)] {
        let job = Job { environment: environment.map(str::to_owned), ..Job::of("octo-org/news") };
        let server = IssuerServer::start(Arc::clone(&issuer), job, Secret::new("runner"), ANY_PORT);
        let server = server.await.expect("a port is free");
        let asked = format!("{}&audience=sts.amazonaws.com", server.request_url());
        let refused = http.get(&asked).send().await.expect("the issuer answers");
        assert_eq!(refused.status(), 401);
        let answer = http.get(&asked).bearer_auth(server.request_token().expose()).send().await;
        let answer: Value = answer.expect("the issuer answers").json().await.expect("a token in JSON");
        let token = answer["value"].as_str().expect("a text").to_owned();

        let form = format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/deploy&RoleSessionName=GitHubActions&WebIdentityToken={token}"
        );
        let answer = http.post(endpoint.url()).body(form).send().await.expect("the endpoint answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("XML");
        assert_eq!(status, expected, "{text}");
        let part = match environment {
            Some(_) => "<Arn>arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions</Arn>",
            None => {
                "<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message>"
            }
        };
        assert!(text.contains(part), "{text}");
    }
    endpoint.stop().await;
}

#[tokio::test]
async fn the_issuer_is_discovered_with_its_keys() {
    let issuer = Arc::new(Issuer::new(GITHUB));
    let server = IssuerServer::start(issuer, Job::of("octo-org/news"), Secret::new("runner"), ANY_PORT);
    let server = server.await.expect("a port is free");
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be set up");
    let get = async |url: &str| -> Value {
        let answer = http.get(url).send().await.expect("the issuer answers");
        answer.json().await.expect("JSON")
    };
    let discovery = get(&format!("{}/.well-known/openid-configuration", server.url())).await;
    assert_eq!(discovery["issuer"], GITHUB);
    let keys = get(discovery["jwks_uri"].as_str().expect("a text")).await;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    assert!(key.get("d").is_none() && key["n"].as_str().is_some_and(|modulus| modulus.len() == 342), "{key}");
}
