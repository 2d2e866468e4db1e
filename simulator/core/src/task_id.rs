//! What names a task.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// The 32 hexadecimal digits that name a task, in lower case. Copies are free.
///
/// One that comes from a World also says where that World keeps the task, so that it is found without a search. That is no part of
/// the name: two that have the same digits are equal.
#[derive(Clone, Copy)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "String", try_from = "String"))]
pub struct TaskId {
    digits: [u8; 16],
    place: u32,
}

/// Of a name whose task's place is not known.
const ANYWHERE: u32 = u32::MAX;

impl TaskId {
    /// The name whose digits stand for `number`.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self { digits: number.to_be_bytes(), place: ANYWHERE }
    }

    /// The same name, of the task that is kept at `place`.
    pub(crate) fn kept_at(self, place: usize) -> Self {
        Self { place: u32::try_from(place).unwrap_or(ANYWHERE), ..self }
    }

    /// Where the task is kept, as far as is known. Whoever looks there must see whether it is the one.
    pub(crate) fn place(self) -> Option<usize> {
        usize::try_from(self.place).ok().filter(|_| self.place != ANYWHERE)
    }
}

impl FromStr for TaskId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32 && text.bytes().all(digit));
        number.map(Self::new).ok_or_else(|| format!("`{text}` is not a task's id"))
    }
}

impl TryFrom<String> for TaskId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.digits))
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskId").field(&self.to_string()).finish()
    }
}

impl PartialEq for TaskId {
    fn eq(&self, other: &Self) -> bool {
        self.digits == other.digits
    }
}

impl Eq for TaskId {}

impl PartialOrd for TaskId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TaskId {
    /// As the digits are ordered.
    fn cmp(&self, other: &Self) -> Ordering {
        self.digits.cmp(&other.digits)
    }
}

impl Hash for TaskId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digits.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_digits_in_lower_case_are_a_name_and_nothing_else_is() {
        for (text, is_one) in [
            ("0123456789abcdef0123456789abcdef", true),
            ("00000000000000000000000000000000", true),
            ("0123456789ABCDEF0123456789abcdef", false),
            ("+123456789abcdef0123456789abcdef", false),
            ("0123456789abcdef0123456789abcde", false),
            ("0123456789abcdef0123456789abcdef0", false),
            ("", false),
        ] {
            let parsed: Option<TaskId> = text.parse().ok();
            assert_eq!(parsed.map(|id| id.to_string()), is_one.then(|| text.to_owned()), "{text}");
        }
    }

    #[test]
    fn where_a_task_is_kept_is_no_part_of_its_name() {
        let (id, other) = (TaskId::new(1), TaskId::new(2));
        assert_eq!(id.kept_at(7), id);
        assert_eq!(id.kept_at(7).place(), Some(7));
        assert_eq!(id.place(), None);
        assert!(id.kept_at(7) < other.kept_at(3), "the digits are what is ordered");
    }
}
