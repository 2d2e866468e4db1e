//! Paths and methods of the OCI distribution specification 1.1. Repository names have slashes, so paths are read from the end.

use std::fmt;
use std::str::FromStr;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::digest::Digest;
use super::refusal::OciError;

/// A repository's name: 2 to 256 characters, each part between slashes lower-case letters and digits, joined by single `.`,
/// one or two `_`, or any number of `-` (ECR's API reference, `RepositoryName`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RepositoryName(String);

/// What names a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Tag(String),
    Digest(Digest),
}

/// One thing that a client can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `GET /v2/`: is this a registry, and do my credentials hold?
    Base,
    HeadBlob(Digest),
    GetBlob(Digest),
    StartUpload,
    UploadStatus(String),
    UploadPart(String),
    FinishUpload(String),
    CancelUpload(String),
    GetManifest(Reference),
    PutManifest(Reference),
    DeleteManifest(Reference),
    ListTags,
    ListReferrers(Digest),
}

impl RepositoryName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RepositoryName {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (2..=256).contains(&text.len()) && text.split('/').all(is_name_part) {
            Ok(Self(text.to_owned()))
        } else {
            let message = format!("invalid repository name: `{text}`");
            Err(OciError::new(StatusCode::BAD_REQUEST, "NAME_INVALID", message))
        }
    }
}

fn is_name_part(part: &str) -> bool {
    let is_word = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let between_words = part
        .as_bytes()
        .split(is_word)
        .all(|separator| matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-'));
    let ends = [part.as_bytes().first(), part.as_bytes().last()];
    between_words && ends.iter().all(|end| end.is_some_and(is_word))
}

impl FromStr for Reference {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(OciError::digest_invalid);
        }
        let is_tag = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let first_is_word = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if first_is_word && text.len() <= 300 && text.bytes().all(is_tag) {
            Ok(Self::Tag(text.to_owned()))
        } else {
            Err(OciError::new(StatusCode::BAD_REQUEST, "TAG_INVALID", format!("invalid tag: `{text}`")))
        }
    }
}

/// What `method` on `path` asks for, and of which repository. [`Endpoint::Base`] has none.
pub(super) fn route(method: &Method, path: &str) -> Result<(Option<RepositoryName>, Endpoint), OciError> {
    let Some(path) = path.strip_prefix("/v2") else { return Err(not_found(path)) };
    if matches!(path, "" | "/") {
        return match *method {
            Method::GET | Method::HEAD => Ok((None, Endpoint::Base)),
            _ => Err(OciError::unsupported("GET, HEAD")),
        };
    }
    let path = path.strip_prefix('/').ok_or_else(|| not_found(path))?;
    let (name, endpoint) = below_repository(method, path)?;
    Ok((Some(name.parse()?), endpoint))
}

/// The name of the repository that `method` on `path` is about, if both are understood.
#[cfg(any(fuzzing, test))]
pub(crate) fn repository_of(method: &Method, path: &str) -> Option<String> {
    route(method, path).ok()?.0.map(|name| name.0)
}

