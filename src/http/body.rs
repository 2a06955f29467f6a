//! A request's body, read whole and within bounds.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Request, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// How long a client may take to send a body.
const TIME: Duration = Duration::from_secs(10);

/// Why a body could not be read. As a response it is a status without words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than allowed: 413.
    #[error("the body is too long")]
    TooLong,
    /// Not sent in time: 408.
    #[error("the body did not come in time")]
    TooSlow,
    /// Broken off or not well-formed: 400.
    #[error("the body is broken")]
    Broken,
}

impl BodyError {
    fn of(rejection: &BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLong
        } else {
            Self::Broken
        }
    }
}

impl IntoResponse for BodyError {
    fn into_response(self) -> Response {
        let code = match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        };
        code.into_response()
    }
}

/// Reads the body of a request, up to `limit` bytes (and never more than
/// [`MAX_BODY`](super::MAX_BODY)). It is not decompressed.
/// What can be checked in the head (a secret, a content type) should be checked before: whoever is
/// refused then costs no memory.
///
/// # Errors
/// If it is longer, broken off, or takes more than ten seconds.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(limit).apply(&mut request);
    match tokio::time::timeout(TIME, Bytes::from_request(request, &())).await {
        Ok(read) => read.map_err(|rejection| BodyError::of(&rejection)),
        Err(_) => Err(BodyError::TooSlow),
    }
}
