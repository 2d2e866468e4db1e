//! Scans of images, and which images are scanned.

use serde_json::{Map, Value, json};
use simulator_core::ecr::{
    BatchGetRepositoryScanningConfiguration, DescribeImageScanFindings, Found, GetRegistryScanningConfiguration,
    ImageId, ImageScan, ImageScanFindings, PutRegistryScanningConfiguration, RepositoryScanning, ScanFinding, ScanRule,
    ScanStatus, StartImageScan,
};
use simulator_core::{Refusal, World};

use super::image::encode_id;
use super::{INVALID, repository_name};
use crate::service::json::{object, time};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row(
            "StartImageScan",
            |input, world| Ok(StartImageScan { repository: repository_name(input, world)?, image: image_id(input)? }),
            |scan, world| Value::Object(encode_scan(&scan, world)),
        ),
        row("DescribeImageScanFindings", decode_describe, encode_findings),
        row(
            "PutRegistryScanningConfiguration",
            decode_put,
            |configuration, _| json!({"registryScanningConfiguration": encode_configuration(&configuration)}),
        ),
        row(
            "GetRegistryScanningConfiguration",
            |_, _| Ok(GetRegistryScanningConfiguration {}),
            |configuration, world| {
                json!({
                    "registryId": world.account().to_string(),
                    "scanningConfiguration": encode_configuration(&configuration),
                })
            },
        ),
        row(
            "BatchGetRepositoryScanningConfiguration",
            |input, _| Ok(BatchGetRepositoryScanningConfiguration { repositories: input.texts("repositoryNames")? }),
            encode_repositories,
        ),
    ]
}

fn image_id(input: &mut Input) -> Result<ImageId, Refusal> {
    let id = input.structure("imageId")?;
    let mut id = id.ok_or_else(|| Refusal::fault(INVALID, "The request must contain the parameter imageId"))?;
    let image = ImageId { tag: id.text("imageTag")?, digest: id.text("imageDigest")? };
    id.finish()?;
    Ok(image)
}

fn encode_scan(scan: &ImageScan, world: &World) -> Map<String, Value> {
    let ImageScan { repository, image, status: ScanStatus { status, description } } = scan;
    let status = object([("status", json!(status)), ("description", json!(description))]);
    let members = [
        ("registryId", json!(world.account().to_string())),
        ("repositoryName", json!(repository)),
        ("imageId", encode_id(image)),
        ("imageScanStatus", status),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn decode_describe(input: &mut Input, world: &World) -> Result<DescribeImageScanFindings, Refusal> {
    Ok(DescribeImageScanFindings {
        repository: repository_name(input, world)?,
        image: image_id(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn encode_findings(answer: ImageScanFindings, world: &World) -> Value {
    let ImageScanFindings { scan, found, next } = answer;
    let mut encoded = encode_scan(&scan, world);
    if let Some(Found { completed_at, counts, findings }) = found {
        let counts: Map<String, Value> =
            counts.into_iter().map(|(severity, count)| (severity.as_str().to_owned(), json!(count))).collect();
        let findings: Value = findings.iter().map(encode_finding).collect();
        let found =
            json!({"imageScanCompletedAt": time(completed_at), "findingSeverityCounts": counts, "findings": findings});
        encoded.insert("imageScanFindings".to_owned(), found);
    }
    if let Some(next) = next {
        encoded.insert("nextToken".to_owned(), json!(next));
    }
    Value::Object(encoded)
}

fn encode_finding(finding: &ScanFinding) -> Value {
    let ScanFinding { name, severity, description, uri, package, version } = finding;
    let attributes = [("package_name", package), ("package_version", version)];
    let attributes = attributes.iter().filter_map(|(key, value)| Some(json!({"key": key, "value": value.as_ref()?})));
    object([
        ("name", json!(name)),
        ("description", json!(description)),
        ("uri", json!(uri)),
        ("severity", json!(severity.as_str())),
        ("attributes", attributes.collect()),
    ])
}

fn decode_put(input: &mut Input, _: &World) -> Result<PutRegistryScanningConfiguration, Refusal> {
    match input.text("scanType")?.as_deref() {
        None | Some("BASIC") => {}
        Some("ENHANCED") => {
            return Err(Refusal::NotSimulated {
                what: "the enhanced scanning of ECR, which is Amazon Inspector's".into(),
            });
        }
        Some(_) => return Err(wrong("scanType", "must be one of BASIC, ENHANCED")),
    }
    let mut rules = Vec::new();
    for mut rule in input.structures("rules")? {
        let on_push = match rule.required("scanFrequency", INVALID)?.as_str() {
            "SCAN_ON_PUSH" => true,
            "MANUAL" => false,
            // API reference: with BASIC, "the SCAN_ON_PUSH scan frequency is supported".
            _ => return Err(wrong("scanFrequency", "must be one of SCAN_ON_PUSH, MANUAL with scanType BASIC")),
        };
        let mut filters = Vec::new();
        for mut filter in rule.structures("repositoryFilters")? {
            if filter.required("filterType", INVALID)? != "WILDCARD" {
                return Err(wrong("filterType", "must be WILDCARD"));
            }
            filters.push(filter.required("filter", INVALID)?);
            filter.finish()?;
        }
        rule.finish()?;
        rules.push(ScanRule { on_push, filters });
    }
    Ok(PutRegistryScanningConfiguration { rules })
}

fn wrong(member: &str, constraint: &str) -> Refusal {
    Refusal::fault(INVALID, format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'"))
}

fn encode_configuration(configuration: &PutRegistryScanningConfiguration) -> Value {
    let encode = |rule: &ScanRule| {
        let frequency = if rule.on_push { "SCAN_ON_PUSH" } else { "MANUAL" };
        json!({"scanFrequency": frequency, "repositoryFilters": encode_filters(&rule.filters)})
    };
    let rules: Value = configuration.rules.iter().map(encode).collect();
    json!({"scanType": "BASIC", "rules": rules})
}

fn encode_filters(filters: &[String]) -> Value {
    filters.iter().map(|filter| json!({"filter": filter, "filterType": "WILDCARD"})).collect()
}

fn encode_repositories((known, absent): (Vec<RepositoryScanning>, Vec<String>), _: &World) -> Value {
    let known = known.into_iter().map(|repository| {
        json!({
            "repositoryArn": repository.arn.as_str(),
            "repositoryName": repository.name,
            "scanOnPush": repository.on_push,
            "scanFrequency": if repository.on_push { "SCAN_ON_PUSH" } else { "MANUAL" },
            "appliedScanFilters": encode_filters(&repository.filters),
        })
    });
    let failures = absent.into_iter().map(|name| {
        let reason = "The repository does not exist in the registry";
        json!({"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": reason})
    });
    json!({"scanningConfigurations": known.collect::<Value>(), "failures": failures.collect::<Value>()})
}
