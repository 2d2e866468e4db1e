//! Which statements a migration is killed at, where there are too many for all of them.

use std::collections::BTreeSet;

/// The numbers, from 1, of at most `most` of `count` statements, in order: the first and the last, and of the others as many as `seed`
/// draws.
pub(super) fn sample(count: usize, most: usize, seed: u64) -> Vec<usize> {
    if count <= most {
        return (1..=count).collect();
    }
    let mut drawn: Vec<usize> = (2..count).collect();
    drawn.sort_by_key(|at| (mixed(seed, *at), *at));
    drawn.truncate(most.saturating_sub(2));
    let chosen: BTreeSet<usize> = [1, count].into_iter().take(most).chain(drawn).collect();
    chosen.into_iter().collect()
}

/// A number that looks random and is the same for the same two (the finaliser of `SplitMix64`).
fn mixed(seed: u64, at: usize) -> u64 {
    let mut mixed = seed.wrapping_add((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statements_are_all_tried_and_of_many_the_ends_and_what_the_seed_draws() {
        assert_eq!(sample(3, 12, 1), [1, 2, 3]);
        for seed in 0..20 {
            let drawn = sample(40, 12, seed);
            assert_eq!((drawn.len(), drawn[0], drawn[11]), (12, 1, 40), "{drawn:?}");
            assert!(drawn.is_sorted(), "{drawn:?}");
            assert_eq!(drawn, sample(40, 12, seed));
        }
        assert_ne!(sample(40, 12, 1), sample(40, 12, 2));
        assert_eq!(sample(40, 1, 1), [1]);
    }
}
