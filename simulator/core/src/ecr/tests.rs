//! ECR's operations: the rules of pushing, reading and deleting, and the words of refusals.

use super::*;
use crate::trial::Trial;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const INDEX: &str = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

fn create(name: &str) -> CreateRepository {
    CreateRepository { repository: name.into(), ..CreateRepository::default() }
}

fn push(tag: &str, digest: &str) -> PutImage {
    let manifest = r#"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:c","size":2},"layers":[{"digest":"sha256:l","size":40},{"digest":"sha256:m","size":2}]}"#;
    PutImage {
        repository: "news".into(),
        tag: Some(tag.into()),
        manifest: manifest.into(),
        media_type: IMAGE.into(),
        digest: digest.into(),
        layers: vec!["sha256:c".into(), "sha256:l".into(), "sha256:m".into()],
    }
}

fn push_index(children: &[&str]) -> PutImage {
    let entries: Vec<String> = children.iter().map(|child| format!(r#"{{"digest":"{child}","size":9}}"#)).collect();
    PutImage {
        tag: Some("all".into()),
        manifest: format!(r#"{{"manifests":[{}]}}"#, entries.join(",")),
        media_type: "application/vnd.oci.image.index.v1+json".into(),
        layers: children.iter().map(|child| (*child).to_owned()).collect(),
        ..push("", INDEX)
    }
}

fn tagged(tag: &str) -> ImageId {
    ImageId { tag: Some(tag.into()), digest: None }
}

fn digest(digest: &str) -> ImageId {
    ImageId { tag: None, digest: Some(digest.into()) }
}

/// An account whose repository `news` has the layers of [`push`].
fn with_layers(mutability: TagMutability) -> Trial {
    let mut trial = Trial::new();
    trial.done(CreateRepository { mutability, ..create("news") });
    for (digest, size) in [("sha256:c", 2), ("sha256:l", 40), ("sha256:m", 2)] {
        let id = trial.done(InitiateLayerUpload { repository: "news".into() });
        trial.done(UploadLayerPart { repository: "news".into(), upload_id: id.clone() });
        let (repository, digest) = ("news".into(), digest.into());
        trial.done(CompleteLayerUpload { repository, upload_id: Some(id), digest, size });
    }
    trial
}

#[test]
fn repositories_are_refused_in_ecrs_words() {
    let mut trial = with_layers(TagMutability::Mutable);
    trial.done(push("v1", DIGEST));
    assert_eq!(
        trial.refused(create("news")),
        "400 RepositoryAlreadyExistsException: The repository with name 'news' already exists in the registry with id '123456789012'"
    );
    assert_eq!(
        trial.refused(DeleteRepository { repository: "news".into(), force: false }),
        "400 RepositoryNotEmptyException: The repository with name 'news' in registry with id '123456789012' cannot be deleted because it still contains images"
    );
    trial.done(DeleteRepository { repository: "news".into(), force: true });
    assert_eq!(
        trial.refused(DescribeRepositories { repositories: vec!["news".into()], ..Default::default() }),
        "400 RepositoryNotFoundException: The repository with name 'news' does not exist in the registry with id '123456789012'"
    );
}

#[test]
fn names_of_repositories_follow_their_rule() {
    for (name, good) in [
        ("news-api", true),
        ("a/b/c", true),
        ("a.b_c__d---e", true),
        ("ab", true),
        ("a", false),
        ("News", false),
        ("a//b", false),
        ("-a", false),
        ("a-", false),
        ("a..b", false),
        ("a___b", false),
        ("a._b", false),
        ("a b", false),
    ] {
        let mut trial = Trial::new();
        if good {
            assert_eq!(trial.done(create(name)).uri, format!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/{name}"));
        } else {
            let refusal = trial.refused(create(name));
            assert!(
                refusal.starts_with("400 InvalidParameterException: Invalid parameter at 'repositoryName'"),
                "{name}: {refusal}"
            );
        }
    }
}

#[test]
fn a_push_needs_its_layers_in_the_repository() {
    let mut trial = Trial::new();
    trial.done(create("news"));
    assert_eq!(
        trial.refused(push("v1", DIGEST)),
        "400 LayersNotFoundException: Layers with digests '[sha256:c, sha256:l, sha256:m]' required for pushing image into repository with name 'news' in the registry with id '123456789012' do not exist"
    );
    assert_eq!(
        trial.refused(UploadLayerPart { repository: "news".into(), upload_id: "u".into() }),
        "400 UploadNotFoundException: The layer upload 'u' could not be found in the repository with name 'news' in registry with id '123456789012'"
    );
    let asked = BatchCheckLayerAvailability { repository: "news".into(), digests: vec!["sha256:l".into()] };
    assert_eq!(trial.done(asked), [("sha256:l".to_owned(), None)]);

    let mut trial = with_layers(TagMutability::Mutable);
    let asked =
        BatchCheckLayerAvailability { repository: "news".into(), digests: vec!["sha256:l".into(), "sha256:x".into()] };
    assert_eq!(trial.done(asked), [("sha256:l".to_owned(), Some(40)), ("sha256:x".to_owned(), None)]);
    assert_eq!(trial.done(GetDownloadUrlForLayer { repository: "news".into(), digest: "sha256:l".into() }), 40);
    assert_eq!(trial.done(push("v1", DIGEST)).image.size, 42);
}

#[test]
fn the_same_image_again_is_an_error_that_the_registry_takes_for_success() {
    let mut trial = with_layers(TagMutability::Immutable);
    trial.done(push("v1", DIGEST));
    assert_eq!(
        trial.refused(push("v1", DIGEST)),
        format!(
            "400 ImageAlreadyExistsException: Image with digest '{DIGEST}' and tag 'v1' already exists in the repository with name 'news' in registry with id '123456789012'"
        )
    );
    assert!(trial.refused(PutImage { tag: None, ..push("", DIGEST) }).starts_with("400 ImageAlreadyExistsException"));
    assert_eq!(trial.done(push("v2", DIGEST)).image.tags, ["v1", "v2"]);
}

/// The setting, the tag, and how the refusal to move it ends.
#[test]
fn tags_move_as_the_repository_lets_them() {
    let filters = || vec!["dev-*".to_owned()];
    for (mutability, tag, refused) in [
        (TagMutability::Mutable, "v1", None),
        (TagMutability::Immutable, "v1", Some("the repository is immutable.")),
        (TagMutability::ImmutableWithExclusion(filters()), "v1", Some("the tag is immutable.")),
        (TagMutability::ImmutableWithExclusion(filters()), "dev-1", None),
        (TagMutability::MutableWithExclusion(filters()), "v1", None),
        (TagMutability::MutableWithExclusion(filters()), "dev-1", Some("the tag is immutable.")),
    ] {
        let mut trial = with_layers(mutability);
        trial.done(push(tag, DIGEST));
        match refused {
            None => {
                assert_eq!(trial.done(push(tag, OTHER)).image.tags, [tag]);
                let images = trial.done(DescribeImages { repository: "news".into(), ..Default::default() }).items;
                let tags: Vec<(&str, usize)> =
                    images.iter().map(|image| (image.digest.as_str(), image.tags.len())).collect();
                assert_eq!(tags, [(DIGEST, 0), (OTHER, 1)], "the tag has moved");
            }
            Some(ending) => assert_eq!(
                trial.refused(push(tag, OTHER)),
                format!(
                    "400 ImageTagAlreadyExistsException: The image tag '{tag}' already exists in the 'news' repository and cannot be overwritten because {ending}"
                )
            ),
        }
    }
}

#[test]
fn an_index_needs_its_images_and_keeps_them() {
    let mut trial = with_layers(TagMutability::Mutable);
    assert_eq!(
        trial.refused(push_index(&[DIGEST])),
        format!(
            "400 ReferencedImagesNotFoundException: Images with digests '[{DIGEST}]' required for pushing image into repository with name 'news' in the registry with id '123456789012' do not exist"
        )
    );
    trial.done(PutImage { tag: None, ..push("", DIGEST) });
    assert_eq!(trial.done(push_index(&[DIGEST])).image.size, 42);
    let delete = |id| BatchDeleteImage { repository: "news".into(), images: vec![id] };
    let failure = trial.done(delete(digest(DIGEST))).failures.remove(0);
    assert_eq!(
        (failure.code, failure.reason),
        ("ImageReferencedByManifestList", format!("Requested image referenced by manifest list: [{INDEX}]"))
    );
    assert_eq!(trial.done(delete(tagged("all"))).failures, []);
    assert_eq!(trial.done(delete(digest(DIGEST))).failures, []);
}

#[test]
fn images_are_found_by_tag_digest_or_both() {
    let mut trial = with_layers(TagMutability::Mutable);
    trial.done(push("v1", DIGEST));
    trial.done(push("v2", OTHER));
    let both = |tag: &str, digest: &str| ImageId { tag: Some(tag.into()), digest: Some(digest.into()) };
    let images = vec![
        tagged("v1"),
        digest(OTHER),
        both("v1", DIGEST),
        both("v1", OTHER),
        tagged("v3"),
        ImageId::default(),
        digest("md5:1"),
    ];
    let output = trial.done(BatchGetImage { repository: "news".into(), images });
    let found: Vec<&str> = output.found.iter().map(|image| image.digest.as_str()).collect();
    assert_eq!(found, [DIGEST, OTHER, DIGEST]);
    let codes: Vec<&str> = output.failures.iter().map(|failure| failure.code).collect();
    assert_eq!(codes, ["ImageNotFound", "ImageNotFound", "MissingDigestAndTag", "InvalidImageDigest"]);
    assert_eq!(
        trial.refused(DescribeImages { repository: "news".into(), images: vec![tagged("v3")], ..Default::default() }),
        "400 ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'v3'} does not exist within the repository with name 'news' in the registry with id '123456789012'"
    );
}

#[test]
fn an_image_goes_with_its_last_tag_or_by_its_digest() {
    let mut trial = with_layers(TagMutability::Mutable);
    for (tag, digest) in [("a", DIGEST), ("b", DIGEST), ("c", OTHER), ("d", OTHER)] {
        trial.done(push(tag, digest));
    }
    let mut delete = |id| trial.done(BatchDeleteImage { repository: "news".into(), images: vec![id] });
    assert_eq!(delete(tagged("a")).deleted.len(), 1);
    assert_eq!(delete(tagged("b")).deleted.len(), 1);
    assert_eq!(delete(digest(DIGEST)).failures[0].code, "ImageNotFound");
    assert_eq!(delete(digest(OTHER)).deleted.len(), 2);
    let left = trial.done(ListImages { repository: "news".into(), ..ListImages::default() });
    assert_eq!(left.items, []);
}

#[test]
fn listings_have_an_entry_for_each_tag_and_come_in_pages() {
    let mut trial = with_layers(TagMutability::Mutable);
    trial.done(push("v1", DIGEST));
    trial.done(push("v2", DIGEST));
    trial.done(PutImage { tag: None, ..push("", OTHER) });
    let list = |tag_status, next_token, limit| ListImages { repository: "news".into(), tag_status, next_token, limit };
    assert_eq!(trial.done(list(TagStatus::Tagged, None, None)).items.len(), 2);
    assert_eq!(trial.done(list(TagStatus::Untagged, None, None)).items, [digest(OTHER)]);
    let first = trial.done(list(TagStatus::Any, None, Some(2)));
    let second = trial.done(list(TagStatus::Any, first.next, Some(2)));
    assert_eq!((first.items.len(), second.items.len(), second.next), (2, 1, None));
    assert!(trial.refused(list(TagStatus::Any, None, Some(0))).starts_with("400 InvalidParameterException"));
}

const RULE: &str = r#"{"rulePriority":1,"description":"keep few","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":30},"action":{"type":"expire"}}"#;

fn lifecycle(rules: &str) -> PutLifecyclePolicy {
    PutLifecyclePolicy { repository: "news".into(), policy: format!(r#"{{"rules":[{rules}]}}"#) }
}

#[test]
fn lifecycle_policies_are_validated_and_kept() {
    let mut trial = Trial::new();
    trial.done(create("news"));
    let get = || GetLifecyclePolicy { repository: "news".into() };
    assert_eq!(
        trial.refused(get()),
        "400 LifecyclePolicyNotFoundException: Lifecycle policy does not exist for the repository with name 'news' in the registry with id '123456789012'"
    );
    let put = trial.done(lifecycle(RULE));
    assert_eq!(trial.done(get()), put);

    let second = |change: (&str, &str)| {
        format!("{RULE},{}", RULE.replace("\"rulePriority\":1", "\"rulePriority\":2").replace(change.0, change.1))
    };
    for (rules, complaint) in [
        (
            RULE.replace(r#""rulePriority":1"#, r#""rulePriority":0"#),
            "rulePriority must be a whole number of at least 1",
        ),
        (RULE.replace("30}", "0}"), "countNumber must be a whole number of at least 1"),
        (RULE.replace("any", "some"), "tagStatus must be one of tagged, untagged, any"),
        (RULE.replace("any", "tagged"), "tagStatus tagged needs a tagPrefixList or a tagPatternList"),
        (RULE.replace("imageCountMoreThan", "sinceImagePushed"), "sinceImagePushed needs countUnit days"),
        (RULE.replace("expire", "delete"), "action must be expire, or transition with targetStorageClass archive"),
        (
            RULE.replace("description", "descriptoin"),
            r#"object instance has properties which are not allowed by the schema: ["descriptoin"]"#,
        ),
        (format!("{RULE},{RULE}"), "rulePriority 1 is used by more than one rule"),
        (second(("any", "untagged")), "a rule with tagStatus any must have the highest rulePriority"),
    ] {
        let expected = format!(
            "400 InvalidParameterException: Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {complaint}'"
        );
        assert_eq!(trial.refused(lifecycle(&rules)), expected);
    }
    assert!(trial.refused(lifecycle("")).contains("must have length greater than or equal to 100"));
}

#[test]
fn tags_of_repositories_have_limits() {
    let mut trial = Trial::new();
    let arn = trial.done(create("news")).arn.to_string();
    let tag = |tags| TagResource::new(arn.clone(), tags);
    trial.done(tag([("a".to_owned(), "1".to_owned())].into()));
    let many = (0..50).map(|number| (number.to_string(), String::new())).collect();
    assert_eq!(trial.refused(tag(many)), "400 TooManyTagsException: The number of tags exceeds the limit of 50.");
    assert_eq!(
        trial.refused(tag([("aws:a".to_owned(), String::new())].into())),
        "400 InvalidTagParameterException: Invalid tag key or value for the tag with key 'aws:a'."
    );
    assert_eq!(trial.done(ListTagsForResource::new(arn.clone())).len(), 1);
    trial.done(UntagResource::new(arn.clone(), vec!["a".into()]));
    assert_eq!(trial.done(ListTagsForResource::new(arn)).len(), 0);
}

#[test]
fn mutability_is_read_as_requests_write_it() {
    let parse = |mode, filters: &[&str]| {
        TagMutability::parse(mode, filters.iter().map(|filter| (*filter).to_owned()).collect())
    };
    assert_eq!(parse(None, &[]), Ok(TagMutability::Mutable));
    assert_eq!(parse(Some("IMMUTABLE"), &[]), Ok(TagMutability::Immutable));
    for (mode, filters) in [
        (Some("immutable"), &[][..]),
        (Some("IMMUTABLE"), &["a"][..]),
        (Some("IMMUTABLE_WITH_EXCLUSION"), &[][..]),
        (Some("MUTABLE_WITH_EXCLUSION"), &["a b"][..]),
    ] {
        assert!(parse(mode, filters).is_err(), "{mode:?} {filters:?}");
    }
}
