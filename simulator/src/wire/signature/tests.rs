use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings};
use bytes::Bytes;
use http::{Method, Request, Uri};
use proptest::prelude::*;
use simulator_core::iam::Credential;
use simulator_core::{Region, Setup, Timestamp, Timing, World};

use super::{Claim, Mistrust, Signer, sign, verify};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "eu-central-1";
/// 2015-08-30T12:36:00Z, when AWS's published example was signed.
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_440_938_160_000);

fn credential() -> Credential {
    let world = World::new(Setup {
        account: "123456789012".parse().expect("twelve digits"),
        region: Region::new(REGION),
        seed: 1,
        timing: Timing::aws(),
        now: SIGNED_AT,
    });
    Credential { secret: SECRET.to_owned(), caller: world.root(), active: true, session_token: None, expires_at: None }
}

fn session(token: &str) -> Credential {
    let expires_at = Some(SIGNED_AT + Duration::from_hours(1));
    Credential { session_token: Some(token.to_owned()), expires_at, ..credential() }
}

fn signer(token: Option<&str>) -> Signer {
    Signer {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: SECRET.to_owned(),
        token: token.map(str::to_owned),
        region: REGION.to_owned(),
    }
}

fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut builder = Request::builder().method(method).uri(uri).header("host", "127.0.0.1:4566");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("the test's request is one")
}

fn signed_post(headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = request(Method::POST, "/", headers, body);
    sign(&mut request, &signer(None), "ecs", SIGNED_AT).expect("the test's request can be signed");
    request
}

fn presigned(validity: Duration) -> Request<Bytes> {
    let mut request = request(Method::GET, "/?Action=GetCallerIdentity", &[], "");
    let identity = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(validity);
    let params = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("sts")
        .time(std::time::UNIX_EPOCH + Duration::from_millis(SIGNED_AT.as_millis()))
        .settings(settings)
        .build()
        .expect("all that is required has been given")
        .into();
    let headers = [("host", "127.0.0.1:4566")].into_iter();
    let signable = SignableRequest::new("GET", request.uri().to_string(), headers, SignableBody::Bytes(b""));
    let signed = aws_sigv4::http_request::sign(signable.expect("the test's request is one"), &params);
    signed.expect("the test's request can be signed").into_parts().0.apply_to_request_http1x(&mut request);
    request
}

/// Reads and verifies as the endpoint does.
fn check(request: &Request<Bytes>, credential: Option<&Credential>, now: Timestamp) -> Result<(), Mistrust> {
    let claim = Claim::read(request)?.ok_or(Mistrust::Missing)?;
    let credential = credential.filter(|_| claim.access_key_id == "AKIDEXAMPLE");
    verify(&claim, request, credential, REGION, now).map(drop)
}

