//! EC2: the network of the account.

use crate::arn::{AccountId, Region};
use crate::id::IdStream;

/// The account's network.
#[derive(Debug)]
pub struct State {}

impl State {
    /// The network of a first-time account: a default VPC with a subnet in each availability zone.
    #[must_use]
    pub fn first_time(ids: &mut IdStream, account: &AccountId, region: &Region) -> Self {
        let _ = (ids, account, region);
        Self {}
    }

    /// The tags of the resource that an ARN's resource part names.
    pub(crate) fn tags(&self, resource: &str) -> Option<&std::collections::BTreeMap<String, String>> {
        let _ = resource;
        None
    }
}
