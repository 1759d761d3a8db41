use std::fmt;
use std::os::raw::c_int;
use std::ptr;
use std::time::Duration;

use crate::sys::{self, kn_error, kn_status};
use crate::text;

/// What the crate's calls return.
pub type Result<T> = std::result::Result<T, Error>;

/// Says how a call ended. Releases of the library add statuses, so it is a number with names and no
/// enumeration; one that has no name here is judged by its sign: a failure is below 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub i32);

impl Status {
    /// Done.
    pub const OK: Status = Status(0);
    /// Nothing, or nothing more, within the time given to the call.
    pub const AGAIN: Status = Status(1);
    /// The handle was closed or freed, or the server ended the stream (204).
    pub const CLOSED: Status = Status(2);
    /// An interrupt woke the call.
    pub const INTERRUPTED: Status = Status(3);
    /// A bad argument, a malformed URL, or a name outside the grammar; nothing was sent.
    pub const INVALID: Status = Status(-101);
    /// Out of memory or descriptors. The handle is still usable.
    pub const NO_MEMORY: Status = Status(-102);
    /// The payload is not a JSON object; nothing was sent.
    pub const JSON: Status = Status(-103);
    /// Over a size limit: one of the options, or the server's (413).
    pub const TOO_BIG: Status = Status(-104);
    /// The server's name could not be resolved, or it could not be connected to.
    pub const CONNECT: Status = Status(-201);
    /// The TLS handshake or a certificate was refused, or one cannot be read.
    pub const TLS: Status = Status(-202);
    /// One of the time limits in the options ran out.
    pub const TIMEOUT: Status = Status(-203);
    /// The connection broke while the two sides were talking.
    pub const IO: Status = Status(-204);
    /// The answer is not what the Backend API says; is this really a WebRocket server?
    pub const PROTOCOL: Status = Status(-205);
    /// 400, and every 4xx without a line of its own here.
    pub const BAD_REQUEST: Status = Status(-301);
    /// 401: the vhost token is wrong or was replaced.
    pub const UNAUTHORIZED: Status = Status(-302);
    /// 403: the server forbids it.
    pub const FORBIDDEN: Status = Status(-303);
    /// 404: the vhost does not exist.
    pub const NO_VHOST: Status = Status(-304);
    /// 404: the channel does not exist.
    pub const NO_CHANNEL: Status = Status(-305);
    /// 400: the server does not allow this channel name.
    pub const BAD_CHANNEL: Status = Status(-306);
    /// 429: too many requests; see [`Error::retry_after`].
    pub const RATE_LIMIT: Status = Status(-307);
    /// 502, 503 or 504: the server, or a proxy before it, is not available now.
    pub const UNAVAILABLE: Status = Status(-308);
    /// Every other 5xx.
    pub const SERVER: Status = Status(-309);
    /// 409: the request conflicts with an earlier one.
    pub const CONFLICT: Status = Status(-310);
    /// Another worker took this one's name.
    pub const REPLACED: Status = Status(-311);
    /// 404: the group does not exist.
    pub const NO_GROUP: Status = Status(-313);
    /// The call is not allowed in this state, or beside the call that is running.
    pub const STATE: Status = Status(-401);
    /// The handle belongs to the process that this one was forked from.
    pub const FORK: Status = Status(-402);
    /// Too many calls are pending; nothing was taken.
    pub const FULL: Status = Status(-403);
    /// A bug in the library. Please report it with the error's message.
    pub const INTERNAL: Status = Status(-999);

    /// The name in C, for logs: "KN_ENOCHANNEL".
    pub fn name(self) -> &'static str {
        unsafe { text::borrowed(sys::kn_status_name(self.0)) }.unwrap_or("")
    }

    /// A sentence for people; its wording may change.
    pub fn message(self) -> &'static str {
        unsafe { text::borrowed(sys::kn_status_message(self.0)) }.unwrap_or("")
    }

    /// Whether the same call may well succeed if it is made again later. After `TIMEOUT` and `IO`
    /// it may have been carried out.
    pub fn is_retriable(self) -> bool {
        unsafe { sys::kn_status_is_retriable(self.0) != 0 }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A call that failed, with all that is known of it. No text holds the vhost's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
    http_status: Option<u16>,
    server_code: Option<i32>,
    retry_after: Option<Duration>,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Error {
        Error {
            status,
            message: message.into(),
            http_status: None,
            server_code: None,
            retry_after: None,
        }
    }

    pub(crate) fn of_status(status: Status) -> Error {
        Error::new(status, status.message())
    }

    /// Copies the details of a failure, which stay the library's.
    ///
    /// # Safety
    /// `details` is NULL or points to an error.
    pub(crate) unsafe fn copied(details: *const kn_error) -> Error {
        let retry_after = sys::kn_error_retry_after_ms(details);
        Error {
            status: Status(sys::kn_error_status(details)),
            message: text::borrowed(sys::kn_error_message(details)).unwrap_or("").to_owned(),
            http_status: u16::try_from(sys::kn_error_http_status(details)).ok().filter(|&s| s != 0),
            server_code: Some(sys::kn_error_server_code(details)).filter(|&code| code != 0),
            retry_after: u64::try_from(retry_after).ok().map(Duration::from_millis),
        }
    }

    /// What the failure is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What happened, in a line for a person or a log.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The status code of the server's answer, such as 404; `None` when there was no answer.
    pub fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// The broker's own number for the failure, such as 454.
    pub fn server_code(&self) -> Option<i32> {
        self.server_code
    }

    /// How long the server asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the same call may well succeed if it is made again later.
    pub fn is_retriable(&self) -> bool {
        self.status.is_retriable()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)
    }
}

impl std::error::Error for Error {}

/// Makes a call that may fail: `Ok` with a status of 0 or above.
pub(crate) fn checked(call: impl FnOnce(*mut *mut kn_error) -> kn_status) -> Result<Status> {
    let mut details = ptr::null_mut();
    let status = Status(call(&mut details));
    if status.0 >= 0 {
        return Ok(status);
    }
    if details.is_null() {
        return Err(Error::of_status(status));
    }
    unsafe {
        let error = Error::copied(details);
        sys::kn_error_free(details);
        Err(error)
    }
}

/// The same for a call that has no details, or whose only good status is 0.
pub(crate) fn require(status: kn_status) -> Result<()> {
    match Status(status) {
        Status::OK => Ok(()),
        other => Err(Error::of_status(other)),
    }
}

/// The same, where what cannot be has to be named.
pub(crate) fn require_of(status: kn_status, subject: impl FnOnce() -> String) -> Result<()> {
    match Status(status) {
        Status::OK => Ok(()),
        other => Err(Error::new(other, format!("{} cannot be: {}", subject(), other.message()))),
    }
}

/// A descriptor, if it is one.
pub(crate) fn descriptor(fd: c_int) -> Option<c_int> {
    Some(fd).filter(|&fd| fd >= 0)
}
