//! Setting and unsetting.

use super::{Setting, SettingName, about, effective, root};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Sets a setting for one principal, the caller by default.
#[derive(Clone, Debug)]
pub struct PutAccountSetting {
    /// `name`.
    pub name: SettingName,
    /// `value`.
    pub value: String,
    /// `principalArn`.
    pub principal: Option<String>,
}

/// Sets a setting for everybody who has none of their own.
#[derive(Clone, Debug)]
pub struct PutAccountSettingDefault {
    /// `name`.
    pub name: SettingName,
    /// `value`.
    pub value: String,
}

/// Takes a principal's own setting back.
#[derive(Clone, Debug)]
pub struct DeleteAccountSetting {
    /// `name`.
    pub name: SettingName,
    /// `principalArn`.
    pub principal: Option<String>,
}

/// What a call about the setting `name` is authorised against: no resource, one condition key.
fn access(action: &'static str, name: SettingName) -> Vec<Access> {
    vec![Access::new(action, "*").with("ecs:account-setting", name.as_str())]
}

fn put(world: &mut World, principal: String, name: SettingName, value: String) -> Result<Setting, Refusal> {
    name.check(&value)?;
    world.ecs.account_settings.entry(principal.clone()).or_default().insert(name, value.clone());
    Ok(Setting { name, value, principal })
}

impl Operation for PutAccountSetting {
    type Output = Setting;
    const NAME: &'static str = "ecs:PutAccountSetting";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(access(Self::NAME, self.name))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Setting, Refusal> {
        let Authorized { operation: Self { name, value, principal }, caller, .. } = authorized;
        let principal = about(world, &caller, principal.as_deref())?;
        put(world, principal, name, value)
    }
}

impl Operation for PutAccountSettingDefault {
    type Output = Setting;
    const NAME: &'static str = "ecs:PutAccountSettingDefault";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(access(Self::NAME, self.name))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Setting, Refusal> {
        let Self { name, value } = authorized.operation;
        put(world, root(world), name, value)
    }
}

impl Operation for DeleteAccountSetting {
    type Output = Setting;
    const NAME: &'static str = "ecs:DeleteAccountSetting";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(access(Self::NAME, self.name))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Setting, Refusal> {
        let Authorized { operation: Self { name, principal }, caller, .. } = authorized;
        let principal = about(world, &caller, principal.as_deref())?;
        if let Some(set) = world.ecs.account_settings.get_mut(&principal) {
            set.remove(&name);
        }
        // What holds from now on, for the principal that was asked about.
        Ok(Setting { principal: principal.clone(), ..effective(world, &principal, name) })
    }
}
