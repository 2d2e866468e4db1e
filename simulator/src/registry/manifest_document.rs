//! What a manifest says of itself: its kind, what it needs, and what it is about.

use serde_json::Value;

use super::digest::Digest;
use super::refusal::OciError;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest as far as a registry reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ManifestDocument {
    pub(super) media_type: String,
    /// Digests of the layers and the configuration it needs; of an index, of the manifests.
    pub(super) needs: Vec<Digest>,
    /// The manifest that this one is about, such as the image that it signs.
    pub(super) subject: Option<Digest>,
    /// `artifactType`; of a manifest without one, the media type of its configuration.
    pub(super) artifact_type: Option<String>,
    pub(super) annotations: Option<Value>,
}

impl ManifestDocument {
    /// Reads `text`, which the client says is of `content_type`.
    pub(super) fn parse(text: &str, content_type: Option<&str>) -> Result<Self, OciError> {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| OciError::manifest_invalid(format!("the manifest is not JSON: {error}")))?;
        let own_type = document.get("mediaType").and_then(Value::as_str);
        let media_type = match (own_type, content_type) {
            (Some(own), Some(sent)) if own != sent => {
                let message = format!("the manifest says that it is `{own}`, and `Content-Type` says `{sent}`");
                return Err(OciError::manifest_invalid(message));
            }
            (Some(media_type), _) | (None, Some(media_type)) => media_type,
            (None, None) => return Err(OciError::manifest_invalid("the manifest has no media type")),
        };
        let config = document.get("config");
        let needs = match media_type {
            OCI_MANIFEST | DOCKER_MANIFEST => {
                let config = config.ok_or_else(|| OciError::manifest_invalid("the manifest has no `config`"))?;
                let layers = list(&document, "layers")?.iter().filter(|layer| !is_foreign(layer));
                std::iter::once(config).chain(layers).map(digest).collect::<Result<_, _>>()?
            }
            OCI_INDEX | DOCKER_LIST => list(&document, "manifests")?.iter().map(digest).collect::<Result<_, _>>()?,
            other => return Err(OciError::manifest_invalid(format!("manifests of type `{other}` are not supported"))),
        };
        let text_of = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            media_type: media_type.to_owned(),
            needs,
            subject: document.get("subject").map(digest).transpose()?,
            artifact_type: text_of(document.get("artifactType"))
                .or_else(|| text_of(config.and_then(|config| config.get("mediaType")))),
            annotations: document.get("annotations").cloned(),
        })
    }
}

/// The media type of the manifest `text` and the digests of what it needs, for one that does not come through the registry.
///
/// # Errors
/// Says what is wrong with the manifest.
pub(crate) fn manifest_needs(text: &str, media_type: Option<&str>) -> Result<(String, Vec<Digest>), String> {
    let document = ManifestDocument::parse(text, media_type).map_err(OciError::into_message)?;
    Ok((document.media_type, document.needs))
}

fn list<'a>(document: &'a Value, key: &str) -> Result<&'a [Value], OciError> {
    let list = document.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| OciError::manifest_invalid(format!("the manifest has no list `{key}`")))
}

fn digest(descriptor: &Value) -> Result<Digest, OciError> {
    let text = descriptor.get("digest").and_then(Value::as_str);
    let text = text.ok_or_else(|| OciError::manifest_invalid("a descriptor of the manifest has no `digest`"))?;
    text.parse().map_err(OciError::manifest_invalid)
}

/// Layers that are fetched from elsewhere, as those of Windows base images were.
fn is_foreign(layer: &Value) -> bool {
    layer
        .get("mediaType")
        .and_then(Value::as_str)
        .is_some_and(|media_type| media_type.contains(".foreign.") || media_type.contains(".nondistributable."))
}
