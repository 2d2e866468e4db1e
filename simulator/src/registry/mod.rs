//! The OCI distribution API behind ECR: what `docker push` and `docker pull` speak.
//!
//! Every step of a push or pull is an ECR API call by the holder of the authorization token, and IAM decides it. Which
//! repository has which layer and image is the World's knowledge; the bytes of layers are in a [`BlobStore`]. ECR's own API for layers
//! ([`LayerApi`]) writes to the same store.
//!
//! Deliberately absent: TLS (engines trust 127.0.0.0/8 without), bearer tokens (ECR has none), deleting single layers (ECR has
//! no call for it), the catalogue of all repositories (nor for that).

mod authentication;
mod blob;
mod blocking;
mod digest;
mod download;
mod incoming;
mod known;
mod layer_api;
mod manifest;
mod manifest_document;
mod range;
mod referrer;
mod refusal;
mod route;
mod scanner;
mod server;
mod store;
mod tag;
mod upload;
mod visit;

pub(crate) use blocking::away;
pub use digest::Digest;
pub use known::KnownLayer;
pub use layer_api::LayerApi;
pub(crate) use manifest_document::manifest_needs;
#[cfg(any(fuzzing, test))]
pub(crate) use range::range_within;
#[cfg(any(fuzzing, test))]
pub(crate) use route::repository_of;
pub use scanner::Scanner;
pub use server::{Registry, RegistryError, routes};
pub use store::{BlobStore, StoreError};

#[cfg(test)]
mod tests;
