//! Settings of repositories and of the registry.

use simulator_core::ecr::{
    GetAccountSetting, PutAccountSetting, PutImageScanningConfiguration, PutImageTagMutability, TagMutability,
};
use simulator_core::{Home, Refusal};

use super::{INVALID, repository_name};
use crate::service::json::object;
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("PutImageTagMutability", decode_mutability, encode_mutability),
        row("PutImageScanningConfiguration", decode_scanning, encode_scanning),
        row("PutAccountSetting", decode_put_setting, encode_setting),
        row(
            "GetAccountSetting",
            |input, _| Ok(GetAccountSetting { name: input.required("name", INVALID)? }),
            encode_setting,
        ),
    ]
}

fn decode_mutability(input: &mut Input, home: &Home) -> Result<PutImageTagMutability, Refusal> {
    Ok(PutImageTagMutability { repository: repository_name(input, home)?, mutability: mutability(input)? })
}

fn encode_mutability(setting: PutImageTagMutability, home: &Home) -> Document {
    object([
        ("registryId", document!(home.account().to_string())),
        ("repositoryName", document!(setting.repository)),
        ("imageTagMutability", document!(setting.mutability.mode())),
        ("imageTagMutabilityExclusionFilters", encode_filters(&setting.mutability)),
    ])
}

fn decode_scanning(input: &mut Input, home: &Home) -> Result<PutImageScanningConfiguration, Refusal> {
    let repository = repository_name(input, home)?;
    Ok(PutImageScanningConfiguration { repository, scan_on_push: scan_on_push(input)? })
}

fn encode_scanning(setting: PutImageScanningConfiguration, home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": setting.repository,
        "imageScanningConfiguration": {"scanOnPush": setting.scan_on_push},
    })
}

fn decode_put_setting(input: &mut Input, _: &Home) -> Result<PutAccountSetting, Refusal> {
    Ok(PutAccountSetting { name: input.required("name", INVALID)?, value: input.required("value", INVALID)? })
}

fn encode_setting(setting: PutAccountSetting, _: &Home) -> Document {
    document!({"name": setting.name, "value": setting.value})
}

/// Takes `imageTagMutability` and its filters.
pub(super) fn mutability(input: &mut Input) -> Result<TagMutability, Refusal> {
    let mut filters = Vec::new();
    for mut filter in input.structures("imageTagMutabilityExclusionFilters")? {
        match filter.required("filterType", INVALID)?.as_str() {
            "WILDCARD" => filters.push(filter.required("filter", INVALID)?),
            other => return Err(Refusal::fault(INVALID, format!("Invalid parameter at 'filterType': '{other}'"))),
        }
        filter.finish()?;
    }
    TagMutability::parse(input.text("imageTagMutability")?.as_deref(), filters)
}

/// The filters as answers write them: not at all where there are none.
pub(super) fn encode_filters(mutability: &TagMutability) -> Document {
    match mutability.filters() {
        [] => Document::Null,
        filters => filters.iter().map(|filter| document!({"filterType": "WILDCARD", "filter": filter})).collect(),
    }
}

/// Takes `imageScanningConfiguration`.
pub(super) fn scan_on_push(input: &mut Input) -> Result<bool, Refusal> {
    let Some(mut scanning) = input.structure("imageScanningConfiguration")? else { return Ok(false) };
    let on = scanning.boolean("scanOnPush")?.unwrap_or(false);
    scanning.finish()?;
    Ok(on)
}
