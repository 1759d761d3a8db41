use std::fmt;
use std::panic::{self, AssertUnwindSafe};

use crate::event::Event;

/// Any error of a handler.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) type Handler = Box<dyn FnMut(&Event) -> std::result::Result<(), BoxError> + Send>;

pub(crate) type HandlerErrorHandler = Box<dyn FnMut(BoxError, &Event) + Send>;

/// What a handler panicked with, as [`crate::Worker::on_handler_error`] hears of it.
#[derive(Debug)]
pub struct HandlerPanic(String);

impl fmt::Display for HandlerPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a handler panicked: {}", self.0)
    }
}

impl std::error::Error for HandlerPanic {}

/// What a handler returns, or panics with.
pub(crate) fn called(handler: &mut Handler, event: &Event) -> std::result::Result<(), BoxError> {
    // What the handler has left half done is its own, and its next call's, to see.
    panic::catch_unwind(AssertUnwindSafe(|| handler(event))).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no text".to_owned());
        Err(Box::new(HandlerPanic(text)))
    })
}

/// What a handler may return: nothing, or a `Result<(), E>` whose error goes to
/// [`crate::Worker::on_handler_error`], or else ends [`crate::Worker::run`].
pub trait HandlerResult {
    /// The error, in a box.
    fn into_result(self) -> std::result::Result<(), BoxError>;
}

impl HandlerResult for () {
    fn into_result(self) -> std::result::Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> HandlerResult for std::result::Result<(), E> {
    fn into_result(self) -> std::result::Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// A pattern and its handler.
pub(crate) struct Route {
    pub(crate) pattern: String,
    pub(crate) handler: Handler,
}

impl Route {
    /// What `kn_worker_on()` says of patterns.
    pub(crate) fn covers(&self, channel: &str, event: &str) -> bool {
        let (of_channel, of_event) = self.pattern.split_once('/').unwrap_or(("", &self.pattern));
        let is_channel = of_channel == "*" || of_channel == channel;
        let is_event = match of_event {
            "*" => !event.starts_with(':'),
            literal => literal == event,
        };
        is_channel && is_event
    }
}
