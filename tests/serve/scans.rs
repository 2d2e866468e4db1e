//! Scans of images that are pushed.

use serde_json::Value;

use super::Served;
use super::registry::{DockerClient, Image, docker};

/// Pushes an image to the repository `app`, which scans on push, and answers what is said of its scan in the end.
fn scanned(options: &[&str]) -> (Served, Value) {
    let served = Served::start(&[&["--engine", "virtual"], options].concat());
    let on_push = ["--image-scanning-configuration", "scanOnPush=true"];
    served.aws(&[&["ecr", "create-repository", "--repository-name", "app"], on_push.as_slice()].concat());
    let image = Image::import(1 << 10);
    let tag = format!("{}/app:1", served.said("registry"));
    assert!(docker(&["tag", &image.config_digest, &tag]).status.success());
    assert!(DockerClient::of(&served).run(&["push", &tag]).status.success());
    image.forget();
    let describe = ["ecr", "describe-image-scan-findings", "--repository-name", "app", "--image-id", "imageTag=1"];
    let mut answer = served.aws(&describe);
    while answer["imageScanStatus"]["status"] == "IN_PROGRESS" {
        answer = served.aws(&describe);
    }
    (served, answer)
}

#[test]
fn without_a_scanner_a_scan_has_failed() {
    let (_served, answer) = scanned(&[]);
    assert_eq!(answer["imageScanStatus"]["status"], "FAILED");
    let description = answer["imageScanStatus"]["description"].as_str().unwrap_or_default();
    assert!(description.contains("none ran"), "{answer}");
    assert_eq!(answer["imageScanFindings"], Value::Null);
}

/// The scanner reads the layers themselves: it finds as many things as the image has files in its layout.
#[test]
fn a_scanner_says_what_is_in_an_image() {
    let command = r#"test -z "$AWS_SECRET_ACCESS_KEY" || exit 9
        list=$(cd "$GREENROOM_IMAGE_LAYOUT/blobs/sha256" && for file in *; do
            test "$(sha256sum "$file" | cut -d' ' -f1)" = "$file" && printf '{"name":"%s","severity":"HIGH","package":"%s"},' "$file" "$GREENROOM_REPOSITORY"
        done); echo "{\"findings\":[${list%,}]}""#;
    let (served, answer) = scanned(&["--scanner", command]);
    assert_eq!(answer["imageScanStatus"]["status"], "COMPLETE", "{answer}");
    // A manifest, a configuration and a layer.
    assert_eq!(answer["imageScanFindings"]["findingSeverityCounts"]["HIGH"], 3, "{answer}");
    let attribute = &answer["imageScanFindings"]["findings"][0]["attributes"][0];
    assert_eq!((&attribute["key"], &attribute["value"]), (&"package_name".into(), &"app".into()));
    served.aws(&["ecr", "wait", "image-scan-complete", "--repository-name", "app", "--image-id", "imageTag=1"]);
}
