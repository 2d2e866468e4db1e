//! What an operation answers, before a protocol writes it: a tree as JSON has them, whose members are called by names that stand in the
//! program. `serde_json`'s own would copy and hash each of them, which for what ECS tells of one service is half the time of the call.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, Serializer};
use serde_json::{Number, Value};
use smol_str::SmolStr;

/// A tree of values. Members are written in the order in which they were put in.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// Nothing; as a member of a structure it is left out.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(SmolStr),
    /// A list.
    List(Vec<Self>),
    /// A structure or a map: names and values.
    Structure(Vec<(Cow<'static, str>, Self)>),
}

/// A structure in braces or a list of such in brackets, with further ones within, or any value, as a [`Document`].
macro_rules! document {
    ([ $({ $($members:tt)* }),* ]) => {
        $crate::wire::Document::List(vec![$($crate::wire::document!({ $($members)* })),*])
    };
    ({ $($members:tt)* }) => { $crate::wire::Document::Structure($crate::wire::document!(@of [] $($members)*)) };
    (@of [$($done:tt)*]) => { vec![$($done)*] };
    (@of [$($done:tt)*] $name:literal: { $($members:tt)* } $(, $($rest:tt)*)?) => {
        $crate::wire::document!(@of [$($done)* ($name.into(), $crate::wire::document!({ $($members)* })),] $($($rest)*)?)
    };
    (@of [$($done:tt)*] $name:literal: [ $($items:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::wire::document!(@of [$($done)* ($name.into(), $crate::wire::document!([ $($items)* ])),] $($($rest)*)?)
    };
    (@of [$($done:tt)*] $name:literal: $value:expr $(, $($rest:tt)*)?) => {
        $crate::wire::document!(@of [$($done)* ($name.into(), $crate::wire::IntoDocument::into_document($value)),] $($($rest)*)?)
    };
    ($value:expr) => { $crate::wire::IntoDocument::into_document($value) };
}
pub(crate) use document;

impl Document {
    /// Whether it is nothing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The member `name` of a structure, if that is a text.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        let Self::Structure(members) = self else { return None };
        let (_, Self::Text(text)) = members.iter().find(|(member, _)| member == name)? else { return None };
        Some(text)
    }

    /// Adds the member `name` to a structure, which has none of that name.
    pub(crate) fn add(&mut self, name: &'static str, value: Self) {
        let Self::Structure(members) = self else { return };
        members.push((Cow::Borrowed(name), value));
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Structure(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        match document {
            Document::Null => Self::Null,
            Document::Boolean(truth) => Self::Bool(truth),
            Document::Number(number) => Self::Number(number),
            Document::Text(text) => Self::String(text.into()),
            Document::List(items) => items.into_iter().map(Self::from).collect(),
            Document::Structure(members) => {
                members.into_iter().map(|(name, value)| (name.into_owned(), Self::from(value))).collect()
            }
        }
    }
}

/// What becomes a [`Document`] without being copied, where it can.
pub trait IntoDocument {
    /// It as a document.
    fn into_document(self) -> Document;
}

/// What a [`Document`] can be made of without taking it.
pub trait ToDocument {
    /// A document like it.
    fn to_document(&self) -> Document;
}

impl IntoDocument for Document {
    fn into_document(self) -> Document {
        self
    }
}

impl IntoDocument for Value {
    fn into_document(self) -> Document {
        match self {
            Self::Null => Document::Null,
            Self::Bool(truth) => Document::Boolean(truth),
            Self::Number(number) => Document::Number(number),
            Self::String(text) => text.into_document(),
            Self::Array(items) => items.into_document(),
            Self::Object(members) => Document::Structure(
                members.into_iter().map(|(name, value)| (name.into(), value.into_document())).collect(),
            ),
        }
    }
}

impl IntoDocument for String {
    fn into_document(self) -> Document {
        Document::Text(self.into())
    }
}

impl IntoDocument for f64 {
    /// What is no number is nothing.
    fn into_document(self) -> Document {
        Number::from_f64(self).map_or(Document::Null, Document::Number)
    }
}

impl<T: IntoDocument> IntoDocument for Option<T> {
    fn into_document(self) -> Document {
        self.map_or(Document::Null, T::into_document)
    }
}

impl<T: ToDocument> IntoDocument for BTreeMap<String, T> {
    fn into_document(self) -> Document {
        self.to_document()
    }
}

impl<T: IntoDocument, const N: usize> IntoDocument for [T; N] {
    fn into_document(self) -> Document {
        self.into_iter().collect()
    }
}

impl<T: IntoDocument> IntoDocument for Vec<T> {
    fn into_document(self) -> Document {
        self.into_iter().collect()
    }
}

impl<T: ToDocument + ?Sized> IntoDocument for &T {
    fn into_document(self) -> Document {
        self.to_document()
    }
}

impl IntoDocument for SmolStr {
    fn into_document(self) -> Document {
        Document::Text(self)
    }
}

impl ToDocument for SmolStr {
    fn to_document(&self) -> Document {
        self.clone().into_document()
    }
}

impl ToDocument for str {
    fn to_document(&self) -> Document {
        Document::Text(self.into())
    }
}

impl ToDocument for String {
    fn to_document(&self) -> Document {
        self.as_str().to_document()
    }
}

impl<T: ToDocument> ToDocument for Option<T> {
    fn to_document(&self) -> Document {
        self.as_ref().into_document()
    }
}

impl<T: ToDocument> ToDocument for [T] {
    fn to_document(&self) -> Document {
        self.iter().collect()
    }
}

impl<T: ToDocument> ToDocument for Vec<T> {
    fn to_document(&self) -> Document {
        self.as_slice().to_document()
    }
}

impl<T: ToDocument> ToDocument for BTreeSet<T> {
    fn to_document(&self) -> Document {
        self.iter().collect()
    }
}

impl<T: ToDocument> ToDocument for BTreeMap<String, T> {
    fn to_document(&self) -> Document {
        Document::Structure(self.iter().map(|(name, value)| (name.clone().into(), value.to_document())).collect())
    }
}

impl<T: ToDocument + ?Sized> ToDocument for &T {
    fn to_document(&self) -> Document {
        (**self).to_document()
    }
}

macro_rules! of_one_word {
    ($($word:ty => $variant:ident),*) => {$(
        impl IntoDocument for $word {
            fn into_document(self) -> Document {
                Document::$variant(self.into())
            }
        }

        impl ToDocument for $word {
            fn to_document(&self) -> Document {
                (*self).into_document()
            }
        }
    )*};
}
of_one_word!(bool => Boolean, u16 => Number, u32 => Number, u64 => Number, usize => Number, i32 => Number, i64 => Number);

impl<T: IntoDocument> FromIterator<T> for Document {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(T::into_document).collect())
    }
}
