//! Texts and times on their way across the border.

use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::sys;

/// A copy with a NUL behind it. A NUL inside would cut the text short.
pub(crate) fn to_c(text: &str, what: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(Status::INVALID, format!("{what} has a NUL in it")))
}

/// What a getter shows; `None` for NULL.
///
/// # Safety
/// The text has to live as long as the caller says it does.
pub(crate) unsafe fn borrowed<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // The library promises UTF-8; what breaks the promise reads as empty.
    Some(CStr::from_ptr(text).to_str().unwrap_or(""))
}

/// Takes over a text that the library handed out.
///
/// # Safety
/// `text` is NULL or such a text, and is not used after this.
pub(crate) unsafe fn take(text: *mut c_char) -> String {
    let copy = borrowed(text).unwrap_or("").to_owned();
    sys::kn_string_free(text);
    copy
}

/// Rounded up, so that a short wait does not become none; `None` is for ever.
pub(crate) fn milliseconds(limit: Option<Duration>) -> i64 {
    match limit {
        None => -1,
        Some(limit) => {
            let whole = limit.as_millis();
            let rounded = whole + u128::from(limit.as_nanos() > whole * 1_000_000);
            i64::try_from(rounded).unwrap_or(i64::MAX)
        }
    }
}

/// A payload's address and length. `None` is NULL; an empty text is not.
pub(crate) fn payload(data: Option<&str>) -> (*const c_char, usize) {
    match data {
        None => (std::ptr::null(), 0),
        Some(data) => (data.as_ptr().cast(), data.len()),
    }
}
