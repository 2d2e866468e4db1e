//! OpenID Connect providers: what they are made of and what is refused.

use crate::iam::{
    AddClientId, CreateOidcProvider, DeleteOidcProvider, GetOidcProvider, ListOidcProviders, ListTags, OidcProvider,
    RemoveClientId, TagEntity, UntagEntity, UpdateThumbprints,
};
use crate::trial::Trial;

const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";

fn create(url: &str) -> CreateOidcProvider {
    CreateOidcProvider {
        url: url.to_owned(),
        clients: vec!["sts.amazonaws.com".to_owned()],
        ..CreateOidcProvider::default()
    }
}

fn github() -> CreateOidcProvider {
    create("https://token.actions.githubusercontent.com")
}

#[test]
fn a_provider_is_named_by_its_host_and_changed_piece_by_piece() {
    let mut trial = Trial::new();
    let tags = vec![("team".to_owned(), "news".to_owned())];
    let made = trial.done(CreateOidcProvider { tags, ..github() });
    assert_eq!((made.arn.as_str(), made.url.as_str()), (ARN, "token.actions.githubusercontent.com"));
    // IAM finds GitHub's thumbprint by itself.
    assert_eq!(made.thumbprints.iter().map(String::len).collect::<Vec<_>>(), [40]);
    let get = |trial: &mut Trial| trial.done(GetOidcProvider { arn: ARN.to_owned() });
    assert_eq!(get(&mut trial), made);

    let client = |client: &str| client.to_owned();
    for _ in 0..2 {
        trial.done(AddClientId { arn: ARN.into(), client: client("https://github.com/o") });
    }
    assert_eq!(get(&mut trial).clients, ["sts.amazonaws.com", "https://github.com/o"]);
    for _ in 0..2 {
        trial.done(RemoveClientId { arn: ARN.into(), client: client("sts.amazonaws.com") });
    }
    assert_eq!(get(&mut trial).clients, ["https://github.com/o"]);
    trial.done(UpdateThumbprints { arn: ARN.into(), thumbprints: vec!["a".repeat(40)] });
    assert_eq!(get(&mut trial).thumbprints, ["a".repeat(40)]);

    trial.done(TagEntity::<OidcProvider>::new(ARN.into(), vec![("stage".into(), "one".into())]));
    trial.done(UntagEntity::<OidcProvider>::new(ARN.into(), vec!["team".into()]));
    let listed = trial.done(ListTags::<OidcProvider>::new(ARN.into(), None, None));
    assert_eq!(listed.items, [("stage".to_owned(), "one".to_owned())]);

    assert_eq!(trial.done(ListOidcProviders {}), [made.arn]);
    for _ in 0..2 {
        trial.done(DeleteOidcProvider { arn: ARN.into() });
    }
    assert_eq!(trial.done(ListOidcProviders {}), []);
}

#[test]
fn providers_are_refused_in_iams_words() {
    let bad_url = "400 ValidationError: Invalid Open ID Connect Provider URL";
    let thumbprints = |all: Vec<String>| CreateOidcProvider { thumbprints: all, ..create("https://id.example") };
    let cases: Vec<(CreateOidcProvider, String)> = vec![
        (
            github(),
            "409 EntityAlreadyExists: Provider with url https://token.actions.githubusercontent.com already exists.".into(),
        ),
        (create("http://token.example"), bad_url.into()),
        (create("https://"), bad_url.into()),
        (create("https://id.example/path?query=1"), bad_url.into()),
        (
            thumbprints(vec!["ab".into()]),
            "400 ValidationError: 1 validation error detected: Value '[ab]' at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater than or equal to 40]".into(),
        ),
        (
            thumbprints(vec!["a".repeat(40); 6]),
            "400 InvalidInput: Thumbprint list must contain fewer than 5 entries.".into(),
        ),
        (
            CreateOidcProvider { clients: (0..101).map(|n| n.to_string()).collect(), ..create("https://id.example") },
            "409 LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100".into(),
        ),
    ];
    for (operation, expected) in cases {
        let mut trial = Trial::new();
        trial.done(github());
        assert_eq!(trial.refused(operation), expected);
    }
    let mut trial = Trial::new();
    let missing = format!("404 NoSuchEntity: OpenIDConnect Provider not found for arn {ARN}");
    assert_eq!(trial.refused(GetOidcProvider { arn: ARN.into() }), missing);
    assert_eq!(trial.refused(AddClientId { arn: ARN.into(), client: "a".into() }), missing);
    assert_eq!(trial.refused(ListTags::<OidcProvider>::new(ARN.into(), None, None)), missing);
    for number in 0..100 {
        trial.done(create(&format!("https://id{number}.example/path")));
    }
    assert_eq!(
        trial.refused(github()),
        "409 LimitExceeded: Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100"
    );
}
