//! How a job comes to its role, and what the action says where it does not.

use serde_json::json;

use super::{CREDENTIALS, Repository, are_here};

const DENIED: &str = "Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity";

/// The trust policy admits the branch `main` of one repository.
#[test]
fn if_it_is_here_configure_aws_credentials_takes_a_token_that_the_role_trusts_and_no_other() {
    if !are_here(&[CREDENTIALS]) {
        return;
    }
    let mut repository = Repository::set_up(&["--engine", "virtual"]);
    repository.set("AUDIENCE", "sts.amazonaws.com");
    let run = repository.run("identity.yaml", &["--job", "with-token"]);
    run.succeeded();
    assert_eq!(run.output("identity", "arn"), "arn:aws:sts::123456789012:assumed-role/news-deploy/GitHubActions");

    for (case, options) in [
        ("another branch", ["--ref", "refs/heads/feature"]),
        ("a tag", ["--ref", "refs/tags/main"]),
        ("a fork", ["--repository", "somebody@7/octo-repo@99"]),
        ("a namesake, made after the repository was deleted", ["--repository", "octo-org@65/octo-repo@75"]),
        ("the repository, were it older", ["--repository", "octo-org/octo-repo"]),
    ] {
        let run = repository.run("identity.yaml", &[&["--job", "with-token"], options.as_slice()].concat());
        assert_eq!(run.step("identity")["outcome"], "skipped", "{case}");
        run.failed_at("credentials", DENIED);
    }

    let with_token = |repository: &Repository| repository.run("identity.yaml", &["--job", "with-token"]);
    repository.set("AUDIENCE", "somebody.example");
    with_token(&repository).failed_at("credentials", "Could not assume role with OIDC: Incorrect token audience");
    repository.set("AUDIENCE", "sts.amazonaws.com");
    let role = repository.variables["DEPLOY_ROLE"].as_str().unwrap_or_default().to_owned();
    repository.set("DEPLOY_ROLE", &format!("{role}er"));
    with_token(&repository).failed_at("credentials", DENIED);
    repository.set("DEPLOY_ROLE", &role);
    let no_permission = "Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers";
    repository.run("identity.yaml", &["--job", "without-permission"]).failed_at("credentials", no_permission);

    let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    repository.served.aws(&["iam", "delete-open-id-connect-provider", "--open-id-connect-provider-arn", provider]);
    let no_provider = "Could not assume role with OIDC: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com";
    with_token(&repository).failed_at("credentials", no_provider);
}

/// An access key, and a role that is assumed with it under session tags, which are a permission of their own.
#[test]
fn if_it_is_here_configure_aws_credentials_takes_keys_and_tags_sessions() {
    if !are_here(&[CREDENTIALS]) {
        return;
    }
    let mut repository = Repository::set_up(&["--engine", "virtual"]);
    let aws = |arguments: &[&str]| repository.served.aws(arguments);
    let policy = |actions: &[&str], principal: Option<&str>| {
        let mut statement = json!({"Effect": "Allow", "Action": actions});
        match principal {
            Some(principal) => statement["Principal"] = json!({"AWS": principal}),
            None => statement["Resource"] = json!("*"),
        }
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let user = "arn:aws:iam::123456789012:user/ci";
    aws(&["iam", "create-user", "--user-name", "ci"]);
    let may = policy(&["sts:AssumeRole", "sts:TagSession"], None);
    aws(&["iam", "put-user-policy", "--user-name", "ci", "--policy-name", "assume", "--policy-document", &may]);
    let key = aws(&["iam", "create-access-key", "--user-name", "ci"]);
    let trust = policy(&["sts:AssumeRole"], Some(user));
    let role = aws(&["iam", "create-role", "--role-name", "keys", "--assume-role-policy-document", &trust]);
    let role = role["Role"]["Arn"].as_str().expect("a role has an ARN").to_owned();
    repository.set("KEYS_ROLE", &role);

    let secret = |name: &str, member: &str| format!("{name}={}", key["AccessKey"][member].as_str().unwrap_or_default());
    let (id, secret) = (secret("AWS_ACCESS_KEY_ID", "AccessKeyId"), secret("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"));
    let options = ["--job", "with-keys", "--secret", &id, "--secret", &secret];
    let run = repository.run("identity.yaml", &options);
    assert_eq!(run.output("user", "arn"), user);
    let denied = "is not authorized to perform: sts:TagSession on resource:";
    run.failed_at("credentials", &format!("Could not assume role with user credentials: User: {user} {denied} {role} because no role trust policy allows the sts:TagSession action"));

    let trust = policy(&["sts:AssumeRole", "sts:TagSession"], Some(user));
    repository.served.aws(&["iam", "update-assume-role-policy", "--role-name", "keys", "--policy-document", &trust]);
    let run = repository.run("identity.yaml", &options);
    run.succeeded();
    assert_eq!(run.output("identity", "arn"), "arn:aws:sts::123456789012:assumed-role/keys/job");

    let wrong = format!("{secret}x");
    let run = repository.run("identity.yaml", &["--job", "with-keys", "--secret", &id, "--secret", &wrong]);
    run.failed_at("keys", "Credentials could not be loaded, please check your action inputs: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.");
}
