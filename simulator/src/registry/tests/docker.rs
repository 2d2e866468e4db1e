//! A real Docker engine pushes and pulls. Where there is no engine, these tests fail.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::TryStreamExt as _;
use simulator_core::ecr::{BatchGetImage, ImageId, PutImageTagMutability, TagMutability};
use simulator_core::{EventKind, Refusal, World};

use super::{Fixture, REPOSITORY};

/// An image of one layer that nobody has seen before. Dropping it removes it, with all its names.
struct Image {
    docker: Docker,
    id: String,
}

impl Image {
    /// One with a file of `size` bytes that cannot be compressed.
    async fn new(size: usize) -> Self {
        let docker = Docker::connect_with_local_defaults().expect("a Docker engine");
        let unique = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos();
        let name = format!("greenroom-registry-test:{}-{unique}", std::process::id());
        let (repository, tag) = name.split_once(':').expect("a colon");
        let options = CreateImageOptionsBuilder::new().from_src("-").repo(repository).tag(tag);
        let options = options.changes(vec!["LABEL greenroom.test=registry".to_owned()]).build();
        let archive = bollard::body_full(archive(size, unique).into());
        let imported = docker.create_image(Some(options), Some(archive), None).try_collect::<Vec<_>>().await;
        imported.expect("the engine imports the image");
        let id = docker.inspect_image(&name).await.expect("the image is there").id.expect("an id");
        Self { docker, id }
    }

    async fn tag(&self, repository: &str, tag: &str) {
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        self.docker.tag_image(&self.id, Some(options)).await.expect("the engine tags the image");
    }

    /// Pushes it to `repository` of the registry of `fixture`. Answers what the engine said of its layers, or the error.
    async fn push(
        &self,
        fixture: &Fixture,
        repository: &str,
        tag: &str,
        password: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let repository = format!("{}/{repository}", fixture.registry.address());
        self.tag(&repository, tag).await;
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let pushed = self.docker.push_image(&repository, Some(options), password.map(credentials));
        let said = pushed.try_collect::<Vec<_>>().await.map_err(message)?;
        Ok(said.into_iter().filter_map(|info| info.status).collect())
    }

    /// Forgets the image in the engine, with all its names.
    async fn forget(&self) {
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        self.docker.remove_image(&self.id, Some(options), None).await.expect("the engine removes the image");
    }

    async fn pull(&self, fixture: &Fixture, tag: &str) -> Result<String, String> {
        let repository = format!("{}/{REPOSITORY}", fixture.registry.address());
        let options = CreateImageOptionsBuilder::new().from_image(&repository).tag(tag).build();
        let pulled = self.docker.create_image(Some(options), None, Some(credentials(&fixture.password)));
        pulled.try_collect::<Vec<_>>().await.map_err(message)?;
        let pulled = self.docker.inspect_image(&format!("{repository}:{tag}")).await.map_err(message)?;
        Ok(pulled.id.expect("an id"))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let (docker, id) = (self.docker.clone(), self.id.clone());
        // The test's runtime may be ending, so another one does it.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let options = RemoveImageOptionsBuilder::new().force(true).build();
            // The test may have removed it already.
            let _ = runtime.block_on(docker.remove_image(&id, Some(options), None));
        });
        removal.join().expect("the image is removed without a panic");
    }
}

/// A tar with one file of `size` bytes that look random and differ by `seed`.
fn archive(size: usize, seed: u128) -> Vec<u8> {
    let mut state = seed as u64 | 1;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56) as u8
    })
    .take(size)
    .collect();
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "content", content.as_slice()).expect("memory takes it");
    archive.into_inner().expect("memory takes it")
}

fn credentials(password: &str) -> DockerCredentials {
    DockerCredentials {
        username: Some("AWS".to_owned()),
        password: Some(password.to_owned()),
        ..DockerCredentials::default()
    }
}

fn message(error: bollard::errors::Error) -> String {
    if let bollard::errors::Error::DockerStreamError { error: said }
    | bollard::errors::Error::DockerResponseServerError { message: said, .. } = error
    {
        said
    } else {
        error.to_string()
    }
}

#[tokio::test]
async fn an_image_goes_in_and_comes_out_the_same() {
    let fixture = Fixture::new().await;
    let image = Image::new(300_000).await;
    let said = image.push(&fixture, REPOSITORY, "v1", Some(&fixture.password)).await.expect("it is pushed");
    assert!(said.iter().any(|line| line == "Pushed"), "{said:?}");
    image.forget().await;
    assert_eq!(image.pull(&fixture, "v1").await, Ok(image.id.clone()));
    let owner = fixture.account.look(World::root);
    let tag = ImageId { tag: Some("v1".to_owned()), digest: None };
    let found = fixture.account.call(&owner, BatchGetImage { repository: REPOSITORY.to_owned(), images: vec![tag] });
    let found = found.expect("the account has the image").found;
    assert!(said.iter().any(|line| line.contains(&found[0].digest)), "{said:?}");
    let again = image.push(&fixture, REPOSITORY, "v1", Some(&fixture.password)).await.expect("it is pushed again");
    assert!(again.iter().any(|line| line == "Layer already exists"), "{again:?}");
}

