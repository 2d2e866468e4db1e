//! ECR's layers API, by the AWS CLI.

use std::path::Path;

use serde_json::{Value, json};

use super::registry::{DockerClient, Image, docker, sha256};
use super::{Served, http, told};

/// What `InitiateLayerUpload` and its followers do with the file `path`, in parts of `size` bytes.
fn upload(served: &Served, path: &Path, size: usize) -> String {
    let bytes = std::fs::read(path).expect("the test has written it");
    let begun = served.aws(&["ecr", "initiate-layer-upload", "--repository-name", "news"]);
    assert_eq!(begun["partSize"], 10_485_760);
    let id = begun["uploadId"].as_str().expect("an upload has an id");
    for (number, part) in bytes.chunks(size).enumerate() {
        let (first, last) = (number * size, number * size + part.len() - 1);
        let sent = send_part(served, id, part, first, last);
        assert!(sent.status.success(), "{}", told(&sent));
        let answer: Value = serde_json::from_slice(&sent.stdout).expect("it is JSON");
        assert_eq!(answer["lastByteReceived"], last);
    }
    id.to_owned()
}

fn send_part(served: &Served, id: &str, part: &[u8], first: usize, last: usize) -> std::process::Output {
    let file = tempfile::NamedTempFile::new().expect("the machine has room");
    std::fs::write(file.path(), part).expect("the machine has room");
    let (blob, first, last) = (format!("fileb://{}", file.path().display()), first.to_string(), last.to_string());
    let mut command = served.client("aws");
    command.args(["ecr", "upload-layer-part", "--repository-name", "news", "--upload-id", id, "--output", "json"]);
    command.args(["--part-first-byte", &first, "--part-last-byte", &last, "--layer-part-blob", &blob]);
    command.output().expect("the AWS CLI can be run")
}

fn complete(served: &Served, id: &str, digest: &str) -> Result<Value, String> {
    let mut command = served.client("aws");
    command.args(["ecr", "complete-layer-upload", "--repository-name", "news", "--upload-id", id, "--output", "json"]);
    let output = command.args(["--layer-digests", digest]).output().expect("the AWS CLI can be run");
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).expect("it is JSON"));
    }
    Err(told(&output))
}

/// An image that no Docker client has pushed can be pulled by one, and its layers be fetched from the URLs that are handed out.
#[test]
fn an_image_put_together_by_the_api_can_be_pulled() {
    let served = Served::start(&["--engine", "virtual"]);
    served.aws(&["ecr", "create-repository", "--repository-name", "news"]);
    let image = Image::import(7 << 20);
    let check = |digest: &str| {
        let mut arguments = vec!["ecr", "batch-check-layer-availability", "--repository-name", "news"];
        arguments.extend(["--layer-digests", digest, "nonsense"]);
        served.aws(&arguments)
    };
    let before = check(&image.layer_digest);
    assert_eq!(before["layers"][0]["layerAvailability"], "UNAVAILABLE");
    assert_eq!(before["failures"][0]["failureCode"], "InvalidLayerDigest");

    let id = upload(&served, &image.layer, 5 << 20);
    let gap = send_part(&served, &id, b"gap", 9 << 20, (9 << 20) + 2);
    assert!(told(&gap).contains("InvalidLayerPartException"), "{}", told(&gap));
    let wrong = complete(&served, &id, &image.config_digest).expect_err("it has another digest");
    assert!(wrong.contains("InvalidLayerException"), "{wrong}");
    assert_eq!(complete(&served, &id, &image.layer_digest).expect("it is whole")["layerDigest"], image.layer_digest);
    assert_eq!(check(&image.layer_digest)["layers"][0]["layerAvailability"], "AVAILABLE");
    let again = upload(&served, &image.layer, 20 << 20);
    let again = complete(&served, &again, &image.layer_digest).expect_err("it is there");
    assert!(again.contains("LayerAlreadyExistsException"), "{again}");
    let id = upload(&served, &image.config, 20 << 20);
    complete(&served, &id, &image.config_digest).expect("it is whole");

    let put = ["ecr", "put-image", "--repository-name", "news", "--image-tag", "1", "--image-manifest"];
    served.aws(&[put.as_slice(), &[&image.manifest]].concat());
    let url = ["ecr", "get-download-url-for-layer", "--repository-name", "news", "--layer-digest", &image.layer_digest];
    let url = served.aws(&url)["downloadUrl"].as_str().expect("there is a URL").to_owned();
    let path = url.strip_prefix(served.said("endpoint")).expect("it is on the same port");
    let host = served.said("registry");
    let fetched = http::ask(host, "GET", path, &[], b"");
    assert_eq!((fetched.status, sha256(&fetched.body)), (200, image.layer_digest.clone()));
    let part = http::ask(host, "GET", path, &[("range", "bytes=0-9")], b"");
    assert_eq!((part.status, part.body.as_slice()), (206, &fetched.body[..10]));
    let other = http::ask(host, "GET", &path.replace(&image.layer_digest, &image.config_digest), &[], b"");
    assert_eq!(other.status, 403);
    assert!(other.text().contains("<Code>SignatureDoesNotMatch</Code>"), "{}", other.text());
    assert_eq!(http::ask(host, "GET", path.split('?').next().unwrap_or_default(), &[], b"").status, 403);

    image.forget();
    let client = DockerClient::of(&served);
    let reference = format!("{host}/news:1");
    let pulled = client.run(&["pull", &reference]);
    assert!(pulled.status.success(), "{}", told(&pulled));
    let inspected: Value =
        serde_json::from_slice(&docker(&["image", "inspect", &reference]).stdout).expect("docker answers JSON");
    assert_eq!(inspected[0]["Id"], json!(image.config_digest));
    drop(docker(&["rmi", &reference]));
}
