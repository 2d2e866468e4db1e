//! Listing.

use super::{Setting, SettingName, about, effective, name};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists the settings of a principal: its own, or what holds for it.
#[derive(Clone, Debug)]
pub struct ListAccountSettings {
    /// `name`.
    pub name: Option<SettingName>,
    /// `value`; only together with `name`.
    pub value: Option<String>,
    /// `principalArn`; the caller by default.
    pub principal: Option<String>,
    /// `effectiveSettings`: also what the account or AWS sets.
    pub effective: bool,
    /// `maxResults`, 1 to 10, which it is by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListAccountSettings {
    type Output = Page<Setting>;
    const NAME: &'static str = "ecs:ListAccountSettings";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<Setting>, Refusal> {
        let Authorized { operation: asked, caller, .. } = authorized;
        let invalid = |message: &str| Refusal::fault("InvalidParameterException", message);
        if asked.value.is_some() && asked.name.is_none() {
            return Err(invalid("You must specify an account setting name to use the value parameter."));
        }
        let principal = about(world, &caller, asked.principal.as_deref())?;
        let settings = name::ALL.into_iter().filter_map(|name| {
            let setting = effective(world, &principal, name);
            let own = || world.ecs.account_settings.get(&principal).is_some_and(|set| set.contains_key(&name));
            (asked.effective || own()).then_some(setting)
        });
        let wanted = |setting: &Setting| {
            asked.name.is_none_or(|name| setting.name == name)
                && asked.value.as_ref().is_none_or(|value| setting.value == *value)
        };
        let keyed = settings.filter(wanted).map(|setting| (setting.name.as_str(), setting));
        page(keyed, asked.token.as_deref(), asked.limit).ok_or_else(|| invalid("Invalid token."))
    }
}
