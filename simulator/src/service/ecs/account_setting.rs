//! Account settings on the wire.

use simulator_core::ecs::account_setting::{Setting, SettingName};
use simulator_core::ecs::{DeleteAccountSetting, ListAccountSettings, PutAccountSetting, PutAccountSettingDefault};
use simulator_core::{Home, Page, Refusal};

use super::shape::{self, INVALID, object};
use crate::wire::{Document, Input, document};

fn name(input: &mut Input) -> Result<SettingName, Refusal> {
    SettingName::parse(&input.required("name", INVALID)?)
}

pub(super) fn put(input: &mut Input, _: &Home) -> Result<PutAccountSetting, Refusal> {
    Ok(PutAccountSetting {
        name: name(input)?,
        value: input.required("value", INVALID)?,
        principal: input.text("principalArn")?,
    })
}

pub(super) fn put_default(input: &mut Input, _: &Home) -> Result<PutAccountSettingDefault, Refusal> {
    Ok(PutAccountSettingDefault { name: name(input)?, value: input.required("value", INVALID)? })
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteAccountSetting, Refusal> {
    Ok(DeleteAccountSetting { name: name(input)?, principal: input.text("principalArn")? })
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListAccountSettings, Refusal> {
    Ok(ListAccountSettings {
        name: input.text("name")?.map(|name| SettingName::parse(&name)).transpose()?,
        value: input.text("value")?,
        principal: input.text("principalArn")?,
        effective: input.boolean("effectiveSettings")?.unwrap_or(false),
        limit: shape::limit_up_to(input, 10)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn written(setting: &Setting, _: &Home) -> Document {
    document!({ "setting": json(setting) })
}

pub(super) fn listed(page: &Page<Setting>, _: &Home) -> Document {
    object([("settings", page.items.iter().map(json).collect()), ("nextToken", document!(&page.next))])
}

fn json(Setting { name, value, principal }: &Setting) -> Document {
    document!({ "name": name.as_str(), "value": value, "principalArn": principal, "type": name.kind() })
}
