use std::fmt;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{require, Result};
use crate::sys::{self, kn_event};
use crate::text;

/// What kind of event one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A browser sent it.
    Message,
    /// The broker says that messages were lost (delivery at least once only).
    Gap,
    /// One that a later release added, and that was asked for.
    Other(i32),
}

/// What a browser sent. It never changes, any thread may read it, and it outlives its worker; a
/// clone is another reference to it. Where delivery is at least once, one whose last reference goes
/// without an answer goes back to the broker.
pub struct Event {
    event: NonNull<kn_event>,
    handling: Arc<Handling>,
}

/// What all references to an event know of its handler.
#[derive(Default)]
pub(crate) struct Handling {
    pub(crate) is_under_way: AtomicBool,
    pub(crate) is_deferred: AtomicBool,
}

// The header says so: any thread, any time.
unsafe impl Send for Event {}
unsafe impl Sync for Event {}

impl Event {
    /// # Safety
    /// `event` is a reference that nobody else frees.
    pub(crate) unsafe fn owned(event: NonNull<kn_event>) -> Event {
        Event { event, handling: Arc::default() }
    }

    pub(crate) fn handling(&self) -> &Handling {
        &self.handling
    }

    fn as_ptr(&self) -> *const kn_event {
        self.event.as_ptr()
    }

    /// A message, or a kind that was asked for.
    pub fn kind(&self) -> EventKind {
        match unsafe { sys::kn_event_kind(self.as_ptr()) } {
            0 => EventKind::Message,
            1 => EventKind::Gap,
            other => EventKind::Other(other),
        }
    }

    /// How often this message was delivered, this time included.
    pub fn attempt(&self) -> i32 {
        unsafe { sys::kn_event_attempt(self.as_ptr()) }
    }

    /// The reference under which a page sent it, at least once: the key by which a repetition is
    /// told, over the whole way.
    pub fn reference(&self) -> Option<&str> {
        unsafe { text::borrowed(sys::kn_event_ref(self.as_ptr())) }
    }

    /// When the broker took it, at least once, by its clock.
    pub fn time(&self) -> Option<SystemTime> {
        let ms = unsafe { sys::kn_event_time_ms(self.as_ptr()) };
        u64::try_from(ms).ok().map(|ms| UNIX_EPOCH + Duration::from_millis(ms))
    }

    /// The topic as it came: channel, slash, event.
    pub fn topic(&self) -> &str {
        unsafe { text::borrowed(sys::kn_event_topic(self.as_ptr())) }.unwrap_or("")
    }

    /// The topic's part before the first slash; "" where there is none.
    pub fn channel(&self) -> &str {
        unsafe { text::borrowed(sys::kn_event_channel(self.as_ptr())) }.unwrap_or("")
    }

    /// The topic's part after the first slash, or the whole of it.
    pub fn name(&self) -> &str {
        unsafe { text::borrowed(sys::kn_event_name(self.as_ptr())) }.unwrap_or("")
    }

    /// The event's id in its stream; "" when the stream gave none.
    pub fn id(&self) -> &str {
        unsafe { text::borrowed(sys::kn_event_id(self.as_ptr())) }.unwrap_or("")
    }

    /// The authenticated user whose browser sent the event, which the broker says and not the
    /// browser.
    pub fn uid(&self) -> Option<&str> {
        unsafe { text::borrowed(sys::kn_event_uid(self.as_ptr())) }
    }

    /// The session, that is the connection, whose browser sent the event.
    pub fn sid(&self) -> Option<&str> {
        unsafe { text::borrowed(sys::kn_event_sid(self.as_ptr())) }
    }

    /// The payload as it came. From a broker it is a JSON object.
    pub fn data(&self) -> &str {
        let mut length = 0;
        let bytes = unsafe {
            let data = sys::kn_event_data(self.as_ptr(), &mut length);
            slice::from_raw_parts(data.cast::<u8>(), length)
        };
        // The worker has replaced what is not UTF-8.
        std::str::from_utf8(bytes).unwrap_or("")
    }

    /// Acknowledges the event: it was dealt with. A worker does so for a handler that succeeds.
    /// `Status::STATE`: it was answered already; `Status::CLOSED`: too late, it comes again.
    pub fn ack(&self) -> Result<()> {
        require(unsafe { sys::kn_event_ack(self.event.as_ptr()) })
    }

    /// Gives the event back: it is to be delivered again after the delay. `Status::STATE`: it was
    /// answered already, or delivery is at most once.
    pub fn nack(&self, delay: Duration) -> Result<()> {
        let delay = text::milliseconds(Some(delay));
        require(unsafe { sys::kn_event_nack(self.event.as_ptr(), delay) })
    }

    /// Gives the event back because this program has nothing for it, which does not count against
    /// it. As [`Event::nack`].
    pub fn decline(&self, delay: Duration) -> Result<()> {
        let delay = text::milliseconds(Some(delay));
        require(unsafe { sys::kn_event_decline(self.event.as_ptr(), delay) })
    }

    /// Asks for more time: the broker's deadline for the answer begins anew. As [`Event::nack`].
    pub fn extend(&self) -> Result<()> {
        require(unsafe { sys::kn_event_extend(self.event.as_ptr()) })
    }

    /// For how long an event is given back that a handler has failed with: longer each time, so
    /// that a database that is away for half a minute makes no dead letters.
    pub(crate) fn retry_delay(&self) -> Duration {
        Duration::from_secs(match self.attempt() {
            ..=1 => 1,
            2 => 5,
            3 => 20,
            _ => 60,
        })
    }

    /// Says, in the handler, that the answer comes later, from a clone. `Status::STATE`: this is
    /// not the event's handler.
    pub fn defer(&self) -> Result<()> {
        if self.handling.is_under_way.load(Ordering::Acquire) {
            self.handling.is_deferred.store(true, Ordering::Release);
            return Ok(());
        }
        require(unsafe { sys::kn_event_defer(self.event.as_ptr()) })
    }
}

impl Clone for Event {
    fn clone(&self) -> Event {
        unsafe { sys::kn_event_retain(self.event.as_ptr()) };
        Event { event: self.event, handling: Arc::clone(&self.handling) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        unsafe { sys::kn_event_free(self.event.as_ptr()) }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("topic", &self.topic()).field("data", &self.data()).finish()
    }
}