fn below_repository<'a>(method: &Method, path: &'a str) -> Result<(&'a str, Endpoint), OciError> {
    if let Some(name) = path.strip_suffix("/tags/list") {
        return match *method {
            Method::GET => Ok((name, Endpoint::ListTags)),
            _ => Err(OciError::unsupported("GET")),
        };
    }
    if let Some(name) = path.strip_suffix("/blobs/uploads/").or_else(|| path.strip_suffix("/blobs/uploads")) {
        return match *method {
            Method::POST => Ok((name, Endpoint::StartUpload)),
            _ => Err(OciError::unsupported("POST")),
        };
    }
    let (before, last) = path.rsplit_once('/').ok_or_else(|| not_found(path))?;
    // Clients may write the colon of a digest as %3A.
    let last = percent_decode_str(last).decode_utf8().map_err(|_| not_found(path))?;
    let digest = || last.parse::<Digest>().map_err(OciError::digest_invalid);
    if let Some(name) = before.strip_suffix("/blobs/uploads") {
        let id = last.into_owned();
        return match *method {
            Method::GET => Ok((name, Endpoint::UploadStatus(id))),
            Method::PATCH => Ok((name, Endpoint::UploadPart(id))),
            Method::PUT => Ok((name, Endpoint::FinishUpload(id))),
            Method::DELETE => Ok((name, Endpoint::CancelUpload(id))),
            _ => Err(OciError::unsupported("GET, PATCH, PUT, DELETE")),
        };
    }
    if let Some(name) = before.strip_suffix("/blobs") {
        return match *method {
            Method::HEAD => Ok((name, Endpoint::HeadBlob(digest()?))),
            Method::GET => Ok((name, Endpoint::GetBlob(digest()?))),
            // ECR has no call that deletes a layer: layers go with their last image.
            _ => Err(OciError::unsupported("HEAD, GET")),
        };
    }
    if let Some(name) = before.strip_suffix("/manifests") {
        let reference = last.parse()?;
        return match *method {
            Method::GET | Method::HEAD => Ok((name, Endpoint::GetManifest(reference))),
            Method::PUT => Ok((name, Endpoint::PutManifest(reference))),
            Method::DELETE => Ok((name, Endpoint::DeleteManifest(reference))),
            _ => Err(OciError::unsupported("HEAD, GET, PUT, DELETE")),
        };
    }
    if let Some(name) = before.strip_suffix("/referrers") {
        return match *method {
            Method::GET => Ok((name, Endpoint::ListReferrers(digest()?))),
            _ => Err(OciError::unsupported("GET")),
        };
    }
    Err(not_found(path))
}

fn not_found(path: &str) -> OciError {
    OciError::new(StatusCode::NOT_FOUND, "UNSUPPORTED", format!("the registry has nothing at `{path}`"))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::{Digest, Endpoint, Reference, RepositoryName, route};

    #[test]
    fn names_are_what_ecr_takes() {
        for good in ["ab", "news-api", "team/news.api", "a1/b__c/d---e", "0/1", &"a".repeat(256)] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
        }
        for bad in
            ["", "a", "News", "a_", "-a", "a..b", "a___b", "a._b", "/a", "a/", "a//b", "a/../b", "é", &"a".repeat(257)]
        {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_read_from_its_end() {
        let digest = Digest::of(b"");
        let tag = |tag: &str| Endpoint::GetManifest(Reference::Tag(tag.to_owned()));
        for (path, name, endpoint) in [
            ("/v2/a/b/manifests/v1".to_owned(), "a/b", tag("v1")),
            ("/v2/manifests/manifests/manifests".to_owned(), "manifests", tag("manifests")),
            ("/v2/blobs/uploads/tags/list".to_owned(), "blobs/uploads", Endpoint::ListTags),
            ("/v2/a1/tags/list/tags/list".to_owned(), "a1/tags/list", Endpoint::ListTags),
            (format!("/v2/a1/blobs/uploads/blobs/{digest}"), "a1/blobs/uploads", Endpoint::GetBlob(digest)),
            ("/v2/a1/blobs/uploads/list".to_owned(), "a1", Endpoint::UploadStatus("list".to_owned())),
        ] {
            let (found, asked) = route(&Method::GET, &path).expect("the path means something");
            assert_eq!((found.expect("a repository").as_str(), asked), (name, endpoint), "{path}");
        }
    }

    proptest! {
        /// Whatever the path, there is an answer, and a name that got through cannot lead out of a directory.
        #[test]
        fn no_path_breaks_the_router(path in "(/v2)?(/|/?[a-z0-9._%:A-F/-]{0,12}){0,5}(/(blobs|uploads|manifests|tags|list|referrers)){0,4}/?") {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if let Ok((Some(name), _)) = route(&method, &path) {
                    prop_assert!(name.as_str().split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
                }
            }
        }
    }
}