/// The first is AWS's published example (IAM user guide, "Create a signed AWS API request"); the others were signed by botocore.
#[test]
fn signatures_of_others_are_accepted() {
    let scope = |region: &str, service: &str| {
        format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/{region}/{service}/aws4_request")
    };
    let date = ("x-amz-date", "20150830T123600Z");

    let published = format!(
        "{}, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        scope("us-east-1", "iam")
    );
    let list_users = Request::get("/?Action=ListUsers&Version=2010-05-08")
        .header("host", "iam.amazonaws.com")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header(date.0, date.1)
        .header("authorization", published)
        .body(Bytes::new())
        .expect("the example is a request");
    assert_eq!(check(&list_users, Some(&credential()), SIGNED_AT), Ok(()));

    let with_token = format!(
        "{}, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=bda9b527b8cf47966abce632ce7f2ddb8a2768d87ec0553541c974bb4755602a",
        scope(REGION, "ecs")
    );
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "AmazonEC2ContainerServiceV20141113.DescribeClusters"),
        ("x-amz-security-token", "token/with+signs=="),
        date,
        ("authorization", &with_token),
    ];
    let describe = request(Method::POST, "/", &headers, "{\"clusters\":[\"news\"]}");
    assert_eq!(check(&describe, Some(&session("token/with+signs==")), SIGNED_AT), Ok(()));

    let awkward = format!(
        "{}, SignedHeaders=host;x-amz-date, Signature=7b4e4e06a1613af8ff50529232b1fc955d2524d6018f0bcf5395cc9f4dc49db3",
        scope(REGION, "ecr")
    );
    let path = "/a%20b//c/../d%2Fe?z=1&a=x%20y%2B&a=&B=%C3%A9";
    let awkward = request(Method::GET, path, &[date, ("authorization", &awkward)], "");
    assert_eq!(check(&awkward, Some(&credential()), SIGNED_AT), Ok(()));

    let presigned = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60\
        &X-Amz-SignedHeaders=host&X-Amz-Security-Token=token%2Fwith%2Bsigns%3D%3D\
        &X-Amz-Signature=6a68d87e8698311a1738d283370f42974fea989278ed41044f92f45095a0807a";
    let presigned = request(Method::GET, presigned, &[], "");
    assert_eq!(check(&presigned, Some(&session("token/with+signs==")), SIGNED_AT), Ok(()));
}

#[test]
fn unknown_inactive_and_foreign_keys_are_refused() {
    let request = signed_post(&[], "{}");
    let other_secret = Credential { secret: SECRET.to_lowercase(), ..credential() };
    let inactive = Credential { active: false, ..credential() };
    for (key, expected) in [
        (Some(credential()), Ok(())),
        (None, Err(Mistrust::UnknownKey)),
        (Some(inactive), Err(Mistrust::UnknownKey)),
        (Some(session("token")), Err(Mistrust::UnknownKey)),
        (Some(other_secret), Err(Mistrust::Mismatch)),
    ] {
        assert_eq!(check(&request, key.as_ref(), SIGNED_AT), expected);
    }
}

#[test]
fn session_tokens_are_checked() {
    let mut request = request(Method::POST, "/", &[], "");
    sign(&mut request, &signer(Some("token")), "ecs", SIGNED_AT).expect("the test's request can be signed");
    let late = SIGNED_AT + Duration::from_mins(10);
    let ended = Credential { expires_at: Some(late), ..session("token") };
    for (key, expected) in [
        (session("token"), Ok(())),
        (session("tokem"), Err(Mistrust::UnknownKey)),
        (credential(), Err(Mistrust::UnknownKey)),
        (ended, Err(Mistrust::SessionExpired)),
    ] {
        assert_eq!(check(&request, Some(&key), late), expected);
    }
}

#[test]
fn clocks_may_be_a_quarter_of_an_hour_apart() {
    let request = signed_post(&[], "{}");
    let at = |seconds: i64| Timestamp::from_millis(SIGNED_AT.as_millis().saturating_add_signed(seconds * 1000));
    for seconds in [-900, 0, 900] {
        assert_eq!(check(&request, Some(&credential()), at(seconds)), Ok(()), "{seconds}");
    }
    let expired =
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)";
    assert_eq!(check(&request, Some(&credential()), at(901)), Err(Mistrust::Skewed(expired.to_owned())));
    let early =
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)";
    assert_eq!(check(&request, Some(&credential()), at(-901)), Err(Mistrust::Skewed(early.to_owned())));

    let presigned = presigned(Duration::from_hours(2));
    assert_eq!(check(&presigned, Some(&credential()), at(7200)), Ok(()));
    let expired = "Signature expired: 20150830T143600Z is now earlier than 20150830T143601Z";
    assert_eq!(check(&presigned, Some(&credential()), at(7201)), Err(Mistrust::Skewed(expired.to_owned())));
}

/// A header, a change to its value, and a part of the text that refuses the changed request.
type Forgery = (&'static str, fn(&str) -> String, &'static str);

