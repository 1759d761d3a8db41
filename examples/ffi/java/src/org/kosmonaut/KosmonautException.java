package org.kosmonaut;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** A call that failed, with all that is known of it. No text holds the vhost's token. */
public class KosmonautException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int code;
    private final int httpStatus;
    private final int serverCode;
    private final long retryAfterMs;

    KosmonautException(Status status, String message) {
        super(message);
        code = status.code();
        httpStatus = 0;
        serverCode = 0;
        retryAfterMs = -1;
    }

    KosmonautException(Status status) {
        this(status, status.message());
    }

    /** Copies the details, which stay the library's. */
    KosmonautException(Pointer details) {
        super(CTypes.text(Kn.kn_error_message(details)));
        code = Kn.kn_error_status(details);
        httpStatus = Kn.kn_error_http_status(details);
        serverCode = Kn.kn_error_server_code(details);
        retryAfterMs = Kn.kn_error_retry_after_ms(details);
    }

    /** What the failure is. */
    public Status status() {
        return new Status(code);
    }

    /** The status code of the server's answer, such as 404; empty when there was no answer. */
    public OptionalInt httpStatus() {
        return httpStatus == 0 ? OptionalInt.empty() : OptionalInt.of(httpStatus);
    }

    /** The broker's own number for the failure, such as 454. */
    public OptionalInt serverCode() {
        return serverCode == 0 ? OptionalInt.empty() : OptionalInt.of(serverCode);
    }

    /** How long the server asks to wait before the next try. */
    public Optional<Duration> retryAfter() {
        return retryAfterMs < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(retryAfterMs));
    }

    /** Whether the same call may well succeed if it is made again later. */
    public boolean isRetriable() {
        return status().isRetriable();
    }

    /** The status' name, and the message. */
    @Override
    public String toString() {
        return getClass().getName() + ": " + status() + ": " + getMessage();
    }

    /** A call with details of its failure. */
    @FunctionalInterface
    interface Call {
        int make(PointerByReference error);
    }

    /** Makes a call: its status of 0 or above, or what it failed with. */
    static Status checked(Call call) {
        PointerByReference error = new PointerByReference();
        int status = call.make(error);
        if (status >= 0) {
            return new Status(status);
        }
        Pointer details = error.getValue();
        if (details == null) {
            throw new KosmonautException(new Status(status));
        }
        try {
            throw new KosmonautException(details);
        } finally {
            Kn.kn_error_free(details);
        }
    }

    /** For a call without details, whose only good status is 0. */
    static void require(int status) {
        if (status != 0) {
            throw new KosmonautException(new Status(status));
        }
    }

    /** The same, where what cannot be has to be named. */
    static void require(int status, Supplier<String> subject) {
        if (status != 0) {
            Status failed = new Status(status);
            throw new KosmonautException(
                    failed, subject.get() + " cannot be: " + failed.message());
        }
    }
}
