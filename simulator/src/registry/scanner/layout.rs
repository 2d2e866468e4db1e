//! An image as files: the OCI image layout, which scanners read.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;
use simulator_core::ecr::ScanWanted;
use tempfile::TempDir;

use super::ScanError;
use crate::registry::digest::Digest;
use crate::registry::manifest_document::manifest_needs;
use crate::registry::store::BlobStore;

/// Lays the image `wanted` out, whose layers are in `store`, in a directory of its own. The layers are not copied where the file system can
/// give a file a second name.
pub(super) fn lay_out(store: &BlobStore, wanted: &ScanWanted) -> Result<TempDir, ScanError> {
    let directory = store.directory().map_err(ScanError::Layout)?;
    let blobs = directory.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(ScanError::Layout)?;
    let (_, needs) = manifest_needs(&wanted.manifest, Some(&wanted.media_type)).map_err(ScanError::Report)?;
    for digest in needs {
        // Damaged ones are found out here.
        store.find(&digest)?.ok_or(ScanError::Gone)?;
        link(&store.path(&digest), &blobs.join(digest.hex())).map_err(ScanError::Layout)?;
    }
    let digest = Digest::of(wanted.manifest.as_bytes());
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": wanted.media_type, "digest": wanted.digest, "size": wanted.manifest.len()}],
    });
    let write = |name: &Path, text: &str| fs::write(name, text).map_err(ScanError::Layout);
    write(&blobs.join(digest.hex()), &wanted.manifest)?;
    write(&directory.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    write(&directory.path().join("index.json"), &index.to_string())?;
    Ok(directory)
}

/// Gives the file `from` the name `to`, too. A layer may be listed twice.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => fs::copy(from, to).map(drop),
        Ok(()) => Ok(()),
    }
}
