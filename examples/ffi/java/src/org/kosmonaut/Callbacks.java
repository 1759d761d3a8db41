package org.kosmonaut;

import com.sun.jna.Pointer;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What C calls. There is one function of each kind for the life of the program, so that none can be
 * collected while C has its address; {@code user_data} is the number of what it is to call. Nothing
 * is thrown out of them: that would unwind the frames of C.
 */
final class Callbacks {
    private Callbacks() {}

    private static final Map<Long, Object> TARGETS = new ConcurrentHashMap<>();
    private static final AtomicLong LAST = new AtomicLong();

    /** A worker's error handler, and what it threw, which comes out when the call has returned. */
    record ErrorListener(Consumer<KosmonautException> handler, AtomicReference<Throwable> thrown) {}

    /** The worker owns the listener: if C did, one that refers to its worker would keep both. */
    record ErrorTarget(WeakReference<ErrorListener> owned, Pointer worker) {
        void hear(Pointer error) {
            ErrorListener listener = owned.get();
            if (listener == null) {
                return;
            }
            try {
                listener.handler().accept(new KosmonautException(error));
            } catch (Throwable problem) {
                listener.thrown().compareAndSet(null, problem);
                Kn.kn_worker_interrupt(worker);
            }
        }
    }

    /** A call that was handed in. */
    record Pending<T>(CompletableFuture<T> future, Function<Pointer, T> value) {
        void complete(Pointer result) {
            try {
                Pointer error = Kn.kn_result_error(result);
                // Where each event of a batch has an outcome, that is the value.
                if (error != null && Kn.kn_result_count(result).longValue() == 0) {
                    future.completeExceptionally(new KosmonautException(error));
                } else {
                    future.complete(value.apply(result));
                }
            } catch (Throwable problem) {
                future.completeExceptionally(problem);
            }
        }

        void drop() {
            future.cancel(false); // unless it is complete
        }
    }

    /** Never called: events are taken out with kn_worker_next(). It is there for the filter. */
    static final Kn.Handler NEVER_CALLED = (event, userData) -> {};

    static final Kn.ErrorHandler ON_ERROR = (error, userData) -> {
        if (target(userData) instanceof ErrorTarget target) {
            target.hear(error);
        }
    };

    static final Kn.Completion ON_COMPLETION = (result, userData) -> {
        if (target(userData) instanceof Pending<?> pending) {
            pending.complete(result);
        }
    };

    static final Kn.LogHandler ON_LOG = (level, message, userData) -> {
        try {
            if (target(userData) instanceof LogTarget target) {
                target.log().accept(Options.LogLevel.of(level), CTypes.text(message));
            }
        } catch (Throwable problem) {
            // What reports a failure must not be one.
        }
    };

    record LogTarget(BiConsumer<Options.LogLevel, String> log) {}

    static final Kn.Destroy DESTROY = userData -> {
        if (userData != null
                && TARGETS.remove(Pointer.nativeValue(userData)) instanceof Pending<?> pending) {
            pending.drop();
        }
    };

    private static Object target(Pointer userData) {
        return TARGETS.get(Pointer.nativeValue(userData));
    }

    /** The {@code user_data} of a call that gives it away, and {@link #DESTROY} with it. */
    static Pointer userData(Object target) {
        long number = LAST.incrementAndGet();
        TARGETS.put(number, target);
        return new Pointer(number);
    }

    /** For tests: how many C has. */
    static int held() {
        return TARGETS.size();
    }
}
