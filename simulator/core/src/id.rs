//! Identifiers, from one seeded stream per kind, so that adding a task does not renumber a deployment.

use std::collections::BTreeMap;
use std::fmt;

/// What an identifier is for. Each kind has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKind {
    /// ECS tasks and their containers.
    Task,
    /// ECS deployments.
    Deployment,
    /// Containers within tasks.
    Container,
    /// IAM principals and access keys.
    Principal,
    /// Secret access keys and other secret material.
    Secret,
    /// EC2 resources.
    Network,
    /// Load balancers, target groups, listeners.
    LoadBalancer,
    /// ECR uploads and tokens.
    Registry,
    /// Request ids.
    Request,
    /// ECS service deployments.
    ServiceDeployment,
    /// How long writes to IAM stay hidden.
    Propagation,
}

/// The seeded streams of identifiers.
#[derive(Clone, Debug)]
pub struct IdStream {
    seed: u64,
    drawn: BTreeMap<IdKind, u64>,
}

impl IdStream {
    /// Streams that repeat exactly for the same `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: BTreeMap::new() }
    }

    /// The next 64 bits of the stream of `kind`.
    pub fn bits(&mut self, kind: IdKind) -> u64 {
        let drawn = self.drawn.entry(kind).or_insert(0);
        *drawn += 1;
        let kind_number = kind as u64 + 1;
        mix(self.seed ^ mix(kind_number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(*drawn))
    }

    /// How many have been drawn of all kinds.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn.values().sum()
    }

    /// The next `length` characters drawn from `alphabet`.
    pub fn text(&mut self, kind: IdKind, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| {
                let at = self.bits(kind) % alphabet.len() as u64;
                char::from(alphabet[usize::try_from(at).expect("an index below a slice's length fits usize")])
            })
            .collect()
    }

    /// The number that the next 32 hexadecimal digits stand for.
    pub fn number(&mut self, kind: IdKind) -> u128 {
        (0..32).fold(0, |number, _| number << 4 | u128::from(self.bits(kind) % 16))
    }

    /// The next `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, kind: IdKind, length: usize) -> String {
        self.text(kind, b"0123456789abcdef", length)
    }
}

/// A random UUID of version 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// The one whose digits stand for `number`.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number.to_be_bytes())
    }

    /// The next of the stream of `kind`.
    pub(crate) fn draw(ids: &mut IdStream, kind: IdKind) -> Self {
        let digits = ids.number(kind);
        let variant = 8 + u128::from(ids.bits(kind) % 4);
        let digits = digits & !(0xF << 76 | 0xF << 60) | 4 << 76 | variant << 60;
        Self(digits.to_be_bytes())
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", u128::from_be_bytes(self.0));
        let (first, second, third, fourth, last) =
            (&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
        write!(f, "{first}-{second}-{third}-{fourth}-{last}")
    }
}

/// The finaliser of SplitMix64: a bijection whose output bits all depend on all input bits.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
