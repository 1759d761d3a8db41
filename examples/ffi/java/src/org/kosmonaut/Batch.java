package org.kosmonaut;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Triggers that go out in one request. For one thread at a time. */
public final class Batch implements AutoCloseable {
    private final Handle.Owned handle;

    /** An empty one. */
    public Batch() {
        Pointer batch = Kn.kn_batch_new();
        if (batch == null) {
            throw new KosmonautException(Status.NO_MEMORY);
        }
        handle = new Handle.Owned(this, batch, Kn::kn_batch_free);
    }

    /**
     * Adds a trigger, as for {@link Client#trigger}. If it throws, nothing was added.
     *
     * @param data a JSON object; null stands for {}
     */
    public Batch add(String channel, String event, String data) {
        String on = Kosmonaut.text(channel, "the channel");
        String name = Kosmonaut.text(event, "the event");
        KosmonautException.require(handle.use(b -> Kn.kn_batch_add(
                b, on, name, Kosmonaut.payload(data), Kosmonaut.length(data))),
                // By its place: what was given for a name may be a token that went astray.
                () -> "trigger " + (size() + 1));
        return this;
    }

    /** How many triggers it holds. */
    public int size() {
        return handle.get(0, b -> Kn.kn_batch_count(b).intValue());
    }

    /** Takes all triggers out. */
    public void clear() {
        handle.use(b -> {
            Kn.kn_batch_clear(b);
            return null;
        });
    }

    /** Frees the batch. Calls that were given it have their own copy. */
    @Override
    public void close() {
        handle.close();
    }

    <T> T with(Function<Pointer, T> call) {
        return handle.use(call);
    }

    /**
     * How each trigger of a batch ended.
     *
     * @param failures in the batch's order, and empty for those that succeeded
     */
    public record Result(List<Optional<KosmonautException>> failures) {
        /** The first failure. */
        public Optional<KosmonautException> failure() {
            return failures.stream().flatMap(Optional::stream).findFirst();
        }

        /** Copies a result, which stays the library's. */
        static Result of(Pointer result) {
            List<Optional<KosmonautException>> failures = new ArrayList<>();
            long count = Kn.kn_result_count(result).longValue();
            for (long index = 0; index < count; index++) {
                failures.add(failureOf(result, new CTypes.SizeT(index)));
            }
            return new Result(List.copyOf(failures));
        }

        private static Optional<KosmonautException> failureOf(Pointer result, CTypes.SizeT index) {
            Status status = new Status(Kn.kn_result_item_status(result, index));
            if (status.code() >= 0) {
                return Optional.empty();
            }
            Pointer error = Kn.kn_result_item_error(result, index);
            return Optional.of(error == null
                    ? new KosmonautException(status) : new KosmonautException(error));
        }
    }
}
