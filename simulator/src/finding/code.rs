//! The stable codes of findings.

use std::fmt;
use std::str::FromStr;

/// What `greenroom explain` says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What goes wrong, in a few words.
    pub title: &'static str,
    /// How one sees it, and why it happens.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// Makes the codes and their catalogue from one table, so that neither can miss an entry of the other.
macro_rules! codes {
    ($($name:ident $text:literal { title: $title:literal, cause: $cause:literal, fix: $fix:literal })*) => {
        /// The stable code of a finding. Causes come before what follows from them (`T`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the catalogue's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed, such as `H-05`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the catalogue says of it.
            #[must_use]
            pub const fn entry(self) -> $crate::finding::Entry {
                match self { $(Self::$name => $crate::finding::Entry { title: $title, cause: $cause, fix: $fix },)* }
            }
        }
    };
}
pub(super) use codes;

pub use super::catalogue::Code;

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not in the catalogue{}", nearest.map(|code| format!("; the nearest code is `{code}`")).unwrap_or_default())]
pub struct UnknownCode {
    text: String,
    nearest: Option<Code>,
}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads a code in any case, with or without its hyphen.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |text: &str| text.replace('-', "").to_ascii_uppercase();
        let wanted = plain(text);
        Self::ALL.iter().copied().find(|code| plain(code.text()) == wanted).ok_or_else(|| {
            let nearest =
                Self::ALL.iter().copied().min_by_key(|code| strsim::levenshtein(&plain(code.text()), &wanted));
            let near = nearest.filter(|code| strsim::levenshtein(&plain(code.text()), &wanted) <= 1);
            UnknownCode { text: text.to_owned(), nearest: near }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn codes_are_read_as_people_type_them() {
        for text in ["H-05", "h-05", "h05"] {
            assert_eq!(text.parse(), Ok(Code::H05));
        }
        let error = "H-55".parse::<Code>().expect_err("there is no such code");
        assert_eq!(error.to_string(), "`H-55` is not in the catalogue; the nearest code is `H-05`");
        let error = "banana".parse::<Code>().expect_err("there is no such code");
        assert_eq!(error.to_string(), "`banana` is not in the catalogue");
    }

    #[test]
    fn every_code_is_one_letter_a_hyphen_and_two_digits_and_says_all_three_things() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let (family, number) = code.text().split_once('-').expect("a hyphen");
            assert!(family.len() == 1 && number.len() == 2 && number.parse::<u8>().is_ok(), "{code}");
            assert!(seen.insert(code.text()), "{code} twice");
            let entry = code.entry();
            assert!(!entry.title.ends_with('.'), "{code}");
            assert!(entry.cause.ends_with('.') && entry.fix.ends_with('.'), "{code}");
        }
    }
}
