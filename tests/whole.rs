//! What is played on every run of the tests, and what only where all of it is asked for.

/// Whether everything is to be played (the feature `whole`, as `just nightly-whole` has it, for some hours), and not only a part of
/// each table in which everything that can happen happens once. Tests that have no such part are not there without it: none says `ok` of
/// what it has not done.
pub(crate) const fn whole() -> bool {
    cfg!(feature = "whole")
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