#[test]
fn malformed_and_misdirected_signatures_are_refused() {
    let cases: [Forgery; 9] = [
        ("authorization", |_| "Bearer token".to_owned(), "Unsupported AWS 'algorithm': 'Bearer'"),
        ("authorization", |value| value.replace("SHA256 ", "SHA1 "), "Unsupported AWS 'algorithm'"),
        ("authorization", |value| value.replace("Signature=", "S="), "requires 'Signature' parameter"),
        ("authorization", |value| value.replace("Signature=", ""), "not a valid key=value pair"),
        (
            "authorization",
            |value| value.replace("aws4_request", "aws5"),
            "valid terminator: 'aws4_request', not 'aws5'",
        ),
        ("authorization", |value| value.replace("/ecs/", "/"), "exactly 5 slash-delimited elements"),
        ("authorization", |value| value.replace(REGION, "eu-west-1"), "valid region, not 'eu-west-1'"),
        ("authorization", |value| value.replace("host;", ""), "'Host' must be a 'SignedHeader'"),
        ("x-amz-date", |_| "20150831T003600Z".to_owned(), "'20150830' != '20150831', from '20150831T003600Z'"),
    ];
    for (header, change, expected) in cases {
        let mut request = signed_post(&[], "{}");
        let value = request.headers()[header].to_str().expect("signing writes text").to_owned();
        let changed = change(&value);
        assert_ne!(changed, value, "the change must change something");
        request.headers_mut().insert(header, changed.parse().expect("the change is a header"));
        let error = check(&request, Some(&credential()), SIGNED_AT).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_says_what_is_asked_must_be_signed_and_true() {
    let mut added = signed_post(&[], "{}");
    added.headers_mut().insert("x-amz-target", "Ecs.DeleteCluster".parse().expect("a header"));
    let unsigned = Mistrust::Incomplete("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.".to_owned());
    assert_eq!(check(&added, Some(&credential()), SIGNED_AT), Err(unsigned));

    for payload in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0000"] {
        let request = signed_post(&[("x-amz-content-sha256", payload)], "{}");
        assert_eq!(check(&request, Some(&credential()), SIGNED_AT), Err(Mistrust::Mismatch), "{payload}");
    }
    let of_body = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(check(&signed_post(&[("x-amz-content-sha256", of_body)], "{}"), Some(&credential()), SIGNED_AT), Ok(()));

    let unsigned = request(Method::POST, "/", &[], "{}");
    assert_eq!(check(&unsigned, Some(&credential()), SIGNED_AT), Err(Mistrust::Missing));
    let mut hostless = signed_post(&[], "{}");
    hostless.headers_mut().remove("host");
    assert!(matches!(check(&hostless, Some(&credential()), SIGNED_AT), Err(Mistrust::Incomplete(_))));
}

/// Requests of which every letter and digit counts: no segment of the path is dots alone, which would take the one before it away.
fn plain_requests() -> impl Strategy<Value = Request<Bytes>> {
    requests("(/[a-zA-Z0-9_~-][a-zA-Z0-9._~-]{0,5}){0,3}/?", "([a-zA-Z0-9_.~-]|%20|%2F|%C3%A9){0,6}")
}

/// Requests with everything in them that has to be normalised.
fn awkward_requests() -> impl Strategy<Value = Request<Bytes>> {
    requests(
        "(/(\\.{1,2}|([a-z.!$'()*,;:@=+-]|%20|%2f|%C3%A9){0,4})){0,4}/?",
        "([a-zA-Z0-9_.~!$'()*,;:@/?=+-]|%7E|%2f|%C3%A9){0,6}",
    )
}

fn requests(path: &'static str, value: &'static str) -> impl Strategy<Value = Request<Bytes>> {
    let query = prop::collection::vec(("[a-zA-Z]{1,4}", value), 0..4);
    let headers = prop::collection::vec(("x-[a-z]{1,6}", "[!-~]([ -~]{0,8}[!-~])?"), 0..4);
    (path, query, headers, ".{0,24}").prop_map(|(path, query, headers, body)| {
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        request(Method::POST, &uri, &headers, &body)
    })
}

/// `text` with its `at`th letter or digit (counted round and round) replaced by another; the replacement is no hexadecimal
/// digit, so that the meaning of `%C3` changes too. None if there is nothing to replace.
fn altered(text: &str, at: usize) -> Option<String> {
    let mut places = text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric());
    let (place, byte) = places.clone().nth(at.checked_rem(places.by_ref().count())?)?;
    let other = if byte == b'q' { 'Q' } else { 'q' };
    Some(format!("{}{other}{}", &text[..place], &text[place + 1..]))
}

