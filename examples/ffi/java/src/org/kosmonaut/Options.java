package org.kosmonaut;

import com.sun.jna.Pointer;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Everything about a client or a worker that has a default. Both copy what they are given, and
 * ignore what they have no use for. A setting that cannot be is {@link Status#INVALID}, at once.
 * Limits of {@link Kosmonaut#FOREVER} are none. For one thread at a time.
 */
public final class Options implements AutoCloseable {
    /** How much a log wants to hear; a level includes those before it. */
    public enum LogLevel {
        /** Something is broken and stays so until a person acts. */
        ERROR,
        /** Something failed and is being dealt with. */
        WARNING,
        /** Connected, reconnecting, closed. */
        INFO,
        /** For someone who looks for a mistake. */
        DEBUG;

        int code() {
            return ordinal() + 1;
        }

        static LogLevel of(int code) {
            return values()[Math.max(1, Math.min(code, values().length)) - 1];
        }
    }

    /** Whether a worker loses events that it was sent, or gets some again. */
    public enum Delivery {
        /** An event is sent once, and may be lost. */
        AT_MOST_ONCE,
        /** An event is sent until it is acknowledged. */
        AT_LEAST_ONCE
    }

    /** The key of which a group's workers deal with one event at a time. */
    public enum Order {
        /** None. */
        NONE,
        /** The session that sent it. */
        SID,
        /** The user who sent it. */
        UID,
        /** The channel. */
        CHANNEL
    }

    private final Handle.Owned handle;

    /** Everything has its default. */
    public Options() {
        Pointer options = Kn.kn_options_new();
        if (options == null) {
            throw new KosmonautException(Status.NO_MEMORY);
        }
        handle = new Handle.Owned(this, options, Kn::kn_options_free);
    }

    private Options set(String name, Function<Pointer, Integer> set) {
        KosmonautException.require(handle.use(set), () -> "the option " + name);
        return this;
    }

    /** Calls with the options, or with NULL where there are none. */
    static <T> T with(Options options, Function<Pointer, T> call) {
        return options == null ? call.apply(null) : options.handle.use(call);
    }

    /** Frees the options. What was made with them has its own copy. */
    @Override
    public void close() {
        handle.close();
    }

    /** Limits connecting: the name's resolution, TCP and TLS together. Default: 5 s. */
    public Options connectTimeout(Duration limit) {
        return set("connectTimeout", o ->
                Kn.kn_options_set_connect_timeout_ms(o, Kosmonaut.milliseconds(limit)));
    }

    /** Limits a client's call in all, connecting included. Default: 10 s. */
    public Options requestTimeout(Duration limit) {
        return set("requestTimeout", o ->
                Kn.kn_options_set_request_timeout_ms(o, Kosmonaut.milliseconds(limit)));
    }

    /**
     * How long a worker's stream may be silent before it is made anew; the broker's heartbeats come
     * every 15 s. Default: 45 s.
     */
    public Options idleTimeout(Duration limit) {
        return set("idleTimeout", o ->
                Kn.kn_options_set_idle_timeout_ms(o, Kosmonaut.milliseconds(limit)));
    }

    /**
     * Bounds how long a worker waits before it connects again; the wait doubles with each failure.
     * Default: 1 s to 30 s.
     */
    public Options reconnectDelay(Duration min, Duration max) {
        return set("reconnectDelay", o -> Kn.kn_options_set_reconnect_delay_ms(
                o, Kosmonaut.milliseconds(min), Kosmonaut.milliseconds(max)));
    }

    /**
     * A regular expression (RE2's syntax) that has to match a topic as a whole for the worker to be
     * sent its events; "" asks for every topic. Without it a worker asks for what its handlers
     * cover.
     */
    public Options filter(String regex) {
        return set("filter", o -> Kn.kn_options_set_filter(o, Kosmonaut.text(regex, "the filter")));
    }

    /** How many bytes an event may have that a worker accepts. Default: 16 MiB. */
    public Options maxEventSize(long bytes) {
        return set("maxEventSize", o -> Kn.kn_options_set_max_event_size(o, bytes));
    }

    /** How many bytes an answer may have that a client accepts. Default: 1 MiB. */
    public Options maxResponseSize(long bytes) {
        return set("maxResponseSize", o -> Kn.kn_options_set_max_response_size(o, bytes));
    }

    /**
     * How many connections a client opens at most, 1 to 1024; a call that finds all of them in use
     * waits for one. Default: 32.
     */
    public Options maxConnections(int count) {
        return set("maxConnections", o -> Kn.kn_options_set_max_connections(o, count));
    }

    /** How many calls may be handed in and not have ended. Default: 10 000. */
    public Options maxPending(int count) {
        return set("maxPending", o -> Kn.kn_options_set_max_pending(o, count));
    }

    /**
     * How often a client's call is tried again; 0: never. It has one effect, however often it was
     * tried. Default: 4.
     */
    public Options retries(int count) {
        return set("retries", o -> Kn.kn_options_set_retries(o, count));
    }

    /** The name under which the broker lists a worker: 1 to 64 letters, digits, _, - and dots. */
    public Options workerName(String name) {
        String checked = Kosmonaut.text(name, "the worker's name");
        return set("workerName", o -> Kn.kn_options_set_worker_name(o, checked));
    }

    /** Whether a worker loses events; at least once takes {@link #group}. Default: at most once. */
    public Options delivery(Delivery delivery) {
        return set("delivery", o -> Kn.kn_options_set_delivery(o, delivery.ordinal()));
    }

    /** The group whose events a worker shares, at least once. */
    public Options group(String name) {
        String checked = Kosmonaut.text(name, "the group's name");
        return set("group", o -> Kn.kn_options_set_group(o, checked));
    }

    /** How many events a worker has unacknowledged at most, 1 to 10 000. Default: 256. */
    public Options window(int count) {
        return set("window", o -> Kn.kn_options_set_window(o, count));
    }

    /** Which events of a group are dealt with one after the other. Default: the group's. */
    public Options order(Order order) {
        return set("order", o -> Kn.kn_options_set_order(o, order.ordinal()));
    }

    /** A PEM file of the authorities that servers are verified by, instead of the system's. */
    public Options caFile(String path) {
        return set("caFile", o -> Kn.kn_options_set_ca_file(o, Kosmonaut.text(path, "the CA file")));
    }

    /** PEM files with which this side proves who it is. {@code keyFile} null: in the first one. */
    public Options clientCertificate(String certFile, String keyFile) {
        return set("clientCertificate", o -> Kn.kn_options_set_client_certificate(
                o, Kosmonaut.text(certFile, "the certificate file"),
                keyFile == null ? null : Kosmonaut.text(keyFile, "the key file")));
    }

    /**
     * Whether the server's certificate and name are verified. Without, anyone on the way can read
     * the vhost's token; prefer {@link #caFile}. Default: true.
     */
    public Options verify(boolean verify) {
        return set("verify", o -> Kn.kn_options_set_verify(o, verify ? 1 : 0));
    }

    /**
     * The proxy's URL (http, https, socks4, socks4a, socks5, socks5h). "environment" reads
     * {@code http_proxy} and its like; "", the default, is none.
     */
    public Options proxy(String url) {
        return set("proxy", o -> Kn.kn_options_set_proxy(o, Kosmonaut.text(url, "the proxy")));
    }

    /** A socket to connect to instead of the URL's host and port. */
    public Options unixSocket(String path) {
        String checked = Kosmonaut.text(path, "the socket's path");
        return set("unixSocket", o -> Kn.kn_options_set_unix_socket(o, checked));
    }

    /** Adds a header to every request, beside those added before. */
    public Options header(String name, String value) {
        return set("header '" + name + "'", o ->
                Kn.kn_options_add_header(o, Kosmonaut.text(name, "a header's name"),
                        Kosmonaut.text(value, "the header " + name)));
    }

    /** How requests call themselves. */
    public Options userAgent(String userAgent) {
        String checked = Kosmonaut.text(userAgent, "the user agent");
        return set("userAgent", o -> Kn.kn_options_set_user_agent(o, checked));
    }

    /**
     * Receives the log line by line, a client's on several threads at once. It must not call this
     * package, and what it throws is dropped: what reports a failure must not be one.
     */
    public Options log(LogLevel level, BiConsumer<LogLevel, String> log) {
        // From the call on the library lets go of it, also when that fails.
        return set("log", o -> Kn.kn_options_set_log(o, level.code(), Callbacks.ON_LOG,
                Callbacks.userData(new Callbacks.LogTarget(log)), Callbacks.DESTROY));
    }
}
