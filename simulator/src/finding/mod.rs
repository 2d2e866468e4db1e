//! What a rehearsal tells the user: findings, each with a stable code, a place, evidence and a fix.
//!
//! Deliberately absent: colours and formats, which are the renderers', and any rule that makes findings.

mod catalogue;
mod cause;
mod code;
mod place;

use std::cmp::Ordering;
use std::fmt;

pub use cause::{migration_failure, request_failure};
pub use code::{Code, Entry, UnknownCode};
pub use place::Place;

/// A stage of a rehearsal, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The files are read, and nothing is started.
    Preflight,
    /// The simulated account comes up and bootstrap is applied to it.
    Account,
    /// The database becomes ready.
    Database,
    /// The image is built.
    Build,
    /// The image is pushed.
    Push,
    /// What runs now is rolled out and given rows.
    Baseline,
    /// The migration runs.
    Migrate,
    /// The new revision is rolled out.
    RollOut,
    /// Requests are sent, during the rollout and after it.
    Verify,
    /// The previous revision is deployed again.
    RollBack,
}

impl Stage {
    /// What a stage's failure is called where its cause is unknown.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Preflight | Self::Account => Code::T01,
            Self::Database => Code::T02,
            Self::Build => Code::T03,
            Self::Push => Code::T04,
            Self::Baseline => Code::T05,
            Self::Migrate => Code::T06,
            Self::RollOut => Code::T08,
            Self::Verify => Code::T09,
            Self::RollBack => Code::T10,
        }
    }

    /// Every stage, in order.
    pub const ALL: [Self; 10] = [
        Self::Preflight,
        Self::Account,
        Self::Database,
        Self::Build,
        Self::Push,
        Self::Baseline,
        Self::Migrate,
        Self::RollOut,
        Self::Verify,
        Self::RollBack,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Preflight => "preflight",
            Self::Account => "account",
            Self::Database => "database",
            Self::Build => "build",
            Self::Push => "push",
            Self::Baseline => "baseline",
            Self::Migrate => "migrate",
            Self::RollOut => "roll out",
            Self::Verify => "verify",
            Self::RollBack => "roll back",
        })
    }
}

/// How bad a finding is. An error refutes the deploy, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The deploy would fail, or users would notice it.
    Error,
    /// The deploy can succeed, but something is wrong.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// How a finding is known. The three kinds are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It happened in this rehearsal.
    Proved,
    /// It happens if production's data or load are such as the finding says.
    Conditional,
    /// The files say so; nothing was run.
    Static,
    /// It happens in virtual time, if containers behave as a script says.
    Predicted,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proved => "proved",
            Self::Conditional => "conditional",
            Self::Static => "static",
            Self::Predicted => "predicted",
        })
    }
}

/// What a rehearsal tells the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// How it is known.
    pub kind: Kind,
    /// The stage that found it.
    pub stage: Stage,
    /// What is wrong, in one sentence without a period: who breaks, when.
    pub sentence: String,
    /// The line at fault in the user's files, if there is one.
    pub place: Option<Place>,
    /// For how long it would be met, if that is known.
    pub window: Option<String>,
    /// What shows it: log lines, events, numbers, other places. One line each.
    pub evidence: Vec<String>,
    /// What to do about it, as text to paste where possible. One line each.
    pub help: Vec<String>,
}

impl Finding {
    /// An error, without a place, evidence or help yet.
    pub fn error(code: Code, kind: Kind, stage: Stage, sentence: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, kind, stage, sentence.into())
    }

    /// A warning, without a place, evidence or help yet.
    pub fn warning(code: Code, kind: Kind, stage: Stage, sentence: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, kind, stage, sentence.into())
    }

    fn new(code: Code, severity: Severity, kind: Kind, stage: Stage, sentence: String) -> Self {
        Self {
            code,
            severity,
            kind,
            stage,
            sentence,
            place: None,
            window: None,
            evidence: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same finding with one more line of evidence.
    #[must_use]
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// The same finding with one more line of help.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// The same finding with more lines of evidence.
    #[must_use]
    pub fn with_evidence(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }

    /// The same finding with more lines of help.
    #[must_use]
    pub fn with_help(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.help.extend(lines);
        self
    }

    /// The same finding about the whole of `file`, unless its place is known already.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.place.get_or_insert_with(|| Place::file(file));
        self
    }

    /// Orders findings worst first: errors before warnings, what happened before what might, causes before what followed from them
    /// (which is the order of the stages, and within a stage the catalogue's), and then by place.
    #[must_use]
    pub fn worst_first(&self, other: &Self) -> Ordering {
        let key = |finding: &Self| (finding.severity, finding.kind, finding.stage, finding.code);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.place.cmp(&other.place))
            .then_with(|| self.sentence.cmp(&other.sentence))
    }
}

impl fmt::Display for Finding {
    /// The finding as plain text of several lines, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {} ({})", self.severity, self.code, self.sentence, self.stage)?;
        if let Some(place) = &self.place {
            write!(f, "\n  {place}")?;
            if !place.snippet.is_empty() {
                write!(f, "   {}", place.snippet)?;
            }
        }
        let evidence = match self.kind {
            Kind::Proved => "proof",
            Kind::Conditional => "if",
            Kind::Static => "read",
            Kind::Predicted => "then",
        };
        let window: Vec<String> = self.window.iter().cloned().collect();
        for (label, lines) in [(evidence, &self.evidence), ("window", &window), ("fix", &self.help)] {
            for (number, line) in lines.iter().enumerate() {
                let label = if number == 0 { label } else { "" };
                write!(f, "\n  {label:<8} {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: Code, kind: Kind, stage: Stage) -> Finding {
        Finding::error(code, kind, stage, "it breaks")
    }

    #[test]
    fn the_worst_finding_comes_first() {
        let warning = Finding::warning(Code::H07, Kind::Proved, Stage::Preflight, "it stops slowly");
        let suspected = finding(Code::C01, Kind::Static, Stage::Preflight);
        let cause = finding(Code::C01, Kind::Proved, Stage::RollOut);
        let symptom = finding(Code::T08, Kind::Proved, Stage::RollOut);
        let later = finding(Code::C01, Kind::Proved, Stage::RollBack);
        let mut findings = [&warning, &later, &symptom, &suspected, &cause].map(Clone::clone);
        findings.sort_by(Finding::worst_first);
        assert_eq!(findings, [cause, symptom, later, suspected, warning]);
    }

    #[test]
    fn a_finding_prints_its_place_evidence_and_fix() {
        let place = Place::new("Dockerfile", 13, 58, "CMD [\"uvicorn\", \"--port\", \"8080\"]");
        let finding =
            Finding::error(Code::H05, Kind::Static, Stage::Preflight, "the app listens on 8080 and is asked on 8000")
                .at(place)
                .evidence("task-definition.json:63:42 containerPort is 8000")
                .evidence("greenroom.toml: service.port is 8000")
                .help("write \"8000\" here");
        let expected = "\
error[H-05] the app listens on 8080 and is asked on 8000 (preflight)
  Dockerfile:13:58   CMD [\"uvicorn\", \"--port\", \"8080\"]
  read     task-definition.json:63:42 containerPort is 8000
           greenroom.toml: service.port is 8000
  fix      write \"8000\" here";
        assert_eq!(finding.to_string(), expected);
    }
}
