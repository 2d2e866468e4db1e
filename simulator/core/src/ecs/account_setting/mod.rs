//! Account settings: PutAccountSetting, PutAccountSettingDefault, ListAccountSettings, DeleteAccountSetting.
//!
//! A setting is looked for at the principal itself, then at the root user, who stands for the whole account, then among AWS's own
//! defaults. Sessions of a role share what is set for the role.

mod list;
pub mod name;
mod write;

use std::collections::BTreeMap;

pub use list::ListAccountSettings;
pub use name::SettingName;
pub use write::{DeleteAccountSetting, PutAccountSetting, PutAccountSettingDefault};

use crate::arn::Arn;
use crate::operation::{Caller, Principal};
use crate::refusal::Refusal;
use crate::world::World;

/// What has been set, by principal and name.
pub(super) type Settings = BTreeMap<String, BTreeMap<SettingName, String>>;

/// One setting as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `name`.
    pub name: SettingName,
    /// `value`; empty where a setting was deleted and AWS's default holds again.
    pub value: String,
    /// `principalArn`.
    pub principal: String,
}

/// The principal whose settings a caller has: a user, a role, or the root user.
fn principal_of(world: &World, caller: &Caller) -> String {
    match &caller.principal {
        Principal::Root => root(world),
        Principal::User { .. } | Principal::Anonymous => caller.arn.to_string(),
        Principal::Role { name, .. } => world.iam.arn_of_role(name).unwrap_or(&caller.arn).to_string(),
    }
}

/// The ARN that stands for the whole account.
fn root(world: &World) -> String {
    Arn::global("iam", &world.account, "root").to_string()
}

/// The principal that a request is about: the caller's own unless it names another, which only the root user may do (BOTO
/// PutAccountSetting `principalArn`). The text is ours.
fn about(world: &World, caller: &Caller, asked: Option<&str>) -> Result<String, Refusal> {
    let own = principal_of(world, caller);
    match asked {
        Some(other) if other != own && caller.principal != Principal::Root => {
            let message = "You must be the root user or the principal itself to use the principalArn parameter.";
            Err(Refusal::fault("InvalidParameterException", message))
        }
        Some(other) => match other.parse::<Arn>() {
            Ok(arn) => Ok(arn.to_string()),
            Err(_) => Err(Refusal::fault("InvalidParameterException", format!("Invalid ARN: {other}"))),
        },
        None => Ok(own),
    }
}

/// What holds for `principal`: its own setting, or the account's, or AWS's default.
fn effective(world: &World, principal: &str, name: SettingName) -> Setting {
    let settings = &world.ecs.account_settings;
    let of = |principal: &str| settings.get(principal).and_then(|set| set.get(&name)).cloned();
    let root = root(world);
    match of(principal) {
        Some(value) => Setting { name, value, principal: principal.to_owned() },
        None => {
            let value = of(&root).unwrap_or_else(|| name.default_value().to_owned());
            Setting { name, value, principal: root }
        }
    }
}

/// `containerInsights` of a cluster that `caller` makes without saying.
pub(super) fn insights_of(world: &World, caller: &Caller) -> String {
    effective(world, &principal_of(world, caller), SettingName::ContainerInsights).value
}
