package org.kosmonaut;

import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Owns one object of the library. Calls hold it while they are inside, so that it is freed after
 * the last of them and never before: neither by another thread's close, nor by the collector. It
 * knows nothing of the object that it belongs to, which could not be collected otherwise.
 */
final class Handle implements Runnable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final Pointer object;
    private final Consumer<Pointer> free;
    private int users;
    private boolean isClosed;

    private Handle(Pointer object, Consumer<Pointer> free) {
        this.object = object;
        this.free = free;
    }

    /** What frees an owner's object: on close, or when the owner was collected. */
    static final class Owned {
        private final Handle handle;
        private final Cleaner.Cleanable cleanable;

        Owned(Object owner, Pointer object, Consumer<Pointer> free) {
            handle = new Handle(object, free);
            cleanable = CLEANER.register(owner, handle);
        }

        void close() {
            cleanable.clean();
        }

        boolean isClosed() {
            synchronized (handle) {
                return handle.isClosed;
            }
        }

        /** Calls with the object; a closed one is {@link Status#CLOSED}. */
        <T> T use(Function<Pointer, T> call) {
            Pointer entered = handle.enter();
            if (entered == null) {
                throw new KosmonautException(Status.CLOSED);
            }
            try {
                return call.apply(entered);
            } finally {
                handle.leave();
            }
        }

        /** The same for getters; a closed one answers with {@code none}. */
        <T> T get(T none, Function<Pointer, T> getter) {
            Pointer entered = handle.enter();
            if (entered == null) {
                return none;
            }
            try {
                return getter.apply(entered);
            } finally {
                handle.leave();
            }
        }
    }

    private synchronized Pointer enter() {
        if (isClosed) {
            return null;
        }
        users++;
        return object;
    }

    private void leave() {
        boolean isLast;
        synchronized (this) {
            users--;
            isLast = isClosed && users == 0;
        }
        if (isLast) {
            free.accept(object);
        }
    }

    /** For the cleaner, which calls it once. */
    @Override
    public void run() {
        boolean isLast;
        synchronized (this) {
            isClosed = true;
            isLast = users == 0;
        }
        if (isLast) {
            free.accept(object);
        }
    }
}
