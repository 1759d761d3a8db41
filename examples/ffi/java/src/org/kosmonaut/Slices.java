package org.kosmonaut;

import java.time.Duration;

/**
 * A long wait in C, in parts: {@link Thread#interrupt} does not reach a thread that is there, so it
 * is looked at between them.
 */
final class Slices {
    /**
     * How long an interrupt may go unnoticed, in milliseconds; ten wake-ups a second cost little.
     */
    private static final long SLICE_MS = 100;

    private final boolean isEndless;
    private final long end;

    Slices(Duration timeout) {
        long limit = Kosmonaut.milliseconds(timeout);
        if (limit < -1) {
            throw new KosmonautException(Status.INVALID,
                    "the time to wait is " + timeout + "; it is 0 or more, or FOREVER");
        }
        // More than a century is for ever, too.
        isEndless = limit < 0 || limit > Duration.ofDays(36500).toMillis();
        end = isEndless ? 0 : System.nanoTime() + Duration.ofMillis(limit).toNanos();
    }

    /** The next slice, in milliseconds. */
    long next() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return isEndless ? SLICE_MS : Math.min(SLICE_MS, Math.max(0, remainingMs()));
    }

    boolean areOver() {
        return !isEndless && remainingMs() <= 0;
    }

    private long remainingMs() {
        long nanos = end - System.nanoTime();
        return nanos <= 0 ? 0 : (nanos + 999_999) / 1_000_000;
    }
}
