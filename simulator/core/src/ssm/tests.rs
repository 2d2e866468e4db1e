//! Parameter Store: versions, labels, the ways to name a parameter, paths, tiers, and refusals.

use std::collections::BTreeMap;

use super::*;
use crate::operation::Operation;
use crate::trial::Trial;

fn put(name: &str, value: &str) -> PutParameter {
    PutParameter {
        name: name.into(),
        value: Secret::new(value),
        kind: Some(Kind::String),
        description: None,
        overwrite: false,
        tier: None,
        tags: BTreeMap::new(),
    }
}

fn over(name: &str, value: &str) -> PutParameter {
    PutParameter { overwrite: true, kind: None, ..put(name, value) }
}

fn get(name: &str) -> GetParameter {
    GetParameter { name: name.into(), decrypt: true }
}

fn value(trial: &mut Trial, name: &str) -> String {
    trial.done(get(name)).value.expose().to_owned()
}

fn filter(key: &str, option: Option<&str>, values: &[&str]) -> ParameterFilter {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    ParameterFilter { key: key.into(), option: option.map(str::to_owned), values }
}

#[test]
fn a_parameter_is_found_by_name_by_arn_and_by_version_or_label() {
    let mut trial = Trial::new();
    trial.done(put("/news/url", "one"));
    assert_eq!(trial.done(over("/news/url", "two")).version, 2);
    trial.done(put("plain", "p"));
    trial.done(LabelParameterVersion { name: "/news/url".into(), version: Some(1), labels: vec!["prod".into()] });
    let arn = "arn:aws:ssm:eu-central-1:123456789012:parameter";
    for (name, expected) in [
        ("/news/url".to_owned(), "two"),
        ("/news/url:1".to_owned(), "one"),
        ("/news/url:prod".to_owned(), "one"),
        (format!("{arn}/news/url"), "two"),
        (format!("{arn}/news/url:1"), "one"),
        (format!("{arn}/plain"), "p"),
    ] {
        assert_eq!(value(&mut trial, &name), expected, "{name}");
    }
    let found = trial.done(get("/news/url:prod"));
    assert_eq!((found.selector.as_deref(), found.version, found.arn), (Some(":prod"), 1, format!("{arn}/news/url")));
    for (name, refused) in [
        ("news/url", "400 ParameterNotFound: "),
        ("/news/url:stage", "400 ParameterNotFound: "),
        (
            "",
            "400 ValidationException: 1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "/news/url:3",
            "400 ParameterVersionNotFound: Systems Manager could not find version 3 of /news/url. Verify the version and try again.",
        ),
    ] {
        assert_eq!(trial.refused(get(name)), refused, "{name}");
    }
    let names = ["plain", "nothing", "/news/url:3"].map(str::to_owned).to_vec();
    let FoundParameters { found, unknown } = trial.done(GetParameters { names, decrypt: true });
    assert_eq!((found.len(), unknown), (1, vec!["/news/url:3".to_owned(), "nothing".to_owned()]));
}

#[test]
fn a_secure_string_is_shown_to_whoever_asks_for_its_decryption() {
    let mut trial = Trial::new();
    trial.done(PutParameter { kind: Some(Kind::SecureString), ..put("/db/password", "hunter2") });
    let sealed = trial.done(GetParameter { name: "/db/password".into(), decrypt: false });
    assert!(!sealed.value.expose().contains("hunter2"));
    let again = trial.done(GetParameter { name: "/db/password".into(), decrypt: false });
    assert_eq!(sealed.value, again.value, "the same version looks the same");
    let open = trial.done(get("/db/password"));
    assert_eq!(open.value.expose(), "hunter2");
    assert!(!format!("{open:?} {:?}", trial.world.events()).contains("hunter2"));
    let history = GetParameterHistory { name: "/db/password".into(), decrypt: false, limit: None, next_token: None };
    let entry = trial.done(history).items.remove(0);
    assert_eq!((entry.key, entry.value), (Some("alias/aws/ssm"), sealed.value));
}

