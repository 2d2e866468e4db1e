//! Layers. The bytes are kept by [`crate::registry::LayerApi`], which puts what it knows of them into the request.

use simulator_core::ecr::{
    BatchCheckLayerAvailability, CompleteLayerUploadCall, GetDownloadUrlForLayerCall, InitiateLayerUpload,
    LayerCompleted, LayerPartReceived, PART_BYTES, UploadLayerPartCall, layer_digest_failure,
};
use simulator_core::{Caller, Home, Operation as _, Refusal, Timestamp, World};

use super::{INVALID, repository_name};
use crate::service::json::object;
use crate::wire::{Document, Input, Row, document, row};

/// The member of a request that has what is known of the bytes. Whatever a client sends under this name is removed.
pub(crate) const FACTS: &str = "greenroom:facts";

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("BatchCheckLayerAvailability", decode_check, encode_availability),
        row(
            "InitiateLayerUpload",
            |input, home| Ok(InitiateLayerUpload { repository: repository_name(input, home)? }),
            |id, _| document!({"uploadId": id, "partSize": PART_BYTES}),
        ),
        row("UploadLayerPart", decode_part, encode_part),
        row("CompleteLayerUpload", decode_complete, encode_completed),
        row("GetDownloadUrlForLayer", decode_url, |digest, _| document!({"layerDigest": digest})),
    ]
}

/// Whether the call of `CompleteLayerUpload` that `request` makes would be let through; else its refusal goes into the trace.
pub(crate) fn foresee_completion(
    world: &mut World,
    now: Timestamp,
    caller: &Caller,
    request: serde_json::Value,
) -> Result<(), Refusal> {
    let call = Input::new(CompleteLayerUploadCall::NAME, request).and_then(|mut input| {
        let call = decode_complete(&mut input, &world.home())?;
        input.finish()?;
        Ok(call)
    });
    let foreseen = call.and_then(|call| world.foresee_completion(caller, &call));
    foreseen.inspect_err(|refusal| world.refuse(now, caller, CompleteLayerUploadCall::NAME, refusal))
}

fn decode_check(input: &mut Input, home: &Home) -> Result<BatchCheckLayerAvailability, Refusal> {
    Ok(BatchCheckLayerAvailability { repository: repository_name(input, home)?, digests: input.texts("layerDigests")? })
}

fn encode_availability(layers: Vec<(String, Option<u64>)>, _: &Home) -> Document {
    let (mut known, mut failures) = (Vec::new(), Vec::new());
    for (digest, size) in layers {
        match layer_digest_failure(&digest) {
            Some((code, reason)) => {
                failures.push(document!({"layerDigest": digest, "failureCode": code, "failureReason": reason}));
            }
            None => {
                let availability = if size.is_some() { "AVAILABLE" } else { "UNAVAILABLE" };
                known.push(object([
                    ("layerDigest", document!(digest)),
                    ("layerAvailability", document!(availability)),
                    ("layerSize", document!(size)),
                ]));
            }
        }
    }
    document!({"layers": known, "failures": failures})
}

/// Takes the whole number `key`, which the request must have.
fn number(input: &mut Input, key: &str) -> Result<i64, Refusal> {
    let number = input.integer(key)?;
    number.ok_or_else(|| Refusal::fault(INVALID, format!("The request must contain the parameter {key}")))
}

/// Takes the whole number `key` of the facts.
fn fact(facts: Option<&mut Input>, key: &str) -> Result<Option<u64>, Refusal> {
    let number = facts.map_or(Ok(None), |facts| facts.integer(key))?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

fn decode_part(input: &mut Input, home: &Home) -> Result<UploadLayerPartCall, Refusal> {
    let mut facts = input.structure(FACTS)?;
    if facts.is_none() {
        // Nobody keeps it, so that the upload is not found.
        input.required("layerPartBlob", INVALID)?;
    }
    Ok(UploadLayerPartCall {
        repository: repository_name(input, home)?,
        upload_id: input.required("uploadId", INVALID)?,
        first: number(input, "partFirstByte")?,
        last: number(input, "partLastByte")?,
        sent: fact(facts.as_mut(), "sent")?.unwrap_or_default(),
        received: fact(facts.as_mut(), "received")?,
    })
}

fn encode_part(part: LayerPartReceived, home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": part.repository,
        "uploadId": part.upload_id,
        "lastByteReceived": part.last,
    })
}

fn decode_complete(input: &mut Input, home: &Home) -> Result<CompleteLayerUploadCall, Refusal> {
    let mut facts = input.structure(FACTS)?;
    let digest = facts.as_mut().map_or(Ok(None), |facts| facts.text("digest"))?;
    Ok(CompleteLayerUploadCall {
        repository: repository_name(input, home)?,
        upload_id: input.required("uploadId", INVALID)?,
        claimed: input.texts("layerDigests")?,
        received: digest.zip(fact(facts.as_mut(), "size")?),
    })
}

fn encode_completed(layer: LayerCompleted, home: &Home) -> Document {
    document!({
        "registryId": home.account().to_string(),
        "repositoryName": layer.repository,
        "uploadId": layer.upload_id,
        "layerDigest": layer.digest,
    })
}

fn decode_url(input: &mut Input, home: &Home) -> Result<GetDownloadUrlForLayerCall, Refusal> {
    Ok(GetDownloadUrlForLayerCall {
        repository: repository_name(input, home)?,
        digest: input.required("layerDigest", INVALID)?,
    })
}