#[tokio::test]
async fn the_engine_prints_what_ecr_says() {
    let fixture = Fixture::new().await;
    let image = Image::new(1000).await;
    let token = fixture.password.as_str();
    let absent =
        "name unknown: The repository with name 'absent' does not exist in the registry with id '123456789012'";
    for (repository, password, said) in [
        ("absent", Some(token), absent),
        (REPOSITORY, None, "no basic auth credentials"),
        (REPOSITORY, Some("made up"), "unauthorized: Not Authorized"),
    ] {
        assert_eq!(image.push(&fixture, repository, "v1", password).await, Err(said.to_owned()));
    }
    let missing = image.pull(&fixture, "v1").await.expect_err("there is no such tag");
    assert!(missing.ends_with("manifest unknown: Requested image not found"), "{missing}");
    fixture.account.stir(|world, now| world.tick(now + Duration::from_secs(12 * 3600)));
    let expired = "denied: Your authorization token has expired. Reauthenticate and try again.";
    assert_eq!(image.push(&fixture, REPOSITORY, "v1", Some(token)).await, Err(expired.to_owned()));
}

#[tokio::test]
async fn the_engine_prints_which_permission_is_missing() {
    let fixture = Fixture::new().await;
    // Large enough that the refusal comes while the engine is still sending.
    let image = Image::new(20 << 20).await;
    let actions =
        ["BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
            .map(|action| format!("ecr:{action}"));
    for missing in &actions[1..] {
        let user = missing.replace(':', "-");
        let allowed: Vec<_> = actions.iter().filter(|action| *action != missing).map(String::as_str).collect();
        let password = fixture.user(&user, &allowed);
        let said = format!(
            "denied: User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: {missing} on resource: \
             arn:aws:ecr:eu-central-1:123456789012:repository/{REPOSITORY} because no identity-based policy allows the \
             {missing} action"
        );
        assert_eq!(image.push(&fixture, REPOSITORY, "v1", Some(&password)).await, Err(said));
    }
    // The refusal of a HEAD request has no body, and this is what Docker makes of that, with the real ECR too. The trace
    // says more.
    let user = fixture.user("blind", &actions[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let said = "error parsing HTTP 403 response body: unexpected end of JSON input: \"\"";
    assert_eq!(image.push(&fixture, REPOSITORY, "v1", Some(&user)).await, Err(said.to_owned()));
    let refused = fixture.account.look(|world| {
        world.events().iter().any(|event| {
            matches!(&event.kind, EventKind::Called { operation, refusal: Some(refusal), .. }
                if *operation == actions[0]
                    && matches!(&**refusal, Refusal::Denied(denial) if denial.caller.ends_with("user/blind")))
        })
    });
    assert!(refused);
    let all: Vec<_> = actions.iter().map(String::as_str).collect();
    let password = fixture.user("deploy", &all);
    image.push(&fixture, REPOSITORY, "v1", Some(&password)).await.expect("nothing is missing");
}

#[tokio::test]
async fn a_lived_in_account_is_not_sent_the_large_layers_again() {
    let image = Image::new(11 << 20).await;
    let first = Fixture::with_known_layers(None).await;
    let root = std::sync::Arc::clone(&first.root);
    image.push(&first, REPOSITORY, "v1", Some(&first.password)).await.expect("it is pushed");
    assert_eq!(first.registry.known_layers(), []);
    let Fixture { registry, .. } = first;
    registry.stop().await;
    let second = Fixture::with_known_layers(Some(root)).await;
    let said = image.push(&second, REPOSITORY, "v1", Some(&second.password)).await.expect("it is pushed");
    assert!(said.iter().any(|line| line == "Layer already exists"), "{said:?}");
    assert_eq!(second.registry.known_layers().len(), 1);
    image.forget().await;
    assert_eq!(image.pull(&second, "v1").await, Ok(image.id.clone()));
}

#[tokio::test]
async fn an_immutable_tag_stays_while_the_layers_are_taken() {
    let fixture = Fixture::new().await;
    let owner = fixture.account.look(World::root);
    let immutable = PutImageTagMutability { repository: REPOSITORY.to_owned(), mutability: TagMutability::Immutable };
    fixture.account.call(&owner, immutable).expect("the tags are made immutable");
    let (first, second) = (Image::new(1000).await, Image::new(2000).await);
    first.push(&fixture, REPOSITORY, "v1", Some(&fixture.password)).await.expect("it is pushed");
    first.push(&fixture, REPOSITORY, "v1", Some(&fixture.password)).await.expect("the same image is pushed again");
    let refused = second.push(&fixture, REPOSITORY, "v1", Some(&fixture.password)).await;
    let said = format!(
        "tag invalid: The image tag 'v1' already exists in the '{REPOSITORY}' repository and cannot be overwritten because \
         the repository is immutable."
    );
    assert_eq!(refused, Err(said));
    let said = second.push(&fixture, REPOSITORY, "v2", Some(&fixture.password)).await.expect("another tag is free");
    assert!(said.iter().any(|line| line == "Layer already exists"), "{said:?}");
}
