package org.kosmonaut;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Receives the events that browsers send. It connects on first use, and keeps itself connected. It
 * has no thread of its own: everything happens in {@link #next}, {@link #run} and
 * {@link #dispatch}, which one thread at a time may be in. The others are for every thread.
 *
 * <p>A wait ends with {@link Thread#interrupt}, which is noticed within 100 ms, and at once with
 * {@link #interrupt}, {@link #shutdown} and {@link #close}. None of them loses an event.
 */
public final class Worker implements AutoCloseable {
    /** Deals with an event, which is closed when its last handler has returned. */
    @FunctionalInterface
    public interface Handler {
        /** What it throws goes to {@link Worker#onException}, or else comes out of {@link Worker#run}. */
        void handle(Event event) throws Exception;
    }

    /** What a worker is doing. */
    public enum State {
        /** Not used yet. */
        IDLE,
        /** Until the answer's head is there. */
        CONNECTING,
        /** The stream is open. */
        CONNECTED,
        /** Between two tries. */
        WAITING,
        /** Closing has not finished. */
        CLOSING,
        /** Closed, ended by the server, or failed for good. */
        CLOSED;

        static State of(int code) {
            return values()[Math.max(0, Math.min(code, values().length - 1))];
        }
    }

    /** What kn_worker_on() says of patterns. */
    private record Route(String pattern, Handler handler) {
        boolean covers(String channel, String event) {
            int slash = pattern.indexOf('/');
            String ofChannel = pattern.substring(0, slash);
            String ofEvent = pattern.substring(slash + 1);
            boolean isChannel = ofChannel.equals("*") || ofChannel.equals(channel);
            boolean isEvent =
                    ofEvent.equals("*") ? !event.startsWith(":") : ofEvent.equals(event);
            return isChannel && isEvent;
        }
    }

    private final Handle.Owned handle;
    private final AtomicBoolean seat = new AtomicBoolean(); // somebody drives
    private final AtomicBoolean wanted = new AtomicBoolean(); // an interrupt that none reported
    private final AtomicReference<Throwable> thrown = new AtomicReference<>(); // by onError's
    private Callbacks.ErrorListener errorListener; // here to be owned; it is called from C
    private volatile BiConsumer<Exception, Event> exceptionListener; // null: nobody's
    private volatile List<Route> routes = List.of();
    private volatile Status status = Status.OK;

    /** The same with defaults. */
    public Worker(String url) {
        this(url, null);
    }

    /**
     * Makes a worker; nothing is sent before its first use.
     *
     * @param url as for {@link Client#Client(String, Options)}
     * @param options null for the defaults
     */
    public Worker(String url, Options options) {
        PointerByReference worker = new PointerByReference();
        Options.with(options, o -> KosmonautException.checked(
                error -> Kn.kn_worker_new(Kosmonaut.text(url, "the URL"), o, worker, error)));
        handle = new Handle.Owned(this, worker.getValue(), Kn::kn_worker_free);
    }

    /** A call with the worker in its C form. */
    @FunctionalInterface
    private interface Call {
        int make(Pointer worker, PointerByReference error);
    }

    /** A worker that was closed answers {@link Status#CLOSED}, as C does. */
    private Status call(Call call) {
        return handle.get(Status.CLOSED,
                w -> KosmonautException.checked(error -> call.make(w, error)));
    }

    private static void require(Status status) {
        KosmonautException.require(status.code());
    }

    /**
     * Gives the events that match a pattern, {@code channel/event}, a handler. Either part may be
     * *, which stands for anything but events that begin with a colon. All handlers that match run,
     * the oldest pattern first; a second handler for a pattern replaces the first. Handlers may
     * call it.
     *
     * <p>The worker asks the broker for what its handlers cover, unless {@link Options#filter} says
     * otherwise; so a new pattern has to come before the first use. {@link Status#INVALID}: not a
     * pattern; {@link Status#STATE}: too late, or another thread waits in the worker.
     */
    public synchronized void on(String pattern, Handler handler) {
        // The library knows the pattern for the filter alone, and judges it.
        require(call((w, e) -> Kn.kn_worker_on(
                w, Kosmonaut.text(pattern, "the pattern"), Callbacks.NEVER_CALLED, null, null, e)));
        List<Route> changed = new ArrayList<>(routes);
        int place = placeOf(pattern);
        if (place < 0) {
            changed.add(new Route(pattern, handler));
        } else {
            changed.set(place, new Route(pattern, handler));
        }
        routes = List.copyOf(changed);
    }

    /** Takes the handler of a pattern away. */
    public synchronized void off(String pattern) {
        require(call((w, e) -> Kn.kn_worker_on(
                w, Kosmonaut.text(pattern, "the pattern"), null, null, null, e)));
        routes = routes.stream().filter(route -> !route.pattern().equals(pattern)).toList();
    }

    private int placeOf(String pattern) {
        for (int i = 0; i < routes.size(); i++) {
            if (routes.get(i).pattern().equals(pattern)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Hears of failures that the worker retries by itself, inside its own calls; null removes it.
     * What it throws comes out of the call. {@link Status#STATE}: another thread waits in the
     * worker.
     */
    public synchronized void onError(Consumer<KosmonautException> handler) {
        Callbacks.ErrorListener listener = new Callbacks.ErrorListener(handler, thrown);
        require(call((w, e) -> {
            if (handler == null) {
                return Kn.kn_worker_on_error(w, null, null, null, e);
            }
            // From the call on the library lets go of it, also when that fails.
            Pointer userData = Callbacks.userData(
                    new Callbacks.ErrorTarget(new WeakReference<>(listener), w));
            return Kn.kn_worker_on_error(w, Callbacks.ON_ERROR, userData, Callbacks.DESTROY, e);
        }));
        errorListener = listener;
    }

    /**
     * Hears of what handlers throw, and of the event, which it must not close; the worker then goes
     * on with the next event. null removes it: what a handler throws then comes out of {@link #run},
     * and what a page sends can end the worker. Errors and an {@link InterruptedException} come out
     * in any case, and so does what it throws itself. Any thread.
     */
    public void onException(BiConsumer<Exception, Event> handler) {
        exceptionListener = handler;
    }

    private void takeSeat() {
        if (!seat.compareAndSet(false, true)) {
            throw new KosmonautException(Status.STATE);
        }
    }

    /**
     * Hands over the next event, which the caller closes. It does not look at handlers.
     *
     * <p>A fatal failure is thrown once: {@link Status#UNAUTHORIZED}, {@link Status#FORBIDDEN},
     * {@link Status#NO_VHOST}, {@link Status#BAD_REQUEST}, {@link Status#SERVER}. So is
     * {@link Status#STATE}: another thread, or a handler, is in the worker.
     *
     * @param timeout 0 does not wait, {@link Kosmonaut#FOREVER} waits for ever
     * @return empty when there is none: {@link #status} tells why
     * @throws InterruptedException the thread was interrupted
     */
    public Optional<Event> next(Duration timeout) throws InterruptedException {
        takeSeat();
        try {
            return take(timeout);
        } finally {
            seat.set(false);
        }
    }

    /**
     * Why {@link #next} brought no event: {@link Status#AGAIN}: time is up; {@link Status#CLOSED};
     * {@link Status#INTERRUPTED}.
     */
    public Status status() {
        return status;
    }

    /** For whoever has the seat. */
    private Optional<Event> take(Duration timeout) throws InterruptedException {
        Slices slices = new Slices(timeout);
        PointerByReference event = new PointerByReference();
        for (;;) {
            long slice = slices.next();
            try {
                status = call((w, e) -> Kn.kn_worker_next(w, slice, event, e));
            } finally {
                // With an event, it is the next call that throws: it was interrupted.
                if (event.getValue() == null) {
                    throwWhatWasThrown();
                }
            }
            if (event.getValue() != null) {
                return Optional.of(new Event(event.getValue()));
            }
            boolean isOver = status.equals(Status.AGAIN)
                    ? slices.areOver()
                    // An interrupt may be left over from an exception that is out already.
                    : !status.equals(Status.INTERRUPTED) || wanted.getAndSet(false);
            if (isOver) {
                return Optional.empty();
            }
        }
    }

    private void throwWhatWasThrown() {
        Throwable problem = thrown.getAndSet(null);
        if (problem instanceof Error error) {
            throw error;
        }
        if (problem instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /**
     * Hands events to their handlers until the worker is closed or interrupted, or a handler
     * throws what {@link #onException} does not hear of. An exception comes out as it is, but
     * checked ones as the cause of a {@link HandlerException}; the worker is as usable as before.
     * {@link Status#STATE}: there are no handlers; otherwise as {@link #next}.
     *
     * @return {@link Status#CLOSED} or {@link Status#INTERRUPTED}
     * @throws InterruptedException the thread was interrupted
     */
    public Status run() throws InterruptedException {
        takeSeat();
        try {
            if (routes.isEmpty()) {
                // The library refuses, or says what goes before that.
                return call(Kn::kn_worker_run);
            }
            for (;;) {
                Optional<Event> event = take(Kosmonaut.FOREVER);
                if (event.isEmpty()) {
                    return status;
                }
                handOver(event.get());
            }
        } finally {
            seat.set(false);
        }
    }

    /**
     * Hands what is ready to its handlers, without waiting.
     *
     * @return {@link Status#OK}: an event was handed over, there may be more; {@link Status#AGAIN};
     *         otherwise as {@link #run}
     * @throws InterruptedException the thread was interrupted
     */
    public Status dispatch() throws InterruptedException {
        takeSeat();
        try {
            if (routes.isEmpty()) {
                return call(Kn::kn_worker_dispatch);
            }
            Optional<Event> event = take(Duration.ZERO);
            if (event.isEmpty()) {
                return status;
            }
            handOver(event.get());
            return Status.OK;
        } finally {
            seat.set(false);
        }
    }

    /** Answers an event as its handlers want, also when one throws. */
    private void handOver(Event event) throws InterruptedException {
        boolean isDone = false;
        event.handling().isUnderWay.set(true);
        try {
            isDone = callHandlers(event);
        } finally {
            event.handling().isUnderWay.set(false);
            answer(event, isDone);
            event.close();
        }
    }

    /** Whether none of them threw what {@link #onException} was told instead of the caller. */
    private boolean callHandlers(Event event) throws InterruptedException {
        String channel = event.channel();
        String name = event.name();
        boolean isCovered = false;
        for (Route route : routes) {
            if (!route.covers(channel, name)) {
                continue;
            }
            isCovered = true;
            try {
                route.handler().handle(event);
            } catch (InterruptedException exception) {
                throw exception;
            } catch (Exception exception) {
                tell(exception, event);
                return false;
            }
            if (state().compareTo(State.CLOSING) >= 0) {
                break; // a handler closed the worker: the rest of them are not called
            }
        }
        if (!isCovered) {
            decline(event);
        }
        return true;
    }

    private void tell(Exception exception, Event event) {
        BiConsumer<Exception, Event> listener = exceptionListener;
        if (listener != null) {
            listener.accept(exception, event);
        } else if (exception instanceof RuntimeException unchecked) {
            throw unchecked;
        } else {
            throw new HandlerException(exception);
        }
    }

    /** For another worker to have. */
    private static void decline(Event event) {
        try {
            event.decline(Duration.ofSeconds(1));
        } catch (KosmonautException refused) {
            // A gap, or delivery is at most once.
        }
    }

    private static void answer(Event event, boolean isDone) {
        try {
            if (!isDone) {
                event.nack(event.retryDelay());
            } else if (!event.handling().isDeferred.get()) {
                event.ack();
            }
        } catch (KosmonautException refused) {
            // It has its answer, or delivery is at most once and there is nothing to give back.
        }
    }

    /** The descriptor that is readable when a call would do or tell something; -1 when closed. */
    public int fd() {
        return handle.get(-1, Kn::kn_worker_fd);
    }

    /**
     * Makes the call that is in the worker, or else the next one, return. It loses no event;
     * several before that are one.
     */
    public void interrupt() {
        wanted.set(true);
        require(call((w, e) -> Kn.kn_worker_interrupt(w)));
    }

    /**
     * Closes the worker, and waits for its connection to go. Whoever is inside is told
     * {@link Status#CLOSED}; a handler that is running goes on: join your own thread.
     * {@link #close} has to follow.
     *
     * @return whether it is closed; if not, call it again
     * @throws InterruptedException the thread was interrupted
     */
    public boolean shutdown(Duration timeout) throws InterruptedException {
        Slices slices = new Slices(timeout);
        for (;;) {
            long slice = slices.next();
            Status status = call((w, e) -> Kn.kn_worker_close(w, slice, e));
            if (!status.equals(Status.AGAIN)) {
                return true;
            }
            if (slices.areOver()) {
                return false;
            }
        }
    }

    /** Closes the worker at once, without waiting, and frees it. Whoever is inside is told so. */
    @Override
    public void close() {
        try {
            call((w, e) -> Kn.kn_worker_close(w, 0, e));
        } finally {
            handle.close();
        }
    }

    /** What the worker is doing. */
    public State state() {
        return handle.get(State.CLOSED, w -> State.of(Kn.kn_worker_state(w)));
    }

    /** How many events were handed over. */
    public long events() {
        return handle.get(0L, Kn::kn_worker_events);
    }

    /** How many bytes of the stream were received. */
    public long bytes() {
        return handle.get(0L, Kn::kn_worker_bytes);
    }

    /** How many times the stream was opened again after the first time. */
    public long reconnects() {
        return handle.get(0L, Kn::kn_worker_reconnects);
    }

    /** How long the oldest of what was received and not handed over has been waiting. */
    public Duration lag() {
        return Duration.ofMillis(handle.get(0L, Kn::kn_worker_lag_ms));
    }

    /** The failure that ended a connection, or the try for one, last. */
    public Optional<KosmonautException> lastError() {
        return handle.get(Optional.empty(), w -> {
            Pointer error = Kn.kn_worker_last_error(w);
            if (error == null) {
                return Optional.empty();
            }
            try {
                return Optional.of(new KosmonautException(error));
            } finally {
                Kn.kn_error_free(error);
            }
        });
    }

    /** All figures in one JSON text. */
    public String stats() {
        PointerByReference json = new PointerByReference();
        require(call((w, e) -> Kn.kn_worker_stats(w, json, e)));
        return CTypes.take(json);
    }
}
