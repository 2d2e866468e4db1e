//! What each protocol calls a request that is not believed. Codes and texts are those of AWS's lists of common errors.

use simulator_core::Refusal;

use crate::wire::signature::Mistrust;

pub(super) fn json(mistrust: &Mistrust) -> Refusal {
    let code = match mistrust {
        Mistrust::Missing => return fault("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
        Mistrust::Incomplete(_) => "IncompleteSignatureException",
        Mistrust::UnknownKey => "UnrecognizedClientException",
        Mistrust::SessionExpired => "ExpiredTokenException",
        Mistrust::Skewed(_) | Mistrust::Scope(_) | Mistrust::Mismatch => "InvalidSignatureException",
    };
    fault(code, 400, mistrust.to_string())
}

pub(super) fn query(mistrust: &Mistrust) -> Refusal {
    let (code, status) = match mistrust {
        Mistrust::Missing => ("MissingAuthenticationToken", 403),
        Mistrust::Incomplete(_) => ("IncompleteSignature", 400),
        Mistrust::UnknownKey => ("InvalidClientTokenId", 403),
        Mistrust::SessionExpired => ("ExpiredToken", 403),
        Mistrust::Skewed(_) | Mistrust::Scope(_) | Mistrust::Mismatch => ("SignatureDoesNotMatch", 403),
    };
    fault(code, status, mistrust.to_string())
}

pub(super) fn ec2(mistrust: &Mistrust) -> Refusal {
    match mistrust {
        Mistrust::Missing => fault("MissingAuthenticationToken", 403, mistrust.to_string()),
        Mistrust::Incomplete(_) => fault("IncompleteSignature", 400, mistrust.to_string()),
        Mistrust::UnknownKey | Mistrust::Mismatch => {
            fault("AuthFailure", 401, "AWS was not able to validate the provided access credentials")
        }
        Mistrust::Scope(_) => fault("AuthFailure", 401, mistrust.to_string()),
        Mistrust::SessionExpired | Mistrust::Skewed(_) => fault("RequestExpired", 400, "Request has expired."),
    }
}

fn fault(code: &'static str, status: u16, message: impl Into<String>) -> Refusal {
    Refusal::Fault { code, status, message: message.into() }
}
