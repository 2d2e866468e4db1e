//! What refers to a manifest: signatures, attestations, bills of materials (OCI distribution specification 1.1).

use axum::body::Body;
use axum::extract::Query;
use axum::response::{AppendHeaders, IntoResponse as _};
use http::header::CONTENT_TYPE;
use http::{HeaderName, Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use simulator_core::ecr::{Image, ListImageReferrers};

use super::digest::Digest;
use super::manifest_document::ManifestDocument;
use super::refusal::OciError;
use super::visit::Visit;

const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(rename = "artifactType")]
    artifact_type: Option<String>,
}

impl Visit {
    /// An index of the manifests whose subject is `digest`; an empty one if there are none, whether or not the subject is
    /// here: `ecr:ListImageReferrers`.
    pub(super) fn list_referrers(&self, digest: &Digest, uri: &Uri) -> Result<Response<Body>, OciError> {
        let Query(Filter { artifact_type: wanted }) = Query::try_from_uri(uri).map_err(|error| {
            OciError::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", format!("the query cannot be read: {error}"))
        })?;
        let about = ListImageReferrers { repository: self.name(), subject: digest.to_string() };
        let images = self.call(about)?;
        let referrers: Vec<_> = images.iter().filter_map(|image| descriptor(image, wanted.as_deref())).collect();
        let media_type = "application/vnd.oci.image.index.v1+json";
        let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": referrers });
        let filters = wanted.map(|_| (FILTERS, "artifactType"));
        Ok((AppendHeaders(filters), [(CONTENT_TYPE, media_type)], index.to_string()).into_response())
    }
}

/// The descriptor of `image`, if it is of the type `wanted`.
fn descriptor(image: &Image, wanted: Option<&str>) -> Option<Value> {
    let document = ManifestDocument::parse(&image.manifest, Some(&image.media_type)).ok()?;
    let ManifestDocument { media_type, needs: _, subject: _, artifact_type, annotations } = document;
    if wanted.is_some() && artifact_type.as_deref() != wanted {
        return None;
    }
    let mut descriptor = json!({ "mediaType": media_type, "digest": image.digest, "size": image.manifest.len() });
    if let Some(artifact_type) = artifact_type {
        descriptor["artifactType"] = Value::String(artifact_type);
    }
    if let Some(annotations) = annotations {
        descriptor["annotations"] = annotations;
    }
    Some(descriptor)
}
