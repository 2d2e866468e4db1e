//! `greenroom bootstrap policy`.

use std::path::Path;

use bootstrap::policy::Quota;
use bootstrap::policy::person;
use bootstrap::policy::quota::{self, MANAGED_POLICIES};
use bootstrap::resource::inline_policy::InlinePolicy;
use bootstrap::resource::managed_policy::Use;
use bootstrap::{AccountId, Desired, Location};
use clap::Args;
use serde_json::{Value, json};

use super::connection::{self, Connection};
use super::refusal;
use crate::exit::Exit;

/// Print what the person who runs these commands, and the deploys, must be allowed, with each `*` and why it is one.
///
/// With `--account` no account is asked and no credentials are needed; without it they say which account it is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// The account's number.
    #[arg(long, value_name = "NUMBER", value_parser = AccountId::parse)]
    account: Option<AccountId>,
    /// Print the policies as JSON, whose `version` is 1.
    #[arg(long)]
    json: bool,
}

/// A policy with its name and the quota that it must meet.
struct Printed {
    name: String,
    about: String,
    quota: Quota,
    document: Value,
    wildcards: Vec<(String, &'static str)>,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    match desired(path, arguments).await {
        Ok(desired) => show(&desired, arguments.json),
        Err(exit) => exit,
    }
}

async fn desired(path: &Path, arguments: &Arguments) -> Result<Desired, Exit> {
    match &arguments.account {
        None => Ok(connection::open(path, &arguments.connection).await?.desired),
        Some(account) => {
            let (config, text) = connection::read(path)?;
            let location = Location { account: account.clone(), region: config.project.region.clone() };
            Desired::new(&config, &location).map_err(|error| refusal::of_files(&error, &text))
        }
    }
}

fn printed(desired: &Desired) -> Vec<Printed> {
    let inline = |policy: &InlinePolicy, about: String, quota| Printed {
        name: policy.name.clone(),
        about,
        quota,
        document: policy.document.clone(),
        wildcards: policy.wildcards.clone(),
    };
    let parts = person::managed(&person::policy(desired));
    let count = parts.len();
    let mut all: Vec<Printed> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let name = format!("{}-bootstrap-{}", desired.project, index + 1);
            let about = format!("managed policy {} of {count} for whoever runs `greenroom bootstrap`", index + 1);
            let wildcards = part.wildcards().map(|(action, because)| (action.to_owned(), because)).collect();
            Printed { name, about, quota: Quota::Managed, document: part.to_json(), wildcards }
        })
        .collect();
    if let Some(user) = desired.deployer.user()
        && let Some(policy) = &user.policy
    {
        let about = format!("inline policy of user `{}`, for deploys", user.name);
        all.push(inline(policy, about, Quota::UserInline));
    }
    all.extend(desired.managed_policies().map(|policy| Printed {
        name: policy.name.clone(),
        about: match policy.purpose {
            Use::Boundary => "permissions boundary of the project's roles and user".to_owned(),
            Use::Deploys => format!("managed policy of user `{}`, for deploys", desired.deployer.id().name),
        },
        quota: Quota::Managed,
        document: policy.document.clone(),
        wildcards: policy.wildcards.clone(),
    }));
    for role in desired.roles() {
        if let Some(policy) = &role.policy {
            let about = format!("inline policy of role `{}`", role.name);
            all.push(inline(policy, about, Quota::RoleInline));
        }
        all.push(Printed {
            name: format!("{}-trust", role.name),
            about: format!("trust policy of role `{}`", role.name),
            quota: Quota::RoleTrust,
            document: role.trust.to_json(),
            wildcards: Vec::new(),
        });
    }
    all
}

fn show(desired: &Desired, as_json: bool) -> Exit {
    let all = printed(desired);
    let mut fits = person::managed(&person::policy(desired)).len() <= MANAGED_POLICIES;
    let mut records = Vec::new();
    for Printed { name, about, quota, document, wildcards } in &all {
        let text = document.to_string();
        fits &= quota.check(&text).is_ok();
        let (size, limit) = (quota::size(&text), quota.limit());
        if as_json {
            let reasons = wildcards.iter().map(|(action, reason)| json!({"action": action, "reason": reason}));
            records.push(json!({
                "name": name, "about": about, "characters": size, "quota": limit, "policy": document,
                "wildcards": reasons.collect::<Vec<_>>(),
            }));
            continue;
        }
        anstream::println!("# {name}: {about} ({size} of {limit} characters)");
        for (action, reason) in wildcards {
            anstream::println!("#   {action} is on `*`: {reason}");
        }
        anstream::println!("{document:#}\n");
    }
    if as_json {
        let account = desired.location.account.as_str();
        anstream::println!("{:#}", json!({"version": 1, "account": account, "policies": records}));
    }
    if fits {
        return Exit::Ok;
    }
    anstream::eprintln!("error: a policy is larger than IAM takes\nhelp: shorten the names in greenroom.toml");
    Exit::Input
}
