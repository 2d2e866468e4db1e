//! The list of a repository's tags.

use axum::body::Body;
use axum::extract::Query;
use axum::response::{AppendHeaders, IntoResponse as _};
use http::header::{CONTENT_TYPE, LINK};
use http::{Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use simulator_core::ecr::ListImages;

use super::refusal::OciError;
use super::visit::Visit;

#[derive(Debug, Deserialize)]
struct Page {
    n: Option<usize>,
    last: Option<String>,
}

impl Visit {
    /// The tags in alphabetical order: `ecr:ListImages`. `?n=` limits a page, `?last=` says after which tag it begins.
    pub(super) fn list_tags(&self, uri: &Uri) -> Result<Response<Body>, OciError> {
        let Query(Page { n, last }) = Query::try_from_uri(uri).map_err(|error| {
            let message = format!("the query cannot be read: {error}");
            OciError::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", message)
        })?;
        let images = self.call(ListImages { repository: self.name(), ..ListImages::default() })?.items;
        let mut tags: Vec<String> = images.into_iter().filter_map(|image| image.tag).collect();
        tags.sort();
        tags.retain(|tag| last.as_ref().is_none_or(|last| tag > last));
        let more = n.is_some_and(|n| n < tags.len());
        tags.truncate(n.unwrap_or(usize::MAX));
        let link = match (n, tags.last()) {
            (Some(n), Some(last)) if more => {
                vec![(LINK, format!("</v2/{}/tags/list?n={n}&last={last}>; rel=\"next\"", self.repository))]
            }
            _ => Vec::new(),
        };
        let body = json!({ "name": self.repository.as_str(), "tags": tags });
        Ok((AppendHeaders(link), [(CONTENT_TYPE, "application/json")], body.to_string()).into_response())
    }
}
