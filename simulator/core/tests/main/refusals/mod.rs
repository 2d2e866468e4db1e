//! What AWS refuses, in its words: every text has a row (facts 3 and 4). Where AWS's text is not known, ours stands in the row all the same.

mod definitions;
mod services;