#[test]
fn what_is_put_is_refused_in_awss_words_and_no_refusal_repeats_a_value() {
    let mut trial = Trial::new();
    trial.done(put("/a", "v"));
    let large = "secret".repeat(700);
    for (operation, refused) in [
        (
            put("/a", "v"),
            "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ),
        (
            PutParameter { kind: Some(Kind::SecureString), ..over("/a", "v") },
            "HierarchyTypeMismatchException: Parameter Store doesn't support changing a parameter type in a hierarchy.",
        ),
        (
            PutParameter { kind: None, ..put("/b", "v") },
            "ValidationException: A parameter type is required when you create a parameter.",
        ),
        (put("/b", ""), "ValidationException: 1 validation error detected: Value '' at 'value' failed"),
        (
            put("/b", &large),
            "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters.",
        ),
        (put("a/b", "v"), "ValidationException: Parameter name must be a fully qualified name."),
        (
            put("/a b", "v"),
            "ValidationException: Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed",
        ),
        (
            put("awsome", "v"),
            "ValidationException: Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ),
        (put("/aws/service/x", "v"), "AccessDeniedException: No access to reserved parameter name: /aws/service/x."),
        (
            put(&"/x".repeat(16), "v"),
            "HierarchyLevelLimitExceededException: A hierarchy can have a maximum of 15 levels.",
        ),
        (
            PutParameter { tags: [("a".to_owned(), "1".to_owned())].into(), ..over("/a", "v") },
            "ValidationException: Invalid request: tags and overwrite can't be used together.",
        ),
    ] {
        let name = operation.name.clone();
        let answer = trial.refused(operation);
        assert!(answer.starts_with(&format!("400 {refused}")), "{name}: {answer}");
        assert!(!answer.contains("secret"), "{answer}");
    }
}

#[test]
fn the_advanced_tier_is_for_large_values_and_is_never_left() {
    let mut trial = Trial::new();
    let large = "x".repeat(5000);
    let tier = |tier, operation| PutParameter { tier: Some(tier), ..operation };
    assert_eq!(trial.done(tier(None, put("/small", "v"))).tier, Tier::Standard);
    assert_eq!(trial.done(tier(None, put("/large", &large))).tier, Tier::Advanced);
    assert_eq!(trial.done(over("/large", "v")).tier, Tier::Advanced);
    assert!(trial.refused(tier(Some(Tier::Standard), over("/large", "v"))).contains("You can't downgrade a parameter"));
    assert_eq!(trial.done(tier(Some(Tier::Advanced), over("/small", &large))).tier, Tier::Advanced);
    let refused = trial.refused(tier(Some(Tier::Advanced), put("/x", &"x".repeat(8193))));
    assert!(refused.contains("8192"), "{refused}");
}

#[test]
fn a_hundred_versions_are_kept_and_none_with_a_label_is_lost() {
    let mut trial = Trial::new();
    trial.done(put("/a", "1"));
    for version in 2..=101 {
        trial.done(over("/a", &version.to_string()));
    }
    let history = |token| GetParameterHistory { name: "/a".into(), decrypt: true, limit: None, next_token: token };
    let first = trial.done(history(None));
    assert_eq!((first.items[0].version, first.items.len()), (2, 50));
    let second = trial.done(history(first.next));
    assert_eq!((second.items[49].version, second.next), (101, None));
    trial.done(LabelParameterVersion { name: "/a".into(), version: Some(2), labels: vec!["keep".into()] });
    assert!(
        trial
            .refused(over("/a", "x"))
            .starts_with("400 ParameterMaxVersionLimitExceeded: You attempted to create a new version of /a")
    );
}

#[test]
fn a_label_is_on_one_version() {
    let mut trial = Trial::new();
    trial.done(put("/a", "1"));
    trial.done(over("/a", "2"));
    let label = |version, labels: &[&str]| LabelParameterVersion {
        name: "/a".into(),
        version,
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    };
    trial.done(label(Some(1), &["prod"]));
    let moved = trial.done(label(None, &["prod", "1st", "aws-x"]));
    assert_eq!((moved.version, moved.invalid), (2, vec!["1st".to_owned(), "aws-x".to_owned()]));
    assert_eq!(value(&mut trial, "/a:prod"), "2");
    let many: Vec<String> = (0..10).map(|number| format!("l{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(trial.refused(label(None, &many)).starts_with("400 ParameterVersionLabelLimitExceeded"));
    assert!(trial.refused(label(Some(9), &["x"])).starts_with("400 ParameterVersionNotFound"));
    let take = UnlabelParameterVersion { name: "/a".into(), version: 2, labels: vec!["prod".into(), "x".into()] };
    let taken = trial.done(take);
    assert_eq!((taken.removed, taken.invalid), (vec!["prod".to_owned()], vec!["x".to_owned()]));
}

#[test]
fn parameters_are_read_by_their_path_page_by_page() {
    let mut trial = Trial::new();
    for name in ["/news/a", "/news/b", "/news/db/url", "/newspaper", "plain"] {
        trial.done(put(name, "v"));
    }
    let by_path = |path: &str, recursive| GetParametersByPath { path: path.into(), recursive, ..Default::default() };
    for (path, recursive, expected) in [
        ("/news", false, vec!["/news/a", "/news/b"]),
        ("/news/", true, vec!["/news/a", "/news/b", "/news/db/url"]),
        ("/", false, vec!["/newspaper", "plain"]),
        ("/nothing", true, Vec::new()),
    ] {
        let names: Vec<String> =
            trial.done(by_path(path, recursive)).items.into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, expected, "{path} {recursive}");
    }
    let page = trial.done(GetParametersByPath { limit: Some(2), ..by_path("/news", true) });
    let rest = trial.done(GetParametersByPath { next_token: page.next, ..by_path("/news", true) });
    assert_eq!((page.items.len(), rest.items[0].name.as_str()), (2, "/news/db/url"));
    for (operation, refused) in [
        (by_path("news", true), "ValidationException: The parameter doesn't meet the parameter name requirements."),
        (
            GetParametersByPath { limit: Some(11), ..by_path("/", true) },
            "ValidationException: 1 validation error detected: Value '11' at 'maxResults'",
        ),
        (
            GetParametersByPath { filters: vec![filter("Name", None, &["x"])], ..by_path("/", true) },
            "InvalidFilterKey: The following filter key is not valid: Name.",
        ),
        (
            GetParametersByPath { next_token: Some("x".into()), ..by_path("/", true) },
            "InvalidNextToken: The specified token isn't valid.",
        ),
    ] {
        let answer = trial.refused(operation);
        assert!(answer.starts_with(&format!("400 {refused}")), "{answer}");
    }
}

#[test]
fn parameters_are_described_by_filters_and_without_values() {
    let mut trial = Trial::new();
    trial.done(PutParameter { tags: [("stage".to_owned(), "prod".to_owned())].into(), ..put("/news/a", "hunter2") });
    trial.done(PutParameter { kind: Some(Kind::SecureString), ..put("/news/db/url", "hunter2") });
    trial.done(put("plain", "v"));
    for (filters, expected) in [
        (vec![filter("Name", Some("BeginsWith"), &["/news"])], vec!["/news/a", "/news/db/url"]),
        (vec![filter("Name", Some("Contains"), &["lai"])], vec!["plain"]),
        (vec![filter("Type", None, &["SecureString"])], vec!["/news/db/url"]),
        (vec![filter("KeyId", None, &["alias/aws/ssm"])], vec!["/news/db/url"]),
        (vec![filter("Path", Some("Recursive"), &["/news"]), filter("Type", None, &["String"])], vec!["/news/a"]),
        (vec![filter("tag:stage", None, &["prod"])], vec!["/news/a"]),
        (Vec::new(), vec!["/news/a", "/news/db/url", "plain"]),
    ] {
        let described = trial.done(DescribeParameters { filters: filters.clone(), ..Default::default() }).items;
        assert!(!format!("{described:?}").contains("hunter2"));
        let names: Vec<String> = described.into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, expected, "{filters:?}");
    }
    for (filters, refused) in [
        (
            vec![filter("Colour", None, &["red"])],
            "ValidationException: 1 validation error detected: Value 'Colour' at 'parameterFilters.1.member.key'",
        ),
        (
            vec![filter("Name", Some("Like"), &["x"])],
            "InvalidFilterOption: The following filter option is not valid: Like.",
        ),
        (vec![filter("Type", None, &["Text"])], "InvalidFilterValue: The following filter value is not valid: Text."),
        (
            vec![filter("Name", None, &["x"]), filter("Name", None, &["y"])],
            "InvalidFilterKey: The following filter is duplicated",
        ),
    ] {
        let answer = trial.refused(DescribeParameters { filters, ..Default::default() });
        assert!(answer.starts_with(&format!("400 {refused}")), "{answer}");
    }
}

#[test]
fn parameters_and_their_tags_go() {
    let mut trial = Trial::new();
    for name in ["/a", "/b", "/c"] {
        trial.done(put(name, "v"));
    }
    let tags: BTreeMap<String, String> = [("k".to_owned(), "v".to_owned())].into();
    trial.done(AddTagsToResource::new("/a".into(), tags.clone()));
    assert_eq!(trial.done(ListTagsForResource::new("/a".into())), tags);
    trial.done(RemoveTagsFromResource::new("/a".into(), vec!["k".into()]));
    assert_eq!(trial.done(ListTagsForResource::new("/a".into())), BTreeMap::new());
    let many = (0..51).map(|number| (number.to_string(), String::new())).collect();
    assert!(trial.refused(AddTagsToResource::new("/a".into(), many)).starts_with("400 TooManyTagsError"));
    for pair in [("", "v"), ("aws:k", "v"), ("k*", "v"), ("k", "*")] {
        let tags = [(pair.0.to_owned(), pair.1.to_owned())].into();
        let refused = trial.refused(AddTagsToResource::new("/a".into(), tags));
        assert!(refused.starts_with("400 ValidationException: The tag key"), "{refused}");
    }
    trial.done(DeleteParameter { name: "/a".into() });
    assert_eq!(trial.refused(DeleteParameter { name: "/a".into() }), "400 ParameterNotFound: ");
    assert!(trial.refused(AddTagsToResource::new("/a".into(), tags)).starts_with("400 InvalidResourceId"));
    let deleted = trial.done(DeleteParameters { names: vec!["/b".into(), "/a".into()] });
    assert_eq!((deleted.deleted, deleted.unknown), (vec!["/b".to_owned()], vec!["/a".to_owned()]));
    let eleven = (0..11).map(|number| number.to_string()).collect();
    assert!(
        trial.refused(DeleteParameters { names: eleven }).contains("Member must have length less than or equal to 10")
    );
}

#[test]
fn a_parameter_is_authorised_by_its_arn_without_the_first_slash() {
    let mut trial = Trial::new();
    trial.done(put("/news/url", "v"));
    let arn = |path: &str| format!("arn:aws:ssm:eu-central-1:123456789012:parameter/{path}");
    let resource = |accesses: Result<Vec<crate::operation::Access>, Refusal>| {
        accesses.expect("accesses").iter().map(|access| (access.action, access.resource.clone())).collect::<Vec<_>>()
    };
    let tagged = PutParameter { tags: [("k".to_owned(), "v".to_owned())].into(), ..put("/news/x", "v") };
    let accesses = tagged.accesses(&trial.world).expect("accesses");
    assert_eq!(accesses[0].context["ssm:Overwrite"], ["false"]);
    assert_eq!(resource(Ok(accesses)), [("ssm:PutParameter", arn("news/x")), ("ssm:AddTagsToResource", arn("news/x"))]);
    assert_eq!(resource(get("/news/url:1").accesses(&trial.world)), [("ssm:GetParameter", arn("news/url"))]);
    let all = "arn:aws:ssm:eu-central-1:123456789012:*".to_owned();
    assert_eq!(resource(DescribeParameters::default().accesses(&trial.world)), [("ssm:DescribeParameters", all)]);
    let by_path = GetParametersByPath { path: "/news/".into(), recursive: true, ..Default::default() };
    let accesses = by_path.accesses(&trial.world).expect("accesses");
    assert_eq!((&accesses[0].resource, &accesses[0].context["ssm:Recursive"][0]), (&arn("news"), &"true".to_owned()));
}
