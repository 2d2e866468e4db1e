//! *verify*: the app answered through the load balancer all along.

use super::scene::Standing;
use crate::finding::{Code, Finding, Kind};
use crate::rehearsal::record::{Proof, Unproved};
use crate::rehearsal::session::Session;
use crate::rehearsal::stage::Stage;
use crate::rehearsal::traffic::{self, Tally, Traffic};

/// Failures that are shown as evidence.
const SHOWN: usize = 5;

/// Each smoke request once more, and none of those sent meanwhile failed.
pub(super) async fn answered(
    session: &Session<'_>,
    standing: &Standing,
    traffic: &Traffic,
) -> Result<Proof<()>, Unproved> {
    once(session, standing, Stage::Verify).await?;
    let tally = traffic.tally().await;
    none_failed(&tally, &Tally::default(), Stage::Verify)?;
    let requests = &session.input.files.smoke.smoke;
    traffic.press(&standing.base_url, requests, session.script.service.desired_count).await;
    Ok(Proof::new((), format!("none of {} requests failed while the deploy went on", tally.sent)))
}

/// Each smoke request is answered as it must be.
pub(super) async fn once(session: &Session<'_>, standing: &Standing, stage: Stage) -> Result<(), Unproved> {
    let label = if stage == Stage::RollBack { &session.script.from.label } else { &session.script.to.label };
    traffic::send_all(&standing.base_url, &session.input.files.smoke.smoke).await.map_err(|failure| {
        let code = if stage == Stage::RollBack { Code::X06 } else { Code::T09 };
        Finding::error(code, Kind::Proved, stage, format!("{label} does not answer `{}` as it must", failure.name))
            .with_evidence([failure.answer])
            .with_help(["see the container's log in the trace (`--report DIR`)".to_owned()])
            .into()
    })
}

/// No request failed since `before`.
pub(super) fn none_failed(tally: &Tally, before: &Tally, stage: Stage) -> Result<(), Unproved> {
    let (failed, sent) = (tally.failed - before.failed, tally.sent - before.sent);
    if failed == 0 {
        return Ok(());
    }
    let what = if stage == Stage::RollBack { "rollback" } else { "deploy" };
    let sentence = format!("{failed} of {sent} requests failed while the {what} went on");
    let new = tally.failures.iter().skip(before.failures.len()).take(SHOWN);
    let evidence = new.map(|it| format!("{}: {}", it.name, it.answer));
    Err(Finding::error(Code::T07, Kind::Proved, stage, sentence)
        .with_evidence(evidence)
        .with_help(["see what the app did at that moment in the trace (`--report DIR`)".to_owned()])
        .into())
}
