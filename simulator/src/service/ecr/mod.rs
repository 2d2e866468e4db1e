//! ECR on the wire: AWS JSON 1.1.

mod image;
mod layer;
mod lifecycle;
mod repository;
mod repository_policy;
mod scan;
mod settings;
mod tag;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use layer::{FACTS, foresee_completion};
use simulator_core::{Home, Page, Refusal};

use super::json::object;
use super::{Protocol, Service};
use crate::wire::{Document, Input, document};

const INVALID: &str = "InvalidParameterException";

/// ECR and its operations.
#[must_use]
pub fn service() -> Service {
    let tables = [
        token::rows(),
        repository::rows(),
        settings::rows(),
        repository_policy::rows(),
        tag::rows(),
        lifecycle::rows(),
        image::rows(),
        layer::rows(),
        scan::rows(),
    ];
    Service {
        signing_name: "ecr",
        protocol: Protocol::Json { target: "AmazonEC2ContainerRegistry_V20150921" },
        operations: tables.into_iter().flatten().collect(),
    }
}

/// The account's own registry is the only one; the parameter may name it.
fn own_registry(input: &mut Input, home: &Home) -> Result<(), Refusal> {
    match input.text("registryId")? {
        Some(other) if other != home.account().to_string() => {
            Err(Refusal::NotSimulated { what: format!("the ECR registry of account {other}") })
        }
        Some(_) | None => Ok(()),
    }
}

/// Takes the name of the repository that a call is about, in the account's own registry.
fn repository_name(input: &mut Input, home: &Home) -> Result<String, Refusal> {
    own_registry(input, home)?;
    input.required("repositoryName", INVALID)
}

fn paged<T>(name: &'static str, page: &Page<T>, encode: impl Fn(&T) -> Document) -> Document {
    object([(name, page.items.iter().map(encode).collect()), ("nextToken", document!(&page.next))])
}