/// Alters the path, the query, a signed header or the body of `request`, or, where that has nothing to alter, its signature.
fn tamper(request: &mut Request<Bytes>, part: usize, at: usize) {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().map(str::to_owned));
    let address = |path: &str, query: Option<&str>| -> Uri {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{path}{query}").parse().expect("letters make an address")
    };
    let altered_header = |request: &Request<Bytes>, name: &http::HeaderName| {
        let value = altered(request.headers()[name].to_str().expect("generated headers are text"), at)?;
        Some(value.parse().expect("letters make a header"))
    };
    let authorization = http::header::AUTHORIZATION;
    let signed: Vec<_> = request.headers().keys().filter(|name| **name != authorization).cloned().collect();
    let signed = &signed[at % signed.len()];
    let changed = match part {
        0 => altered(&path, at).map(|path| *request.uri_mut() = address(&path, query.as_deref())),
        1 => query.and_then(|query| altered(&query, at)).map(|query| *request.uri_mut() = address(&path, Some(&query))),
        2 => altered_header(request, signed).map(|value| drop(request.headers_mut().insert(signed, value))),
        3 => {
            let body = std::str::from_utf8(request.body()).expect("generated bodies are text");
            altered(body, at).map(|body| *request.body_mut() = Bytes::from(body))
        }
        _ => None,
    };
    if changed.is_none() {
        let value = altered_header(request, &authorization).expect("a signature has letters");
        request.headers_mut().insert(authorization, value);
    }
}

proptest! {
    /// Whatever AWS's library signs is accepted with the same key, with and without a session token.
    #[test]
    fn what_is_signed_is_accepted(mut request in prop_oneof![plain_requests(), awkward_requests()], token in prop::option::of("[A-Za-z0-9+/=]{1,20}")) {
        sign(&mut request, &signer(token.as_deref()), "ecs", SIGNED_AT).expect("generated requests can be signed");
        let key = token.as_deref().map_or_else(credential, session);
        prop_assert_eq!(check(&request, Some(&key), SIGNED_AT), Ok(()));
    }

    /// A change to any letter or digit of path, query, a signed header, the body or the signature is noticed.
    #[test]
    fn what_is_changed_is_refused(mut request in plain_requests(), part in 0_usize..5, at: prop::sample::Index) {
        sign(&mut request, &signer(None), "ecs", SIGNED_AT).expect("generated requests can be signed");
        tamper(&mut request, part, at.index(1 << 16));
        prop_assert!(check(&request, Some(&credential()), SIGNED_AT).is_err());
    }

    /// No `Authorization` header and no query makes the reader or the verifier panic.
    #[test]
    fn any_claim_is_read_or_refused(scope in "[A-Z/a-z0-9]{0,40}", signed in "[a-zA-Z;-]{0,24}", rest in "[ -~]{0,40}", query in "[a-zA-Z0-9=&%+|-]{0,40}") {
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}/20150830/{REGION}/ecs/aws4_request, SignedHeaders=host;{signed}, Signature={rest}");
        let headers = [("x-amz-date", "20150830T123600Z"), ("authorization", authorization.as_str())];
        let request = request(Method::POST, &format!("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&{query}"), &headers, "");
        prop_assert!(check(&request, Some(&credential()), SIGNED_AT).is_err());
    }
}
