//! The calls of the API by which a layer is uploaded in parts and asked for. The registry's own steps, which know neither parts nor
//! their sizes, are in [`super::layer`].
//!
//! What a part holds and what has been received so far are facts that whoever keeps the bytes brings along; what follows from them is
//! decided here. Codes and limits are those of botocore's model of ECR; it has no messages, so that they are ours.

use super::{invalid, no_layer, no_upload, repository_access};
use crate::operation::{Access, Authorized, Caller, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// What `InitiateLayerUpload` says that parts should have, in bytes (the AWS CLI's example of `ecr initiate-layer-upload`).
pub const PART_BYTES: u64 = 10 << 20;
/// The most bytes of a part: 20 MiB (botocore, `LayerPartBlob`).
pub const MOST_PART_BYTES: u64 = 20 << 20;
/// The least bytes of every part but the last: 5 MiB (botocore, `LayerPartTooSmallException`).
const LEAST_PART_BYTES: u64 = 5 << 20;

/// An upload that has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Upload {
    /// The first byte and the length of the part that came last; none where nothing came by the API.
    last: Option<(u64, u64)>,
    /// Whether a part that others followed was too small.
    too_small: bool,
}

/// Sends a part of a layer by the API.
#[derive(Clone, Debug)]
pub struct UploadLayerPartCall {
    /// The repository.
    pub repository: String,
    /// The upload's id.
    pub upload_id: String,
    /// Place of the part's first byte in the layer.
    pub first: i64,
    /// Place of its last byte.
    pub last: i64,
    /// How many bytes were sent.
    pub sent: u64,
    /// How many bytes of the layer had been received before; none where nobody keeps this upload.
    pub received: Option<u64>,
}

/// The answer to [`UploadLayerPartCall`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPartReceived {
    /// The repository.
    pub repository: String,
    /// The upload's id.
    pub upload_id: String,
    /// Place of the last byte received.
    pub last: i64,
}

impl Operation for UploadLayerPartCall {
    type Output = LayerPartReceived;
    const NAME: &'static str = "ecr:UploadLayerPart";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, upload_id, first, last, sent, received } = authorized.operation;
        let (Some(_), Some(received)) = (world.repository(&repository)?.uploads.get(&upload_id), received) else {
            return Err(no_upload(world, &repository, &upload_id));
        };
        let begin = check_part(first, last, sent, received)?;
        let upload = world.repository_mut(&repository)?.uploads.get_mut(&upload_id);
        upload.expect("looked up just now").follow(begin, sent);
        Ok(LayerPartReceived { repository, upload_id, last })
    }
}

/// Where the part from byte `first` to byte `last` begins, if it follows what was received and is as long as it says.
fn check_part(first: i64, last: i64, sent: u64, received: u64) -> Result<u64, Refusal> {
    if sent > MOST_PART_BYTES {
        return Err(invalid("layerPartBlob", "Member must have length less than or equal to 20971520"));
    }
    let wrong = |message: String| Err(Refusal::fault("InvalidLayerPartException", message));
    let (Ok(begin), Ok(end)) = (u64::try_from(first), u64::try_from(last)) else {
        return Err(invalid("partFirstByte", "Member must have value greater than or equal to 0"));
    };
    if end < begin || end - begin + 1 != sent {
        return wrong(format!("The layer part from byte {first} to byte {last} has {sent} bytes"));
    }
    if begin != received {
        let last_valid = received.checked_sub(1).map_or_else(|| "none".to_owned(), |last| last.to_string());
        return wrong(format!(
            "The first byte {first} of the layer part does not follow the last valid byte received, which is {last_valid}"
        ));
    }
    Ok(begin)
}

impl Upload {
    /// Notes that a part of `sent` bytes comes, which begins at byte `begin`. If the one before did not arrive after all, it begins
    /// where that one did.
    fn follow(&mut self, begin: u64, sent: u64) {
        if let Some((before, length)) = self.last
            && before + length == begin
            && length < LEAST_PART_BYTES
        {
            self.too_small = true;
        }
        self.last = Some((begin, sent));
    }
}

