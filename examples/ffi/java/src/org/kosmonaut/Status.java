package org.kosmonaut;

/**
 * Says how a call ended. Releases of the library add statuses, so it is a number with names and no
 * enumeration; one that has no name here is judged by its sign: a failure is below 0.
 *
 * @param code the number, as in C
 */
public record Status(int code) {
    /** Done. */
    public static final Status OK = new Status(0);
    /** Nothing, or nothing more, within the time given to the call. */
    public static final Status AGAIN = new Status(1);
    /** The handle was closed or freed, or the server ended the stream (204). */
    public static final Status CLOSED = new Status(2);
    /** An interrupt woke the call. */
    public static final Status INTERRUPTED = new Status(3);
    /** A bad argument, a malformed URL, or a name outside the grammar; nothing was sent. */
    public static final Status INVALID = new Status(-101);
    /** Out of memory or descriptors. The handle is still usable. */
    public static final Status NO_MEMORY = new Status(-102);
    /** The payload is not a JSON object; nothing was sent. */
    public static final Status JSON = new Status(-103);
    /** Over a size limit: one of the options, or the server's (413). */
    public static final Status TOO_BIG = new Status(-104);
    /** The server's name could not be resolved, or it could not be connected to. */
    public static final Status CONNECT = new Status(-201);
    /** The TLS handshake or a certificate was refused, or one cannot be read. */
    public static final Status TLS = new Status(-202);
    /** One of the time limits in the options ran out. */
    public static final Status TIMEOUT = new Status(-203);
    /** The connection broke while the two sides were talking. */
    public static final Status IO = new Status(-204);
    /** The answer is not what the Backend API says; is this really a WebRocket server? */
    public static final Status PROTOCOL = new Status(-205);
    /** 400, and every 4xx without a line of its own here. */
    public static final Status BAD_REQUEST = new Status(-301);
    /** 401: the vhost token is wrong or was replaced. */
    public static final Status UNAUTHORIZED = new Status(-302);
    /** 403: the server forbids it. */
    public static final Status FORBIDDEN = new Status(-303);
    /** 404: the vhost does not exist. */
    public static final Status NO_VHOST = new Status(-304);
    /** 404: the channel does not exist. */
    public static final Status NO_CHANNEL = new Status(-305);
    /** 400: the server does not allow this channel name. */
    public static final Status BAD_CHANNEL = new Status(-306);
    /** 429: too many requests; see {@link KosmonautException#retryAfter}. */
    public static final Status RATE_LIMIT = new Status(-307);
    /** 502, 503 or 504: the server, or a proxy before it, is not available now. */
    public static final Status UNAVAILABLE = new Status(-308);
    /** Every other 5xx. */
    public static final Status SERVER = new Status(-309);
    /** 409: the request conflicts with an earlier one. */
    public static final Status CONFLICT = new Status(-310);
    /** Another worker took this one's name. */
    public static final Status REPLACED = new Status(-311);
    /** 404: the group does not exist. */
    public static final Status NO_GROUP = new Status(-313);
    /** The call is not allowed in this state, or beside the call that is running. */
    public static final Status STATE = new Status(-401);
    /** The handle belongs to the process that this one was forked from. */
    public static final Status FORK = new Status(-402);
    /** Too many calls are pending; nothing was taken. */
    public static final Status FULL = new Status(-403);
    /** A bug in the library. Please report it with the message. */
    public static final Status INTERNAL = new Status(-999);

    /** The name in C, for logs: "KN_ENOCHANNEL". */
    public String statusName() {
        return CTypes.text(Kn.kn_status_name(code));
    }

    /** A sentence for people; its wording may change. */
    public String message() {
        return CTypes.text(Kn.kn_status_message(code));
    }

    /**
     * Whether the same call may well succeed if it is made again later. After {@link #TIMEOUT} and
     * {@link #IO} it may have been carried out.
     */
    public boolean isRetriable() {
        return Kn.kn_status_is_retriable(code) != 0;
    }

    @Override
    public String toString() {
        return statusName();
    }
}
