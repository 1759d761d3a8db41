package org.kosmonaut;

import com.sun.jna.Pointer;
import java.util.List;
import java.util.Optional;

/**
 * One page of a channel's subscribers.
 *
 * @param subscribers in the order of their sids
 * @param next what to ask for the next page with; empty when this is the last one
 */
public record SubscriberPage(List<Subscriber> subscribers, Optional<String> next) {
    /** Copies a page, which stays the library's. */
    static SubscriberPage of(Pointer page) {
        return new SubscriberPage(
                Pages.rows(page, Kn.kn_subscribers_count(page), Subscriber::of),
                Optional.ofNullable(CTypes.text(Kn.kn_subscribers_next(page))));
    }
}
