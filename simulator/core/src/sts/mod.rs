//! STS: who a caller is.