/// Ends an upload by the API: the repository has the layer from now on.
#[derive(Clone, Debug)]
pub struct CompleteLayerUploadCall {
    /// The repository.
    pub repository: String,
    /// The upload's id.
    pub upload_id: String,
    /// The digests that the caller says the layer has: 1 to 100. Only SHA-256 is known.
    pub claimed: Vec<String>,
    /// Digest and bytes of what was received; none where nobody keeps this upload.
    pub received: Option<(String, u64)>,
}

/// The answer to [`CompleteLayerUploadCall`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerCompleted {
    /// The repository.
    pub repository: String,
    /// The upload's id.
    pub upload_id: String,
    /// The layer's digest.
    pub digest: String,
}

impl CompleteLayerUploadCall {
    /// The layer's digest and bytes, if the upload can end.
    fn check(&self, world: &World) -> Result<(String, u64), Refusal> {
        let Self { repository, upload_id, claimed, received } = self;
        if !(1..=100).contains(&claimed.len()) {
            return Err(invalid("layerDigests", "must have between 1 and 100 members"));
        }
        let (Some(upload), Some((digest, size))) = (world.repository(repository)?.uploads.get(upload_id), received)
        else {
            return Err(no_upload(world, repository, upload_id));
        };
        let refused = |code, message: String| Err(Refusal::fault(code, message));
        if upload.last.is_none() {
            return refused(
                "EmptyUploadException",
                format!("The layer upload '{upload_id}' does not contain any layer parts"),
            );
        }
        if upload.too_small {
            return refused("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size".to_owned());
        }
        if let Some(other) = claimed.iter().find(|claimed| *claimed != digest) {
            let message = format!("The layer has the digest '{digest}', which does not match the digest '{other}'");
            return refused("InvalidLayerException", message);
        }
        Ok((digest.clone(), *size))
    }
}

impl Operation for CompleteLayerUploadCall {
    type Output = LayerCompleted;
    const NAME: &'static str = "ecr:CompleteLayerUpload";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let (digest, size) = authorized.operation.check(world)?;
        let Self { repository, upload_id, .. } = authorized.operation;
        let account = world.account.clone();
        let target = world.repository_mut(&repository)?;
        target.uploads.remove(&upload_id);
        if target.layers.insert(digest.clone(), size).is_some() {
            let message = format!(
                "The layer with digest '{digest}' already exists in the repository with name '{repository}' in registry with id '{account}'"
            );
            return Err(Refusal::fault("LayerAlreadyExistsException", message));
        }
        Ok(LayerCompleted { repository, upload_id, digest })
    }
}

impl World {
    /// Whether `call` by `caller` would be let through and find nothing wrong with the upload: what is to be known before the bytes
    /// are given their name, which has to come before the call itself. A layer that is there already is nothing wrong.
    ///
    /// # Errors
    /// What the call would be refused with.
    pub fn foresee_completion(&self, caller: &Caller, call: &CompleteLayerUploadCall) -> Result<(), Refusal> {
        for access in call.accesses(self)? {
            self.decide(caller, &access).map_err(Refusal::Denied)?;
        }
        call.check(self).map(drop)
    }
}

/// Asks by the API where a layer can be fetched.
#[derive(Clone, Debug)]
pub struct GetDownloadUrlForLayerCall {
    /// The repository.
    pub repository: String,
    /// The layer's digest.
    pub digest: String,
}

impl Operation for GetDownloadUrlForLayerCall {
    /// The layer's digest.
    type Output = String;
    const NAME: &'static str = "ecr:GetDownloadUrlForLayer";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<String, Refusal> {
        let Self { repository: name, digest } = authorized.operation;
        let repository = world.repository(&name)?;
        if !repository.layers.contains_key(&digest) {
            return Err(no_layer(world, &name, &digest));
        }
        // API reference: "You can only get URLs for image layers that are referenced in an image."
        if !repository.images.values().any(|image| image.contents.layers.contains(&digest)) {
            let message = format!(
                "The layer with digest '{digest}' in the repository with name '{name}' is not available because it is not associated with an image"
            );
            return Err(Refusal::fault("LayerInaccessibleException", message));
        }
        Ok(digest)
    }
}

