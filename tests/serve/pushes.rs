//! `docker login`, `push` and `pull`, and how ECR refuses them (facts: section 5 of ECR's texts).

use std::process::Stdio;

use super::registry::{DockerClient, Image, docker, files_below, password};
use super::{Served, told};

/// A name that an image has in the engine; it goes when this is dropped.
struct Tag(String);

impl Tag {
    fn new(image: &str, name: String) -> Self {
        let tagged = docker(&["tag", image, &name]);
        assert!(tagged.status.success(), "{}", told(&tagged));
        Self(name)
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        drop(docker(&["image", "rm", "--force", &self.0]));
    }
}

/// What the push of `tag` by `client` is refused with.
fn refused(client: &DockerClient, tag: &Tag) -> String {
    let pushed = client.run(&["push", &tag.0]);
    assert!(!pushed.status.success(), "{}", told(&pushed));
    told(&pushed)
}

#[test]
fn docker_pushes_and_pulls_and_is_refused_in_ecrs_words() {
    let served = Served::start(&["--engine", "virtual"]);
    let host = served.said("registry");
    for name in ["app", "fixed"] {
        served.aws(&["ecr", "create-repository", "--repository-name", name]);
    }
    let image = Image::import(1 << 20);
    let tag = |name: &str| Tag::new(&image.config_digest, format!("{host}/{name}"));
    let app = tag("app:1");
    assert!(refused(&DockerClient::stranger(), &app).contains("no basic auth credentials"));
    let client = DockerClient::of(&served);
    let pushed = client.run(&["push", &app.0]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    let again = client.run(&["push", &app.0]);
    assert!(again.status.success() && told(&again).contains("Layer already exists"), "{}", told(&again));

    let absent = refused(&client, &tag("absent:1"));
    let expected =
        "name unknown: The repository with name 'absent' does not exist in the registry with id '123456789012'";
    assert!(absent.contains(expected), "{absent}");

    let immutable =
        ["ecr", "put-image-tag-mutability", "--repository-name", "fixed", "--image-tag-mutability", "IMMUTABLE"];
    served.aws(&immutable);
    let fixed = tag("fixed:1");
    assert!(client.run(&["push", &fixed.0]).status.success());
    let other = Image::import(1 << 10);
    let moved = Tag::new(&other.config_digest, fixed.0.clone());
    let refusal = refused(&client, &moved);
    let expected = "tag invalid: The image tag '1' already exists in the 'fixed' repository and cannot be overwritten because the repository is immutable.";
    assert!(refusal.contains(expected), "{refusal}");

    // Whoever may do everything but begin an upload.
    let allowed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability","ecr:UploadLayerPart","ecr:CompleteLayerUpload","ecr:PutImage","ecr:BatchGetImage"]}]}"#;
    served.aws(&["iam", "create-user", "--user-name", "ci"]);
    served.aws(&["iam", "put-user-policy", "--user-name", "ci", "--policy-name", "push", "--policy-document", allowed]);
    let key = served.aws(&["iam", "create-access-key", "--user-name", "ci"]);
    let mut aws = served.client("aws");
    aws.env("AWS_ACCESS_KEY_ID", key["AccessKey"]["AccessKeyId"].as_str().expect("a key has an id"));
    aws.env("AWS_SECRET_ACCESS_KEY", key["AccessKey"]["SecretAccessKey"].as_str().expect("and a secret"));
    let ci = DockerClient::stranger();
    ci.login(&served, &password(aws));
    let third = Image::import(1 << 11);
    let denied = refused(&ci, &Tag::new(&third.config_digest, format!("{host}/app:2")));
    let expected = "denied: User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository/app because no identity-based policy allows the ecr:InitiateLayerUpload action";
    assert!(denied.contains(expected), "{denied}");

    let missing = client.run(&["pull", &format!("{host}/app:none")]);
    assert!(told(&missing).contains("manifest unknown: Requested image not found"), "{}", told(&missing));
    drop((app, fixed, moved));
    image.forget();
    let pulled = client.run(&["pull", &format!("{host}/app:1")]);
    assert!(pulled.status.success(), "{}", told(&pulled));
    for image in [&image, &other, &third] {
        image.forget();
    }
}

/// The account is made to believe that the token was handed out thirteen hours ago.
#[test]
fn a_token_is_good_for_twelve_hours() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().display().to_string();
    let options = ["--engine", "virtual", "--state", &state];
    let served = Served::start(&options);
    served.aws(&["ecr", "create-repository", "--repository-name", "app"]);
    let token = ["ecr", "get-authorization-token", "--query", "authorizationData[0].authorizationToken"];
    let token = served.aws(&token).as_str().expect("a token is text").to_owned();
    served.kill();

    let journal = directory.path().join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal is there");
    let earlier: String = text
        .lines()
        .map(|line| {
            let mut entry: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
            for key in ["at", "created"] {
                if let Some(at) = entry[key].as_u64() {
                    entry[key] = (at - 13 * 3600 * 1000).into();
                }
            }
            format!("{entry}\n")
        })
        .collect();
    std::fs::write(&journal, earlier).expect("there is room");

    let served = Served::start(&options);
    let image = Image::import(1 << 10);
    let tag = Tag::new(&image.config_digest, format!("{}/app:1", served.said("registry")));
    let refusal = refused(&DockerClient::with_token(&served, &token), &tag);
    let expected = "denied: Your authorization token has expired. Reauthenticate and try again.";
    assert!(refusal.contains(expected), "{refusal}");
    let pushed = DockerClient::of(&served).run(&["push", &tag.0]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    image.forget();
}

/// Eight images that share a layer are pushed to eight repositories at the same time.
#[test]
fn eight_pushes_at_once_leave_each_layer_once() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().display().to_string();
    let served = Served::start(&["--engine", "virtual", "--state", &state]);
    let base = Image::import(8 << 20);
    let images: Vec<Image> = (0..8).map(|number| base.with_a_layer(number)).collect();
    let client = DockerClient::of(&served);
    let tags: Vec<Tag> = images
        .iter()
        .enumerate()
        .map(|(number, image)| {
            served.aws(&["ecr", "create-repository", "--repository-name", &format!("app-{number}")]);
            Tag::new(&image.config_digest, format!("{}/app-{number}:1", served.said("registry")))
        })
        .collect();
    let pushes: Vec<_> = tags
        .iter()
        .map(|tag| {
            let mut command = client.command(&["push", &tag.0]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the Docker client can be run")
        })
        .collect();
    for push in pushes {
        let output = push.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", told(&output));
    }
    // One layer that they share, and a layer and a configuration of each.
    assert_eq!(files_below(&directory.path().join("layers/sha256")).len(), 1 + 8 + 8);
    assert_eq!(files_below(&directory.path().join("layers/uploads")), Vec::<String>::new());
    drop(tags);
    images.iter().for_each(Image::forget);
    base.forget();
    for number in 0..8 {
        let name = format!("{}/app-{number}:1", served.said("registry"));
        let pulled = client.run(&["pull", &name]);
        assert!(pulled.status.success(), "{}", told(&pulled));
        drop(docker(&["image", "rm", &name]));
    }
}
