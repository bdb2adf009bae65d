//! The codes of refusals.

/// What each refusal means and what to do about it.
pub const CODES: [(&str, &str); 20] = [
    ("malformed_request", "The body is not JSON, lacks a member, has one twice or of the wrong type. Fix the request."),
    ("invalid_envelope", "The sealed password is not one, which shows without any key. The detail says what is wrong."),
    ("unknown_sealing_key", "Sealed to a key that is unknown or retired. Seal again to `sealing_key` in the answer."),
    (
        "invalid_credentials",
        "Unknown account, wrong password, or an envelope that does not open for this account and purpose.",
    ),
    ("stale_envelope", "The nonce is older than five minutes. Fetch the sealing key again and seal anew."),
    ("reused_envelope", "This envelope was judged before. Each is accepted once: seal anew."),
    ("invalid_token", "The token is missing, expired, forged, or its session ended. Refresh, or log in again."),
    ("account_disabled", "The password is right, but the account is disabled. Ask whoever runs the service."),
    ("email_taken", "An account with this email address exists already."),
    ("validation_failed", "A member has the right type and a wrong value; `errors` lists them by JSON Pointer."),
    ("weak_password", "The new password is too short, too common, or built from the name or email address."),
    ("too_many_attempts", "Wait as many seconds as `Retry-After` says."),
    ("overloaded", "Every hashing thread is busy. Try again after `Retry-After`; the envelope was not spent."),
    ("unavailable", "The database does not answer. Try again after `Retry-After`."),
    ("payload_too_large", "A body may have 16 KiB at most."),
    ("unsupported_media_type", "Send `Content-Type: application/json`."),
    ("request_timeout", "The body took longer than ten seconds to arrive."),
    ("not_found", "There is nothing at this address, or nothing that is yours."),
    ("method_not_allowed", "The `Allow` header lists the methods that this address takes."),
    ("internal", "Something broke on the server. Its log has more under the `request_id`."),
];
