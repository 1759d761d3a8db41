package org.kosmonaut;

/** Carries a checked exception of a handler out of {@link Worker#run}; its cause is that one. */
public class HandlerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    HandlerException(Exception cause) {
        super(cause);
    }
}
