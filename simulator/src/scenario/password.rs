//! What the special characters of the app's password change: what failed with them is tried once more with a password of letters and digits.
//! Logs say in many words that a URL cannot be read, and in some only that nobody is called so or that access is denied.

use super::ground::Ground;
use super::parity::again;
use super::table::Scenario;
use super::verdict::{Ended, Outcome};
use crate::finding::{Code, Finding, Severity};
use crate::rehearsal::RehearsalError;

/// Lays the baseline, if it was refuted, or else the failed migration, once more with a plain password, and puts what differs into
/// `outcomes`. Nothing may run on the server any more: nobody knows the old password from now on.
///
/// # Errors
/// If the rehearsal cannot go on.
pub(super) async fn hold(ground: &Ground<'_>, outcomes: &mut [Outcome]) -> Result<(), RehearsalError> {
    let characters = ground.session.script.password_characters();
    let spec = ground.server.spec();
    // The rehearsal's own connections are the administrator's.
    if characters.is_empty() || spec.user == spec.engine.administrator() {
        return Ok(());
    }
    let failed = |it: &&mut Outcome| it.ended == Ended::Refuted && [Scenario::S0, Scenario::S1].contains(&it.scenario);
    let Some(Outcome { scenario, findings, .. }) = outcomes.iter_mut().find(failed) else { return Ok(()) };
    let Some(finding) = findings.iter_mut().find(|finding| finding.severity == Severity::Error) else { return Ok(()) };
    ground.simplify_password().await?;
    if again(ground, *scenario, "simple").await?.is_none() {
        blame(characters, finding);
    }
    Ok(())
}

/// It fails with the special characters alone.
fn blame(characters: &str, finding: &mut Finding) {
    if finding.code != Code::M26 {
        finding.code = Code::M26;
        finding.help.insert(0, Code::M26.entry().fix.to_owned());
    }
    finding.sentence = format!("with a password that has `{characters}` in it {}", finding.sentence);
    finding.evidence.insert(0, "with a password of letters and digits the same succeeds".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Kind, Stage};

    #[test]
    fn what_fails_with_the_characters_alone_is_theirs() {
        for (code, helps) in [(Code::T06, 2), (Code::M26, 1)] {
            let mut finding = Finding::error(code, Kind::Proved, Stage::Migrate, "the migration fails").help("look");
            blame("p@%", &mut finding);
            assert_eq!((finding.code, finding.help.len()), (Code::M26, helps));
            assert_eq!(finding.sentence, "with a password that has `p@%` in it the migration fails");
            assert_eq!(finding.evidence, ["with a password of letters and digits the same succeeds"]);
        }
    }
}
