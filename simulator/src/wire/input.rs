//! Reading a request, key by key, so that nothing in it goes unnoticed.

use std::time::Duration;

use serde_json::Value;
use simulator_core::{Refusal, Timestamp};

/// The parameters of one request or of one structure in it. Each is taken out when read; [`Input::finish`] refuses what is left.
#[derive(Debug)]
pub struct Input {
    place: String,
    /// In the request's order; what was taken is none. They are few, so that looking through them is quicker than any map.
    fields: Vec<(String, Option<Value>)>,
}

impl Input {
    /// The parameters of a request for `operation`. A missing body is an empty request.
    ///
    /// # Errors
    /// `SerializationException` if the request is not a structure.
    pub fn new(operation: &str, request: Value) -> Result<Self, Refusal> {
        Self::read(operation.to_owned(), request)
    }

    fn read(place: String, structure: Value) -> Result<Self, Refusal> {
        match structure {
            Value::Object(fields) => {
                Ok(Self { place, fields: fields.into_iter().map(|(key, value)| (key, Some(value))).collect() })
            }
            Value::Null => Ok(Self { place, fields: Vec::new() }),
            // Query clients write a structure without members as an empty text.
            Value::String(text) if text.is_empty() => Ok(Self { place, fields: Vec::new() }),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(mistyped(&place, "a structure"))
            }
        }
    }

    /// Takes the text `key`; absent, null and (as Query clients send for "none") missing are all `None`.
    ///
    /// # Errors
    /// `SerializationException` if it is not text.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, Refusal> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(mistyped(&self.at(key), "text"))
            }
        }
    }

    /// Takes the text `key`, which the request must have.
    ///
    /// # Errors
    /// As [`Input::text`]; the service's complaint if it is missing is `code` with a message that names the key.
    pub fn required(&mut self, key: &str, code: &'static str) -> Result<String, Refusal> {
        self.text(key)?.ok_or_else(|| Refusal::fault(code, format!("The request must contain the parameter {key}")))
    }

    /// Takes the whole number `key`, written as a number or (in Query) as text.
    ///
    /// # Errors
    /// `SerializationException` if it is neither.
    pub fn integer(&mut self, key: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number.map(Some).ok_or_else(|| mistyped(&self.at(key), "a whole number"))
    }

    /// Takes the time `key`, which AWS JSON writes as seconds since the epoch, with or without a fraction.
    ///
    /// # Errors
    /// `SerializationException` if it is not a number of seconds that a time can be.
    pub fn time(&mut self, key: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let time = seconds.and_then(|seconds| u64::try_from(seconds.as_millis()).ok()).map(Timestamp::from_millis);
        time.map(Some).ok_or_else(|| mistyped(&self.at(key), "a time in seconds"))
    }

    /// Takes the list of whole numbers `key`; absent is empty.
    ///
    /// # Errors
    /// `SerializationException` if it is not a list of whole numbers that fit 32 bits.
    pub fn integers(&mut self, key: &str) -> Result<Vec<i32>, Refusal> {
        let number = |value: Value| value.as_i64().and_then(|number| i32::try_from(number).ok());
        self.list(key)?
            .into_iter()
            .map(|value| number(value).ok_or_else(|| mistyped(&self.at(key), "a list of whole numbers")))
            .collect()
    }

    /// Takes the truth value `key`, written as one or (in Query) as `true` or `false`.
    ///
    /// # Errors
    /// `SerializationException` if it is neither.
    pub fn boolean(&mut self, key: &str) -> Result<Option<bool>, Refusal> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let truth = value.as_bool().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        truth.map(Some).ok_or_else(|| mistyped(&self.at(key), "true or false"))
    }

    /// Takes the decimal number `key`, written as a number or (in Query) as text, and answers how it is written.
    ///
    /// # Errors
    /// `SerializationException` if it is neither.
    pub fn decimal(&mut self, key: &str) -> Result<Option<String>, Refusal> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::String(text)) if text.parse::<f64>().is_ok() => Ok(Some(text)),
            Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                Err(mistyped(&self.at(key), "a number"))
            }
        }
    }

    /// Takes the document `key`: whatever JSON it is, as text.
    #[must_use]
    pub fn document(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|value| value.to_string())
    }

    /// Takes the list of texts `key`; absent is empty.
    ///
    /// # Errors
    /// `SerializationException` if it is not a list of texts.
    pub fn texts(&mut self, key: &str) -> Result<Vec<String>, Refusal> {
        self.list(key)?
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Ok(text),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    Err(mistyped(&self.at(key), "a list of texts"))
                }
            })
            .collect()
    }

    /// Takes the structure `key`.
    ///
    /// # Errors
    /// `SerializationException` if it is not a structure.
    pub fn structure(&mut self, key: &str) -> Result<Option<Self>, Refusal> {
        self.take(key).map(|value| Self::read(self.at(key), value)).transpose()
    }

    /// Takes the list of structures `key`; absent is empty.
    ///
    /// # Errors
    /// `SerializationException` if it is not a list of structures.
    pub fn structures(&mut self, key: &str) -> Result<Vec<Self>, Refusal> {
        self.list(key)?
            .into_iter()
            .enumerate()
            .map(|(index, value)| Self::read(format!("{}.{key}[{index}]", self.place), value))
            .collect()
    }

    /// Takes the map of texts `key`; absent is empty.
    ///
    /// # Errors
    /// `SerializationException` if it is not a map of texts.
    pub fn text_map(&mut self, key: &str) -> Result<Vec<(String, String)>, Refusal> {
        let Some(map) = self.structure(key)? else { return Ok(Vec::new()) };
        map.fields
            .into_iter()
            .map(|(name, value)| match value {
                Some(Value::String(text)) => Ok((name, text)),
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                    Err(mistyped(&self.at(key), "a map of texts"))
                }
            })
            .collect()
    }

    /// Whether `key` is in the request and not yet taken.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(name, value)| name == key && value.as_ref().is_some_and(|value| !value.is_null()))
    }

    /// Where this structure stands in the request, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Ends the reading. Null and empty leftovers ask for nothing and are let go.
    ///
    /// # Errors
    /// [`Refusal::NotSimulated`] naming the first parameter that nobody took.
    pub fn finish(self) -> Result<(), Refusal> {
        let left = self.fields.iter().find(|(_, value)| !value.as_ref().is_none_or(asks_for_nothing));
        match left {
            None => Ok(()),
            Some((key, _)) => Err(Refusal::NotSimulated { what: format!("parameter `{key}` of {}", self.place) }),
        }
    }

    fn list(&mut self, key: &str) -> Result<Vec<Value>, Refusal> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            // Query clients write a list without items as an empty text.
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                Err(mistyped(&self.at(key), "a list"))
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let (_, value) = self.fields.iter_mut().find(|(name, _)| name == key)?;
        value.take().filter(|value| !value.is_null())
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.place)
    }
}

fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn mistyped(place: &str, wanted: &str) -> Refusal {
    Refusal::fault("SerializationException", format!("{place} must be {wanted}"))
}
