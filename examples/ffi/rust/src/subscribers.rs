use std::slice;
use std::vec;

use crate::client::Client;
use crate::error::Result;
use crate::sys::{self, kn_subscribers};
use crate::text::borrowed;

/// A connection that is subscribed to a channel, as it was when the broker was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The session, that is the connection.
    pub sid: String,
    /// The user that it is authenticated as, which the broker says and not the browser.
    pub uid: Option<String>,
    /// Whether it hides from the other members of a presence channel.
    pub is_hidden: bool,
    /// What the browser said of itself as it subscribed: a JSON object, as it came.
    pub data: String,
}

/// One page of a channel's subscribers, in the order of their sids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberPage {
    /// Who is on it.
    pub subscribers: Vec<Subscriber>,
    /// What to ask for the next page with; `None` when this is the last one.
    pub next: Option<String>,
}

impl SubscriberPage {
    /// # Safety
    /// `page` points to a page.
    pub(crate) unsafe fn copied(page: *const kn_subscribers) -> SubscriberPage {
        SubscriberPage {
            subscribers: (0..sys::kn_subscribers_count(page))
                .map(|index| subscriber(page, index))
                .collect(),
            next: borrowed(sys::kn_subscribers_next(page)).map(str::to_owned),
        }
    }
}

unsafe fn subscriber(page: *const kn_subscribers, index: usize) -> Subscriber {
    let mut length = 0;
    let data = sys::kn_subscribers_data(page, index, &mut length);
    Subscriber {
        sid: borrowed(sys::kn_subscribers_sid(page, index)).unwrap_or("").to_owned(),
        uid: borrowed(sys::kn_subscribers_uid(page, index)).map(str::to_owned),
        is_hidden: sys::kn_subscribers_hidden(page, index) != 0,
        data: String::from_utf8_lossy(slice::from_raw_parts(data.cast::<u8>(), length))
            .into_owned(),
    }
}

/// All who are on a channel: from [`Client::subscribers`].
pub struct Subscribers<'a> {
    client: &'a Client,
    channel: String,
    page_size: u32,
    page: vec::IntoIter<Subscriber>,
    next: Next,
}

enum Next {
    First,
    After(String),
    Nothing,
}

impl<'a> Subscribers<'a> {
    pub(crate) fn new(client: &'a Client, channel: &str, page_size: u32) -> Subscribers<'a> {
        let (channel, page) = (channel.to_owned(), Vec::new().into_iter());
        Subscribers { client, channel, page_size, page, next: Next::First }
    }
}

impl Iterator for Subscribers<'_> {
    type Item = Result<Subscriber>;

    fn next(&mut self) -> Option<Result<Subscriber>> {
        loop {
            if let Some(subscriber) = self.page.next() {
                return Some(Ok(subscriber));
            }
            let after = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::First => None,
                Next::After(sid) => Some(sid),
                Next::Nothing => return None,
            };
            match self.client.subscribers_page(&self.channel, after.as_deref(), self.page_size) {
                Err(error) => return Some(Err(error)),
                Ok(page) => {
                    self.page = page.subscribers.into_iter();
                    self.next = page.next.map_or(Next::Nothing, Next::After);
                }
            }
        }
    }
}
