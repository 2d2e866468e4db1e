//! What is played on every run of the tests, and what only where all of it is asked for.

/// Whether everything is to be played (`GREENROOM_WHOLE=1`, as `just nightly-whole` does, for some hours), and not only a part of
/// each table in which everything that can happen happens once.
pub(crate) fn whole() -> bool {
    std::env::var_os("GREENROOM_WHOLE").is_some()
}

/// Of `all` what is played: all of it, or the one that is the turn of `number`.
pub(crate) fn in_turn<T>(all: &[T], number: usize) -> &[T] {
    if whole() {
        all
    } else {
        let place = number % all.len();
        &all[place..=place]
    }
}
