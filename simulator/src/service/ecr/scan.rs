//! Scans of images, and which images are scanned.

use simulator_core::ecr::{
    BatchGetRepositoryScanningConfiguration, DescribeImageScanFindings, Found, GetRegistryScanningConfiguration,
    ImageId, ImageScan, ImageScanFindings, PutRegistryScanningConfiguration, RepositoryScanning, ScanFinding, ScanRule,
    ScanStatus, StartImageScan,
};
use simulator_core::{Home, Refusal};

use super::image::encode_id;
use super::{INVALID, repository_name};
use crate::service::json::{object, time};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row(
            "StartImageScan",
            |input, home| Ok(StartImageScan { repository: repository_name(input, home)?, image: image_id(input)? }),
            |scan, home| object(encode_scan(&scan, home)),
        ),
        row("DescribeImageScanFindings", decode_describe, encode_findings),
        row(
            "PutRegistryScanningConfiguration",
            decode_put,
            |configuration, _| document!({"registryScanningConfiguration": encode_configuration(&configuration)}),
        ),
        row(
            "GetRegistryScanningConfiguration",
            |_, _| Ok(GetRegistryScanningConfiguration {}),
            |configuration, home| {
                document!({
                    "registryId": home.account().to_string(),
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

fn encode_scan(scan: &ImageScan, home: &Home) -> [(&'static str, Document); 4] {
    let ImageScan { repository, image, status: ScanStatus { status, description } } = scan;
    let status = object([("status", document!(status)), ("description", document!(description))]);
    [
        ("registryId", document!(home.account().to_string())),
        ("repositoryName", document!(repository)),
        ("imageId", encode_id(image)),
        ("imageScanStatus", status),
    ]
}

fn decode_describe(input: &mut Input, home: &Home) -> Result<DescribeImageScanFindings, Refusal> {
    Ok(DescribeImageScanFindings {
        repository: repository_name(input, home)?,
        image: image_id(input)?,
        next_token: input.text("nextToken")?,
        limit: input.integer("maxResults")?,
    })
}

fn encode_findings(answer: ImageScanFindings, home: &Home) -> Document {
    let ImageScanFindings { scan, found, next } = answer;
    let found = found.map(|Found { completed_at, counts, findings }| {
        object([
            ("imageScanCompletedAt", time(completed_at)),
            ("findingSeverityCounts", object(counts.into_iter().map(|(it, count)| (it.as_str(), document!(count))))),
            ("findings", findings.iter().map(encode_finding).collect()),
        ])
    });
    let more = [("imageScanFindings", document!(found)), ("nextToken", document!(next))];
    object(encode_scan(&scan, home).into_iter().chain(more))
}

fn encode_finding(finding: &ScanFinding) -> Document {
    let ScanFinding { name, severity, description, uri, package, version } = finding;
    let attributes = [("package_name", package), ("package_version", version)];
    let attributes =
        attributes.iter().filter_map(|(key, value)| Some(document!({"key": key, "value": value.as_ref()?})));
    object([
        ("name", document!(name)),
        ("description", document!(description)),
        ("uri", document!(uri)),
        ("severity", document!(severity.as_str())),
        ("attributes", attributes.collect()),
    ])
}

fn decode_put(input: &mut Input, _: &Home) -> Result<PutRegistryScanningConfiguration, Refusal> {
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

fn encode_configuration(configuration: &PutRegistryScanningConfiguration) -> Document {
    let encode = |rule: &ScanRule| {
        let frequency = if rule.on_push { "SCAN_ON_PUSH" } else { "MANUAL" };
        document!({"scanFrequency": frequency, "repositoryFilters": encode_filters(&rule.filters)})
    };
    let rules: Document = configuration.rules.iter().map(encode).collect();
    document!({"scanType": "BASIC", "rules": rules})
}

fn encode_filters(filters: &[String]) -> Document {
    filters.iter().map(|filter| document!({"filter": filter, "filterType": "WILDCARD"})).collect()
}

fn encode_repositories((known, absent): (Vec<RepositoryScanning>, Vec<String>), _: &Home) -> Document {
    let known = known.into_iter().map(|repository| {
        document!({
            "repositoryArn": repository.arn.as_str(),
            "repositoryName": repository.name,
            "scanOnPush": repository.on_push,
            "scanFrequency": if repository.on_push { "SCAN_ON_PUSH" } else { "MANUAL" },
            "appliedScanFilters": encode_filters(&repository.filters),
        })
    });
    let failures = absent.into_iter().map(|name| {
        let reason = "The repository does not exist in the registry";
        document!({"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": reason})
    });
    document!({"scanningConfigurations": known.collect::<Document>(), "failures": failures.collect::<Document>()})
}
