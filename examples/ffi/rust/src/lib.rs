//! Talks with the browsers of an application through a WebRocket broker, over libkosmonaut.
//!
//! A [`Client`] opens channels, triggers events on them and asks for the single access tokens with
//! which browsers authenticate. A [`Worker`] receives what browsers send.
//!
//! * `Client`, [`Event`] and [`WorkerHandle`] are `Send` and `Sync`. `Worker` is `Send` alone: what
//!   waits takes `&mut self`, so the compiler sees to it that one thread at a time is in there.
//! * Handlers run in Rust's own frames, between two calls to the library. A panic unwinds through
//!   [`Worker::run`] as through any function. Of the closures that C calls (error handlers,
//!   completions, logs) panics are caught, and resumed when the C call has returned.
//! * Everything is freed when it is dropped, on whichever thread. Only a worker that is to wait for
//!   its connection's end is closed before ([`WorkerHandle::close`]).

#![warn(missing_docs)]

mod callback;
mod client;
mod error;
mod event;
mod handlers;
mod options;
mod outcome;
pub mod sys;
mod text;
mod worker;

pub use client::{Batch, Client, Flushed};
pub use error::{Error, Result, Status};
pub use event::{Event, EventKind};
pub use options::{Delivery, LogLevel, Options, Order};
pub use outcome::*;
pub use worker::{
    BoxError, Dispatched, Ended, Events, HandlerPanic, HandlerResult, Next, RunError, Worker,
    WorkerHandle, WorkerState,
};

/// The version of the C library that is loaded, such as "1.0.0".
pub fn version() -> &'static str {
    unsafe { text::borrowed(sys::kn_version()) }.unwrap_or("")
}

/// The version of the C library that is loaded as `0xMMmmpp`; newer is greater.
pub fn version_number() -> i32 {
    unsafe { sys::kn_version_number() }
}
