package org.kosmonaut;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;

/**
 * One page of a channel's subscribers.
 *
 * @param subscribers in the order of their sids
 * @param next what to ask for the next page with; empty when this is the last one
 */
public record SubscriberPage(List<Subscriber> subscribers, Optional<String> next) {
    /** Copies a page, which stays the library's. */
    static SubscriberPage of(Pointer page) {
        List<Subscriber> subscribers = new ArrayList<>();
        long count = Kn.kn_subscribers_count(page).longValue();
        for (long index = 0; index < count; index++) {
            subscribers.add(Subscriber.of(page, new CTypes.SizeT(index)));
        }
        return new SubscriberPage(List.copyOf(subscribers),
                Optional.ofNullable(CTypes.text(Kn.kn_subscribers_next(page))));
    }

    /** Goes over all pages, which it asks for one after the other. */
    static final class Walk implements Iterator<Subscriber> {
        private final Function<String, SubscriberPage> ask;
        private Iterator<Subscriber> here = null;
        private Optional<String> next = Optional.empty();

        /** By a function that has the page behind a sid; null is the beginning. */
        Walk(Function<String, SubscriberPage> ask) {
            this.ask = ask;
        }

        @Override
        public boolean hasNext() {
            while (here == null || !here.hasNext() && next.isPresent()) {
                SubscriberPage page = ask.apply(next.orElse(null));
                here = page.subscribers().iterator();
                next = page.next();
            }
            return here.hasNext();
        }

        @Override
        public Subscriber next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return here.next();
        }
    }
}
