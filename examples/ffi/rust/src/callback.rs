//! Closures that C calls. Each is a box whose address is its `user_data`, and which its `destroy`
//! drops. No panic may unwind C's frames, so each of them is caught here, and kept until the call
//! that ran the closure has returned.

use std::any::Any;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use crate::client::Outcome;
use crate::error::Error;
use crate::options::LogLevel;
use crate::sys::{self, kn_error, kn_result, kn_worker};
use crate::text;

/// The first panic that was caught; others are likely to follow from it.
#[derive(Default)]
pub(crate) struct Panics(Mutex<Option<Box<dyn Any + Send>>>);

impl Panics {
    /// Whether there was no panic.
    fn guard(&self, call: impl FnOnce()) -> bool {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(()) => true,
            Err(payload) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(payload);
                false
            }
        }
    }

    /// Goes on with what was caught, in Rust's own frames.
    pub(crate) fn resume(&self) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(payload) = kept {
            resume_unwind(payload);
        }
    }
}

/// For panics that nobody can be told of. Not even the payload is dropped: that may panic, too.
fn swallow(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        std::mem::forget(payload);
    }
}

/// What an error handler, a completion and a log are to C.
pub(crate) struct ErrorCallback {
    pub(crate) call: Box<dyn FnMut(&Error) + Send>,
    pub(crate) panics: std::sync::Arc<Panics>,
    /// For use inside the worker's own calls.
    pub(crate) worker: *mut kn_worker,
}

pub(crate) struct Completion {
    pub(crate) call: Option<Box<dyn FnOnce(Outcome) + Send>>,
    pub(crate) panics: std::sync::Arc<Panics>,
}

pub(crate) type Log = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

pub(crate) fn into_user_data<T>(callback: T) -> *mut c_void {
    Box::into_raw(Box::new(callback)).cast()
}

pub(crate) unsafe extern "C" fn on_error(details: *const kn_error, user_data: *mut c_void) {
    let callback = &mut *user_data.cast::<ErrorCallback>();
    let call = &mut callback.call;
    if !callback.panics.guard(|| call(&Error::copied(details))) {
        sys::kn_worker_interrupt(callback.worker);
    }
}

pub(crate) unsafe extern "C" fn on_completion(result: *const kn_result, user_data: *mut c_void) {
    let callback = &mut *user_data.cast::<Completion>();
    if let Some(call) = callback.call.take() {
        callback.panics.guard(|| call(Outcome::copied(result)));
    }
}

/// Several threads may be in here at once, so it is shared and not changed.
pub(crate) unsafe extern "C" fn on_log(level: i32, line: *const c_char, user_data: *mut c_void) {
    let log = &*user_data.cast::<Log>();
    swallow(|| log(LogLevel::of(level), text::borrowed(line).unwrap_or("")));
}

/// `destroy` for a box of this type.
pub(crate) unsafe extern "C" fn destroy<T>(user_data: *mut c_void) {
    swallow(|| drop(Box::from_raw(user_data.cast::<T>())));
}
