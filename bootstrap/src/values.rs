//! Values of secrets and parameters that somebody hands over for one run. They go to AWS and nowhere else: nothing here can be
//! shown, compared or written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Values by the names of the secrets and parameters that they are for. `Debug` shows the names alone.
#[derive(Clone, Default)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Takes a value.
    pub fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// Whose values there are.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// The value itself: for the one request that hands it to AWS.
    pub(crate) fn expose(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_values() {
        let mut values = Values::default();
        values.insert("news/url".to_owned(), "canary-4711".to_owned());
        let shown = format!("{values:?}");
        assert_eq!(shown, "{\"news/url\"}");
    }
}