/// Why `digest` is none that a layer can have: AWS's failure code and a reason.
#[must_use]
pub fn layer_digest_failure(digest: &str) -> Option<(&'static str, &'static str)> {
    let is_plain = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    match digest.split_once(':') {
        // The pattern of `LayerDigest` in botocore's model.
        Some((algorithm, hex))
            if is_plain(algorithm, "-_+.") && !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit()) =>
        {
            None
        }
        None if digest.is_empty() => Some(("MissingLayerDigest", "The layer digest is missing")),
        Some(_) | None => Some(("InvalidLayerDigest", "Invalid layer digest provided")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::{CreateRepository, InitiateLayerUpload, PutImage};
    use crate::trial::Trial;

    const MIB: u64 = 1 << 20;
    const DIGEST: &str = "sha256:aa";

    fn begun() -> (Trial, String) {
        let mut trial = Trial::new();
        trial.done(CreateRepository { repository: "news".into(), ..CreateRepository::default() });
        let id = trial.done(InitiateLayerUpload { repository: "news".into() });
        (trial, id)
    }

    fn part(id: &str, first: u64, sent: u64, received: u64) -> UploadLayerPartCall {
        UploadLayerPartCall {
            repository: "news".into(),
            upload_id: id.into(),
            first: first.cast_signed(),
            last: (first + sent).cast_signed() - 1,
            sent,
            received: Some(received),
        }
    }

    fn complete(id: &str, claimed: &[&str]) -> CompleteLayerUploadCall {
        CompleteLayerUploadCall {
            repository: "news".into(),
            upload_id: id.into(),
            claimed: claimed.iter().map(|digest| (*digest).to_owned()).collect(),
            received: Some((DIGEST.into(), 1)),
        }
    }

    /// A part, and how its refusal begins.
    #[test]
    fn parts_follow_one_another_and_are_as_long_as_they_say() {
        let (mut trial, id) = begun();
        let changed = |change: fn(&mut UploadLayerPartCall)| {
            let mut part = part(&id, 10, 5, 10);
            change(&mut part);
            part
        };
        for (call, refusal) in [
            (changed(|_| {}), None),
            (
                changed(|part| part.received = Some(9)),
                Some(
                    "InvalidLayerPartException: The first byte 10 of the layer part does not follow the last valid byte received, which is 8",
                ),
            ),
            (
                changed(|part| part.received = Some(0)),
                Some(
                    "InvalidLayerPartException: The first byte 10 of the layer part does not follow the last valid byte received, which is none",
                ),
            ),
            (
                changed(|part| part.sent = 4),
                Some("InvalidLayerPartException: The layer part from byte 10 to byte 14 has 4 bytes"),
            ),
            (changed(|part| part.last = 9), Some("InvalidLayerPartException")),
            (changed(|part| part.last = i64::MAX), Some("InvalidLayerPartException")),
            (changed(|part| part.first = -1), Some("InvalidParameterException: Invalid parameter at 'partFirstByte'")),
            (part(&id, 10, 20 * MIB, 10), None),
            (part(&id, 10, 20 * MIB + 1, 10), Some("InvalidParameterException: Invalid parameter at 'layerPartBlob'")),
            (changed(|part| part.upload_id = "other".into()), Some("UploadNotFoundException")),
            (changed(|part| part.received = None), Some("UploadNotFoundException")),
            (changed(|part| part.repository = "other".into()), Some("RepositoryNotFoundException")),
        ] {
            let written = format!("{call:?}");
            match refusal {
                None => assert_eq!(trial.done(call.clone()).last, call.last, "{written}"),
                Some(text) => {
                    let refused = trial.refused(call);
                    assert!(refused.starts_with(&format!("400 {text}")), "{written}: {refused}");
                }
            }
        }
    }

    /// The sizes of the parts of a layer, in MiB, and whether it is taken. A part that did not arrive and comes again counts once.
    #[test]
    fn every_part_but_the_last_has_five_mebibytes() {
        for (parts, again, taken) in [
            (&[][..], None, "400 EmptyUploadException: The layer upload"),
            (&[1], None, ""),
            (&[5, 1], None, ""),
            (&[4, 1], None, "400 LayerPartTooSmallException: Layer parts must be at least 5 MiB in size"),
            (&[5, 4, 5], None, "400 LayerPartTooSmallException: Layer parts must be at least 5 MiB in size"),
            (&[5, 5, 20], Some(1), ""),
        ] {
            let (mut trial, id) = begun();
            let mut received = 0;
            for (number, size) in parts.iter().enumerate() {
                let sent = size * MIB;
                if again == Some(number) {
                    trial.done(part(&id, received, MIB, received));
                }
                trial.done(part(&id, received, sent, received));
                received += sent;
            }
            match taken {
                "" => assert_eq!(trial.done(complete(&id, &[DIGEST])).digest, DIGEST, "{parts:?}"),
                refusal => {
                    let refused = trial.refused(complete(&id, &[DIGEST]));
                    assert!(refused.starts_with(refusal), "{parts:?}: {refused}");
                }
            }
        }
    }

    #[test]
    fn a_layer_is_what_its_digest_says_and_there_once() {
        let (mut trial, id) = begun();
        trial.done(part(&id, 0, 1, 0));
        let root = trial.world.root();
        for (claimed, refusal) in [
            (
                &["sha256:bb"][..],
                "400 InvalidLayerException: The layer has the digest 'sha256:aa', which does not match the digest 'sha256:bb'",
            ),
            (&[DIGEST, "sha256:bb"], "400 InvalidLayerException"),
            (&[], "400 InvalidParameterException: Invalid parameter at 'layerDigests'"),
        ] {
            assert!(trial.world.foresee_completion(&root, &complete(&id, claimed)).is_err());
            let refused = trial.refused(complete(&id, claimed));
            assert!(refused.starts_with(refusal), "{claimed:?}: {refused}");
        }
        assert_eq!(trial.world.foresee_completion(&root, &complete(&id, &[DIGEST])), Ok(()));
        trial.done(complete(&id, &[DIGEST]));
        assert!(trial.refused(complete(&id, &[DIGEST])).starts_with("400 UploadNotFoundException"));
        let second = trial.done(InitiateLayerUpload { repository: "news".into() });
        trial.done(part(&second, 0, 1, 0));
        assert_eq!(
            trial.refused(complete(&second, &[DIGEST])),
            "400 LayerAlreadyExistsException: The layer with digest 'sha256:aa' already exists in the repository with name 'news' in registry with id '123456789012'"
        );
        assert!(trial.refused(complete(&second, &[DIGEST])).starts_with("400 UploadNotFoundException"));
    }

    #[test]
    fn only_the_layers_of_images_are_handed_out() {
        let (mut trial, id) = begun();
        let asked = || GetDownloadUrlForLayerCall { repository: "news".into(), digest: DIGEST.into() };
        assert!(trial.refused(asked()).starts_with("400 LayersNotFoundException"));
        trial.done(part(&id, 0, 1, 0));
        trial.done(complete(&id, &[DIGEST]));
        assert!(trial.refused(asked()).starts_with("400 LayerInaccessibleException"));
        trial.done(PutImage {
            repository: "news".into(),
            manifest: format!(r#"{{"config":{{"digest":"{DIGEST}","size":1}},"layers":[]}}"#),
            digest: "sha256:image".into(),
            layers: vec![DIGEST.into()],
            ..PutImage::default()
        });
        assert_eq!(trial.done(asked()), DIGEST);
    }

    #[test]
    fn digests_have_a_form() {
        for (digest, code) in [
            ("sha256:aa", None),
            ("", Some("MissingLayerDigest")),
            ("sha256", Some("InvalidLayerDigest")),
            ("sha256:", Some("InvalidLayerDigest")),
            ("sha256:xx", Some("InvalidLayerDigest")),
            ("../:aa", Some("InvalidLayerDigest")),
        ] {
            assert_eq!(layer_digest_failure(digest).map(|(code, _)| code), code, "{digest}");
        }
    }
}
