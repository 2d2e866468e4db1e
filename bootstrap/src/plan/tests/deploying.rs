//! The same for projects that are deployed by the jobs of a workflow, with a role.

use serde_json::json;

use super::cases::{Case, case};
use super::model::of;
use super::*;
use crate::observe::Observed;
use crate::policy::trust::GITHUB_ISSUER;
use crate::resource::instance_profile::InstanceProfileState;
use crate::resource::oidc_provider::OidcProviderState;
use crate::resource::role::RoleState;

fn role(account: &mut Observed, change: impl FnOnce(&mut RoleState)) {
    if let Some(state) = of!(account, Role, Role, "news-api-deploy") {
        change(state);
    }
}

fn provider(account: &mut Observed, change: impl FnOnce(&mut OidcProviderState)) {
    if let Some(state) = of!(account, OidcProvider, OidcProvider, GITHUB_ISSUER) {
        change(state);
    }
}

fn profile(account: &mut Observed, change: impl FnOnce(&mut InstanceProfileState)) {
    if let Some(state) = of!(account, InstanceProfile, InstanceProfile, "news-api-host") {
        change(state);
    }
}

pub(super) const OIDC: &[Case] = &[
    case("the deploy role is gone", |account| account.found.retain(|id, _| id.name != "news-api-deploy"), "\
1. create role `news-api-deploy`: missing; workflows take it with their identity token, and deploy
2. write policy of role `news-api-deploy` (2045 of 10240 characters): missing; it is all that a deploy may do (after 1)
"),
    case("somebody lets any repository of the owner deploy", |account| role(account, |state| {
        state.trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] =
            json!("repo:acme/*");
    }), "\
1. write trust policy of role `news-api-deploy`: it lacks `sts:AssumeRoleWithWebIdentity` for `Federated arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com` if token.actions.githubusercontent.com:aud stringequals `sts.amazonaws.com` if token.actions.githubusercontent.com:ref stringequals `refs/heads/main` if token.actions.githubusercontent.com:repository_id stringequals `74` if token.actions.githubusercontent.com:sub stringequals `repo:acme/news-api:environment:production` or `repo:acme@65/news-api@74:environment:production`, has beyond it `sts:AssumeRoleWithWebIdentity` for `Federated arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com` if token.actions.githubusercontent.com:aud stringequals `sts.amazonaws.com` if token.actions.githubusercontent.com:ref stringequals `refs/heads/main` if token.actions.githubusercontent.com:repository_id stringequals `74` if token.actions.githubusercontent.com:sub stringequals `repo:acme/*`
"),
    case("somebody lets deploys keep their credentials for long", |account| role(account, |state| {
        state.longest_session = Some(43200);
    }), "\
1. set longest session of role `news-api-deploy` to 3600 s: longest session: wanted 3600 s, found 43200 s
"),
    case("a right of the deploy role is more", |account| role(account, |state| {
        state.managed.insert("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
    }), "\
1. take the managed policy `arn:aws:iam::aws:policy/AdministratorAccess` from role `news-api-deploy`: managed policies: wanted nothing else, found `arn:aws:iam::aws:policy/AdministratorAccess`
"),
    case("the identity provider is gone", |account| {
        account.found.retain(|id, _| id.kind != Kind::OidcProvider);
    }, "\
1. create identity provider `token.actions.githubusercontent.com`: missing; AWS takes the identity tokens of workflows by it
"),
    case("the identity provider takes other audiences", |account| provider(account, |state| {
        state.audiences = ["https://github.com/acme".to_owned()].into();
    }), "\
1. add `sts.amazonaws.com` to audiences of identity provider `token.actions.githubusercontent.com`: audiences: wanted sts.amazonaws.com, found https://github.com/acme
"),
    case("the identity provider is somebody else's", |account| provider(account, |state| state.owner = Owner::Unknown), "\
nothing to do
note: identity provider `token.actions.githubusercontent.com` is somebody else's (it has no tag `greenroom:project`); it is used as it is
"),
    case("the identity provider is another project's and takes other audiences", |account| provider(account, |state| {
        state.owner = Owner::Project("shop".to_owned());
        state.audiences.clear();
    }), "\
in the way: identity provider `token.actions.githubusercontent.com` is project `shop`'s, so it is not touched; wanted: add `sts.amazonaws.com` to audiences of identity provider `token.actions.githubusercontent.com`; `--adopt` makes it this project's
"),
    case("the instance profile is gone", |account| account.found.retain(|id, _| id.kind != Kind::InstanceProfile), "\
1. create instance profile `news-api-host`: missing; the EC2 instance that the project runs on is started with it
2. put role `news-api-host` into instance profile `news-api-host`: missing; instances get the role's credentials by it (after 1)
"),
    case("the instance profile has another role", |account| profile(account, |state| state.role = Some("admin".to_owned())), "\
1. take role `admin` out of instance profile `news-api-host`: role: wanted `news-api-host`, found `admin`
2. put role `news-api-host` into instance profile `news-api-host`: role: wanted `news-api-host`, found `admin` (after 1)
"),
    case("the instance profile has no role", |account| profile(account, |state| state.role = None), "\
1. put role `news-api-host` into instance profile `news-api-host`: missing; instances get the role's credentials by it
"),
];

#[test]
fn a_role_that_deploys_comes_after_the_provider_that_it_trusts() {
    let text = plan(&example_oidc(), &new_account()).to_string();
    let about = ["identity provider", "news-api-deploy", "user", "access key"];
    let lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|word| line.contains(word))).collect();
    let expected = "\
7. create identity provider `token.actions.githubusercontent.com`: missing; AWS takes the identity tokens of workflows by it
13. create role `news-api-deploy`: missing; workflows take it with their identity token, and deploy (after 7)
14. write policy of role `news-api-deploy` (2045 of 10240 characters): missing; it is all that a deploy may do (after 13)";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn an_identity_provider_that_others_need_stays() {
    let desired = example_oidc();
    let last = |observed: &Observed| {
        let plan = plan_destruction(&desired, observed, &PlanOptions::default());
        let text = plan.to_string();
        text.lines().filter(|line| line.contains("identity provider")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let mut account = complete(&desired);
    assert_eq!(
        last(&account),
        "22. delete identity provider `token.actions.githubusercontent.com`: no role trusts it any more (after 16)"
    );
    provider(&mut account, |state| state.trusted_by = ["shop-deploy".to_owned()].into());
    assert_eq!(
        last(&account),
        "note: identity provider `token.actions.githubusercontent.com` stays: role `shop-deploy` trusts it"
    );
}
