//! Pages of ELB's listings: `Marker` and `PageSize`.

use super::load_balancer::fault;
use crate::constraint::check_range;
use crate::page::{Page, page};
use crate::refusal::Refusal;

/// Which part of a listing is asked for.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// `Marker`: where the page before ended.
    pub marker: Option<String>,
    /// `PageSize`: 1 to 400, which is the default.
    pub size: Option<i64>,
}

impl Window {
    /// The part of `items`, which are in the order of their keys.
    pub(super) fn of<T>(self, items: Vec<T>, key: impl Fn(&T) -> String) -> Result<Page<T>, Refusal> {
        let size = self.size.unwrap_or(400);
        check_range("ValidationError", "pageSize", size, 1, 400)?;
        let size = usize::try_from(size).expect("checked to lie in 1 to 400");
        let keyed = items.into_iter().map(|item| (key(&item), item));
        page(keyed, self.marker.as_deref(), size).ok_or_else(|| fault("ValidationError", "Invalid marker"))
    }
}
