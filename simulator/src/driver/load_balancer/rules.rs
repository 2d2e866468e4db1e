//! Which target group gets a request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Request;
use http::header::HOST;
use hyper::body::Incoming;
use simulator_core::Arn;
use simulator_core::elb::forward;
use simulator_core::elb::{Forwarding, Share};

/// The rules of every listener.
#[derive(Debug, Default)]
pub(super) struct Rules {
    listeners: Mutex<BTreeMap<Arn, Vec<Rule>>>,
}

#[derive(Debug)]
struct Rule {
    forwarding: Forwarding,
    spread: Spread,
}

impl Rules {
    /// Spreads the requests of `listener` by `rules`, from the moment this returns. A rule that stays as it was goes on where it is.
    pub(super) fn set(&self, listener: &Arn, rules: Vec<Forwarding>) {
        let mut listeners = self.listeners();
        let before = listeners.remove(listener).unwrap_or_default();
        let mut before: Vec<Option<Rule>> = before.into_iter().map(Some).collect();
        let rule = |forwarding: Forwarding| {
            let same = |rule: &&mut Option<Rule>| rule.as_ref().is_some_and(|rule| rule.forwarding == forwarding);
            match before.iter_mut().find(same).and_then(Option::take) {
                Some(rule) => rule,
                None => Rule { spread: Spread::default(), forwarding },
            }
        };
        let rules = rules.into_iter().map(rule).collect();
        listeners.insert(listener.clone(), rules);
    }

    /// Forgets the rules of `listener`.
    pub(super) fn forget(&self, listener: &Arn) {
        self.listeners().remove(listener);
    }

    /// The target group that gets `request`. None if no rule takes it, or the one that does gives nobody anything.
    pub(super) fn group_of(&self, listener: &Arn, request: &Request<Incoming>) -> Option<Arn> {
        let headers: Vec<(&str, &str)> =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or_else(|| request.uri().host());
        let host = host.map_or("", |host| host.rsplit_once(':').map_or(host, |(host, _)| host));
        let seen = forward::Request { path: request.uri().path(), host, headers: &headers };
        let mut listeners = self.listeners();
        let rule = listeners.get_mut(listener)?.iter_mut().find(|rule| rule.forwarding.takes(&seen))?;
        rule.spread.next(&rule.forwarding.shares).map(|share| share.target_group.clone())
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<Arn, Vec<Rule>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spreads requests by weight without chance: of every so many requests as the weights add up to, each share gets exactly its
/// weight, and as evenly as that can be (smooth weighted round robin).
#[derive(Clone, Debug, Default)]
struct Spread {
    /// What each share is owed, by place.
    owed: Vec<i64>,
}

impl Spread {
    /// Whoever gets the next request.
    fn next<'a>(&mut self, shares: &'a [Share]) -> Option<&'a Share> {
        self.owed.resize(shares.len(), 0);
        let total: i64 = shares.iter().map(|share| i64::from(share.weight)).sum();
        for (owed, share) in self.owed.iter_mut().zip(shares) {
            *owed += i64::from(share.weight);
        }
        // Of equals, `min_by_key` takes the first.
        let entitled = self.owed.iter().enumerate().filter(|(place, _)| shares[*place].weight > 0);
        let (place, _) = entitled.min_by_key(|(_, owed)| std::cmp::Reverse(**owed))?;
        self.owed[place] -= total;
        shares.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_get_their_weight_as_evenly_as_can_be() {
        for (weights, order) in [
            (vec![1], "aaaa"),
            (vec![1, 1], "abababab"),
            (vec![3, 1], "aabaaaba"),
            (vec![0, 2], "bbbb"),
            (vec![5, 1, 1], "aabacaaaabacaa"),
            (vec![0, 0], ""),
        ] {
            let name = |place: usize| format!("arn:aws:elasticloadbalancing:r:1:targetgroup/{place}/1");
            let shares: Vec<Share> = weights
                .iter()
                .enumerate()
                .map(|(place, weight)| Share { target_group: name(place).parse().expect("an ARN"), weight: *weight })
                .collect();
            let mut spread = Spread::default();
            let letter = |share: &Share| {
                let place = shares.iter().position(|other| other == share).expect("it is one of them");
                char::from(b'a' + u8::try_from(place).expect("few shares"))
            };
            let taken: String = (0..order.len().max(1)).filter_map(|_| spread.next(&shares).map(letter)).collect();
            assert_eq!(taken, order, "by {weights:?}");
        }
    }
}
