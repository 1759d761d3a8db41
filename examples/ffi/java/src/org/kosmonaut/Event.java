package org.kosmonaut;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * What a browser sent. It never changes, any thread may read it, and it outlives its worker. After
 * {@link #close} its getters throw {@link Status#CLOSED}.
 */
public final class Event implements AutoCloseable {
    /** What kind of event one is. */
    public enum Kind {
        /** A browser sent it. */
        MESSAGE,
        /** The broker says that messages were lost (delivery at least once only). */
        GAP,
        /** One that a later release added, and that was asked for. */
        OTHER
    }

    private final Handle.Owned handle;
    private final Handling handling;

    /** What all references to an event know of its handler. */
    static final class Handling {
        final AtomicBoolean isUnderWay = new AtomicBoolean();
        final AtomicBoolean isDeferred = new AtomicBoolean();
    }

    Event(Pointer event) {
        this(event, new Handling());
    }

    private Event(Pointer event, Handling handling) {
        this.handling = handling;
        handle = new Handle.Owned(this, event, Kn::kn_event_free);
    }

    Handling handling() {
        return handling;
    }

    /**
     * Lets go of the event. Where delivery is at least once, one that was not answered goes back to
     * the broker. A worker closes what it gave a handler; {@link #retain} keeps it.
     */
    @Override
    public void close() {
        handle.close();
    }

    /** Keeps an event beyond its handler, as another one that the caller closes. */
    public Event retain() {
        return handle.use(e -> new Event(Kn.kn_event_retain(e), handling));
    }

    private String text(Function<Pointer, Pointer> getter) {
        return handle.use(e -> CTypes.text(getter.apply(e)));
    }

    /** A message, or a kind that was asked for. */
    public Kind kind() {
        int kind = handle.use(Kn::kn_event_kind);
        return Kind.values()[kind < 0 || kind > 1 ? Kind.OTHER.ordinal() : kind];
    }

    /** How often this message was delivered, this time included. */
    public int attempt() {
        return handle.use(Kn::kn_event_attempt);
    }

    /**
     * The reference under which a page sent it, at least once: the key by which a repetition is
     * told, over the whole way.
     */
    public Optional<String> ref() {
        return Optional.ofNullable(text(Kn::kn_event_ref));
    }

    /** When the broker took it, at least once, by its clock. */
    public Optional<Instant> time() {
        long ms = handle.use(Kn::kn_event_time_ms);
        return ms < 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(ms));
    }

    /** The topic as it came: channel, slash, event. */
    public String topic() {
        return text(Kn::kn_event_topic);
    }

    /** The topic's part before the first slash; "" where there is none. */
    public String channel() {
        return text(Kn::kn_event_channel);
    }

    /** The topic's part after the first slash, or the whole of it. */
    public String name() {
        return text(Kn::kn_event_name);
    }

    /** The event's id in its stream; "" when the stream gave none. */
    public String id() {
        return text(Kn::kn_event_id);
    }

    /** The authenticated user whose browser sent it, which the broker says and not the browser. */
    public Optional<String> uid() {
        return Optional.ofNullable(text(Kn::kn_event_uid));
    }

    /** The session, that is the connection, whose browser sent it. */
    public Optional<String> sid() {
        return Optional.ofNullable(text(Kn::kn_event_sid));
    }

    /** A copy of the payload, byte for byte as it came. From a broker it is a JSON object. */
    public byte[] bytes() {
        return handle.use(e -> {
            CTypes.SizeT.ByReference length = new CTypes.SizeT.ByReference();
            return Kn.kn_event_data(e, length).getByteArray(0, length.value());
        });
    }

    /** The payload as text. */
    public String data() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /**
     * Acknowledges the event: it was dealt with. A worker does so for a handler that returns.
     * {@link Status#STATE}: it was answered already; {@link Status#CLOSED}: too late, it comes
     * again.
     */
    public void ack() {
        KosmonautException.require(handle.use(Kn::kn_event_ack));
    }

    /**
     * Gives the event back: it is to be delivered again after the delay. {@link Status#STATE}: it
     * was answered already, or delivery is at most once.
     */
    public void nack(Duration delay) {
        KosmonautException.require(
                handle.use(e -> Kn.kn_event_nack(e, Kosmonaut.milliseconds(delay))));
    }

    /**
     * Gives the event back because this program has nothing for it, which does not count against
     * it. As {@link #nack}.
     */
    public void decline(Duration delay) {
        KosmonautException.require(
                handle.use(e -> Kn.kn_event_decline(e, Kosmonaut.milliseconds(delay))));
    }

    /** Asks for more time: the broker's deadline for the answer begins anew. As {@link #nack}. */
    public void extend() {
        KosmonautException.require(handle.use(Kn::kn_event_extend));
    }

    /**
     * For how long an event is given back that a handler has failed with: longer each time, so that
     * a database that is away for half a minute makes no dead letters.
     */
    Duration retryDelay() {
        int[] seconds = {1, 5, 20, 60};
        return Duration.ofSeconds(seconds[Math.max(0, Math.min(attempt(), seconds.length) - 1)]);
    }

    /**
     * Says, in the handler, that the answer comes later; {@link #retain} the event for that.
     * {@link Status#STATE}: this is not the event's handler.
     */
    public void defer() {
        if (handling.isUnderWay.get()) {
            handling.isDeferred.set(true);
            return;
        }
        KosmonautException.require(handle.use(Kn::kn_event_defer));
    }

    @Override
    public String toString() {
        return handle.isClosed() ? "a closed event" : topic() + " " + data();
    }
}
