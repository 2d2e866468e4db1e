//! Pages of a listing: AWS's opaque tokens, made of the key that a page ended with, so that nothing is skipped or repeated when
//! the listing changes between two calls.

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// What the next call must bring to go on; none at the end.
    pub next: Option<String>,
}

/// The first `limit` of `items` whose key comes after the one that `token` names. `items` are in the order of their keys.
///
/// Answers nothing for a token that no page ended with.
pub(crate) fn page<K: AsRef<str>, T>(
    items: impl Iterator<Item = (K, T)>,
    token: Option<&str>,
    limit: usize,
) -> Option<Page<T>> {
    cut(items, token, limit, |key, last| key <= last, |_| true)
}

/// The same for `items` whose keys fall.
pub(crate) fn page_down<K: AsRef<str>, T>(
    items: impl Iterator<Item = (K, T)>,
    token: Option<&str>,
    limit: usize,
) -> Option<Page<T>> {
    cut(items, token, limit, |key, last| key >= last, |_| true)
}

/// [`page`], or with `descending` [`page_down`], that holds no more than `most` of what `size` measures, but one item at least.
pub(crate) fn page_within<K: AsRef<str>, T>(
    items: impl Iterator<Item = (K, T)>,
    descending: bool,
    token: Option<&str>,
    limit: usize,
    most: u64,
    size: impl Fn(&T) -> u64,
) -> Option<Page<T>> {
    let had: fn(&str, &str) -> bool = if descending { |key, last| key >= last } else { |key, last| key <= last };
    let mut total = 0;
    cut(items, token, limit, had, |item| {
        total += size(item);
        total <= most
    })
}

/// A page of what stands behind the keys that were had already: those for which `had`, together with the last one had, holds. It
/// ends before the item that does not fit.
fn cut<K: AsRef<str>, T>(
    items: impl Iterator<Item = (K, T)>,
    token: Option<&str>,
    limit: usize,
    had: fn(&str, &str) -> bool,
    mut fits: impl FnMut(&T) -> bool,
) -> Option<Page<T>> {
    let before = match token {
        None => None,
        Some(token) => Some(key(token)?),
    };
    let rest = items.skip_while(|(key, _)| before.as_ref().is_some_and(|last| had(key.as_ref(), last)));
    let mut taken = Vec::new();
    let mut last = None;
    for (key, item) in rest {
        let fits = fits(&item);
        if taken.len() >= limit || (!fits && !taken.is_empty()) {
            return Some(Page { items: taken, next: last });
        }
        last = Some(token_for(key.as_ref()));
        taken.push(item);
    }
    Some(Page { items: taken, next: None })
}

/// The token of a page that ended with `key`: its bytes in hexadecimal.
fn token_for(key: &str) -> String {
    hex::encode(key)
}

/// The key that a token names.
fn key(token: &str) -> Option<String> {
    String::from_utf8(hex::decode(token).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(token: Option<&str>, limit: usize) -> Option<Page<u8>> {
        page([("a", 1), ("b", 2), ("é", 3)].into_iter(), token, limit)
    }

    #[test]
    fn pages_join_to_the_whole_listing() {
        let first = names(None, 2).expect("no token is a good token");
        assert_eq!(first.items, [1, 2]);
        let second = names(first.next.as_deref(), 2).expect("our own token");
        assert_eq!((second.items, second.next), (vec![3], None));
    }

    #[test]
    fn pages_may_go_down() {
        let down = |token: Option<&str>| page_down([("c", 3), ("b", 2), ("a", 1)].into_iter(), token, 2);
        let first = down(None).expect("no token is a good token");
        let second = down(first.next.as_deref()).expect("our own token");
        assert_eq!((first.items, second.items, second.next), (vec![3, 2], vec![1], None));
    }

    #[test]
    fn pages_may_be_measured() {
        let within = |most| page_within([("a", 3), ("b", 2), ("c", 1)].into_iter(), false, None, 3, most, |&size| size);
        for (most, items) in [(6, vec![3, 2, 1]), (5, vec![3, 2]), (2, vec![3])] {
            assert_eq!(within(most).map(|page| page.items), Some(items), "{most}");
        }
    }

    #[test]
    fn a_page_that_holds_everything_has_no_next() {
        assert_eq!(names(None, 3).and_then(|page| page.next), None);
    }

    #[test]
    fn tokens_of_nobody_are_refused() {
        for token in ["x", "zz", "é", "ff"] {
            assert_eq!(names(Some(token), 1), None, "{token}");
        }
    }
}
