//! Closures that C calls. Each is a box whose address is its `user_data`, and which its `destroy`
//! drops. No panic may unwind C's frames, so each of them is caught here, and kept until the call
//! that ran the closure has returned.

use std::any::Any;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::outcome::Outcome;
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

/// For panics that nobody can be told of. Dropping what one carries may be another.
fn swallow(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
    }
}

/// A worker's error handler, which the worker owns. It may hold a handle of its worker; if C owned
/// it, neither would ever go.
pub(crate) type ErrorHandler = Mutex<Box<dyn FnMut(&Error) + Send>>;

/// What an error handler is to C.
pub(crate) struct ErrorCallback {
    pub(crate) handler: Weak<ErrorHandler>,
    pub(crate) panics: Arc<Panics>,
    /// For use inside the worker's own calls.
    pub(crate) worker: *mut kn_worker,
}

/// What the closure of a call that was handed in is to C.
pub(crate) struct Completion {
    pub(crate) call: Option<Box<dyn FnOnce(Outcome) + Send>>,
    pub(crate) panics: Arc<Panics>,
}

pub(crate) type Log = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

pub(crate) fn into_user_data<T>(callback: T) -> *mut c_void {
    Box::into_raw(Box::new(callback)).cast()
}

pub(crate) unsafe extern "C" fn on_error(details: *const kn_error, user_data: *mut c_void) {
    let callback = &*user_data.cast::<ErrorCallback>();
    let handler = match callback.handler.upgrade() {
        Some(handler) => handler,
        None => return,
    };
    let error = Error::copied(details);
    let call = || handler.lock().unwrap_or_else(PoisonError::into_inner)(&error);
    if !callback.panics.guard(call) {
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
