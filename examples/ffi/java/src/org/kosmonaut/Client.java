package org.kosmonaut;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Sends requests to one vhost. Any number of threads use one at once.
 *
 * <p>Channels' names are letters, digits, _, - and dots; they begin with a letter, a digit or _. A
 * call that waits does so up to its time limit ({@link Options#requestTimeout}) and does not look
 * at {@link Thread#interrupt}.
 */
public final class Client implements AutoCloseable {
    private final Handle.Owned handle;

    /** The same with defaults. */
    public Client(String url) {
        this(url, null);
    }

    /**
     * Makes a client; nothing is sent yet.
     *
     * @param url the vhost's address with its token, {@code http://wr:TOKEN@HOST[:PORT]/VHOST} or
     *        https; another is {@link Status#INVALID}
     * @param options null for the defaults
     */
    public Client(String url, Options options) {
        PointerByReference client = new PointerByReference();
        Options.with(options, o -> KosmonautException.checked(
                error -> Kn.kn_client_new(Kosmonaut.text(url, "the URL"), o, client, error)));
        handle = new Handle.Owned(this, client.getValue(), Kn::kn_client_free);
    }

    /** Frees the client, and cancels the futures of what was not flushed. Never waits. */
    @Override
    public void close() {
        handle.close();
    }

    /** A call with the client in its C form. */
    @FunctionalInterface
    private interface Call {
        int make(Pointer client, PointerByReference error);
    }

    private Status call(Call call) {
        return handle.use(c -> KosmonautException.checked(error -> call.make(c, error)));
    }

    /** Opens a channel; one that is open already stays so. {@link Status#BAD_CHANNEL}. */
    public void openChannel(String channel) {
        call((c, e) -> Kn.kn_client_open_channel(c, Kosmonaut.text(channel, "the channel"), e));
    }

    /** Closes a channel and tells its subscribers. {@link Status#NO_CHANNEL}: it was not open. */
    public void closeChannel(String channel) {
        call((c, e) -> Kn.kn_client_close_channel(c, Kosmonaut.text(channel, "the channel"), e));
    }

    /**
     * Sends an event to every subscriber of an open channel. {@link Status#JSON}: the data is no
     * object; {@link Status#NO_CHANNEL}: the channel is not open; {@link Status#TOO_BIG}: over the
     * server's limit. After {@link Status#TIMEOUT} and {@link Status#IO} it may have been
     * delivered.
     *
     * @param data a JSON object; null stands for {}
     */
    public void trigger(String channel, String event, String data) {
        String on = Kosmonaut.text(channel, "the channel");
        String name = Kosmonaut.text(event, "the event");
        call((c, e) -> Kn.kn_client_trigger(
                c, on, name, Kosmonaut.payload(data), Kosmonaut.length(data), e));
    }

    /**
     * Asks for a single access token: whoever holds it may subscribe, as {@code uid}, to every
     * private and presence channel that the regular expression (RE2's syntax) matches as a whole.
     * Give it to a browser whose user you know. {@link Status#BAD_REQUEST}: no regular expression.
     */
    public String requestToken(String uid, String channels) {
        PointerByReference token = new PointerByReference();
        call((c, e) -> Kn.kn_client_request_token(
                c, Kosmonaut.text(uid, "the uid"), Kosmonaut.text(channels, "the channels"),
                token, e));
        return CTypes.take(token);
    }

    /**
     * Sends the events of a batch in one request, in their order; each has an outcome of its own.
     */
    public Batch.Result triggerBatch(Batch batch) {
        PointerByReference result = new PointerByReference();
        batch.with(b -> call((c, e) -> Kn.kn_client_trigger_batch(c, b, result, e)));
        try {
            return Batch.Result.of(result.getValue());
        } finally {
            Kn.kn_result_free(result.getValue());
        }
    }

    /**
     * All who are on a channel, those who hide from the others included. Going over them asks for a
     * page whenever the one before is used up, and throws then what {@link #subscribersPage} throws.
     * Of whoever stays meanwhile none is left out and none comes twice.
     *
     * @param pageSize how many to ask for at a time; 0: as many as the broker sees fit
     */
    public Iterable<Subscriber> subscribers(String channel, int pageSize) {
        return () -> new Pages.Walk<>(after -> subscribersPage(channel, after, pageSize),
                SubscriberPage::subscribers, SubscriberPage::next);
    }

    /**
     * One page of who is on a channel. {@link Status#NO_CHANNEL}: the channel is not open; {@link
     * Status#BAD_REQUEST}: the broker makes no pages of that size; {@link Status#TOO_BIG}: over
     * {@link Options#maxResponseSize}.
     *
     * @param after the sid to begin behind, such as that of the page before; null is the beginning
     * @param limit how many there may be on it; 0: as many as the broker sees fit
     */
    public SubscriberPage subscribersPage(String channel, String after, int limit) {
        PointerByReference page = new PointerByReference();
        call((c, e) -> Kn.kn_client_subscribers(
                c, Kosmonaut.text(channel, "the channel"), Pages.textOrNull(after, "after"),
                limit, page, e));
        try {
            return SubscriberPage.of(page.getValue());
        } finally {
            Kn.kn_subscribers_free(page.getValue());
        }
    }

    /**
     * All channels whose names begin with a prefix, page after page, as {@link #subscribers}.
     *
     * @param prefix "" for all
     * @param pageSize how many to ask for at a time; 0: as many as the broker sees fit
     */
    public Iterable<Channel> channels(String prefix, int pageSize) {
        return () -> new Pages.Walk<>(after -> channelsPage(prefix, after, pageSize),
                Channel.Page::channels, Channel.Page::next);
    }

    /**
     * One page of them. {@link Status#BAD_REQUEST}: the broker makes no pages of that size; {@link
     * Status#TOO_BIG}: over {@link Options#maxResponseSize}; {@link Status#PROTOCOL}: the broker
     * does not tell.
     *
     * @param after the name to begin behind, such as that of the page before; null is the beginning
     * @param limit how many there may be on it; 0: as many as the broker sees fit
     */
    public Channel.Page channelsPage(String prefix, String after, int limit) {
        PointerByReference page = new PointerByReference();
        call((c, e) -> Kn.kn_client_channels(
                c, Kosmonaut.text(prefix, "the prefix"), Pages.textOrNull(after, "after"),
                limit, page, e));
        try {
            return Channel.Page.of(page.getValue());
        } finally {
            Kn.kn_channels_free(page.getValue());
        }
    }

    /** A call that is handed in. */
    @FunctionalInterface
    private interface Async {
        int make(Pointer client, Pointer userData, PointerByReference error);
    }

    private <T> CompletableFuture<T> handIn(Function<Pointer, T> value, Async call) {
        CompletableFuture<T> future = new CompletableFuture<>();
        // From the call on the library lets go of it, also when that fails.
        call((c, e) -> call.make(c, Callbacks.userData(new Callbacks.Pending<>(future, value)), e));
        return future;
    }

    private static Void nothing(Pointer result) {
        return null;
    }

    /**
     * Hands in what {@link #openChannel} does. Requests move, and futures are completed, inside
     * {@link #flush} and {@link #dispatch}, on the thread that calls them. {@link Status#FULL}: too
     * many are pending ({@link Options#maxPending}).
     */
    public CompletableFuture<Void> openChannelAsync(String channel) {
        String name = Kosmonaut.text(channel, "the channel");
        return handIn(Client::nothing, (c, data, e) -> Kn.kn_client_open_channel_async(
                c, name, Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e));
    }

    /** Hands in what {@link #closeChannel} does, as {@link #openChannelAsync}. */
    public CompletableFuture<Void> closeChannelAsync(String channel) {
        String name = Kosmonaut.text(channel, "the channel");
        return handIn(Client::nothing, (c, data, e) -> Kn.kn_client_close_channel_async(
                c, name, Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e));
    }

    /** Hands in what {@link #trigger} does, as {@link #openChannelAsync}. */
    public CompletableFuture<Void> triggerAsync(String channel, String event, String data) {
        String on = Kosmonaut.text(channel, "the channel");
        String name = Kosmonaut.text(event, "the event");
        return handIn(Client::nothing, (c, userData, e) -> Kn.kn_client_trigger_async(
                c, on, name, Kosmonaut.payload(data), Kosmonaut.length(data),
                Callbacks.ON_COMPLETION, userData, Callbacks.DESTROY, e));
    }

    /** Hands in what {@link #requestToken} does, as {@link #openChannelAsync}. */
    public CompletableFuture<String> requestTokenAsync(String uid, String channels) {
        String who = Kosmonaut.text(uid, "the uid");
        String where = Kosmonaut.text(channels, "the channels");
        return handIn(result -> CTypes.text(Kn.kn_result_token(result)),
                (c, data, e) -> Kn.kn_client_request_token_async(
                        c, who, where, Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e));
    }

    /** Hands in a copy of a batch, as {@link #openChannelAsync}. */
    public CompletableFuture<Batch.Result> triggerBatchAsync(Batch batch) {
        return batch.with(b -> handIn(Batch.Result::of,
                (c, data, e) -> Kn.kn_client_trigger_batch_async(
                        c, b, Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e)));
    }

    /** Hands in what {@link #subscribersPage} does, as {@link #openChannelAsync}. */
    public CompletableFuture<SubscriberPage> subscribersAsync(
            String channel, String after, int limit) {
        String name = Kosmonaut.text(channel, "the channel");
        String behind = Pages.textOrNull(after, "after");
        return handIn(result -> SubscriberPage.of(Kn.kn_result_subscribers(result)),
                (c, data, e) -> Kn.kn_client_subscribers_async(c, name, behind, limit,
                        Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e));
    }

    /** Hands in what {@link #channelsPage} does, as {@link #openChannelAsync}. */
    public CompletableFuture<Channel.Page> channelsAsync(String prefix, String after, int limit) {
        String begin = Kosmonaut.text(prefix, "the prefix");
        String behind = Pages.textOrNull(after, "after");
        return handIn(result -> Channel.Page.of(Kn.kn_result_channels(result)),
                (c, data, e) -> Kn.kn_client_channels_async(c, begin, behind, limit,
                        Callbacks.ON_COMPLETION, data, Callbacks.DESTROY, e));
    }

    /**
     * Moves calls on until all that were handed in before it have ended. How each one ended is told
     * to its future. {@link Status#STATE}: another thread, or a future's function, is in here
     * already.
     *
     * @return {@link Status#OK}; {@link Status#AGAIN}: time is up; {@link Status#INTERRUPTED};
     *         {@link Status#CLOSED}
     * @throws InterruptedException the thread was interrupted, which is noticed within 100 ms
     */
    public Status flush(Duration timeout) throws InterruptedException {
        Slices slices = new Slices(timeout);
        for (;;) {
            long slice = slices.next();
            Status status = call((c, e) -> Kn.kn_client_flush(c, slice, e));
            if (!status.equals(Status.AGAIN) || slices.areOver()) {
                return status;
            }
        }
    }

    /**
     * Moves calls on with what is ready, without waiting.
     *
     * @return {@link Status#OK}: at least one has ended; {@link Status#AGAIN}: none has; otherwise
     *         as {@link #flush}
     */
    public Status dispatch() {
        return call(Kn::kn_client_dispatch);
    }

    /** The descriptor that is readable while {@link #dispatch} would do something; -1 for none. */
    public int fd() {
        return handle.get(-1, Kn::kn_client_fd);
    }

    /** Wakes the flush or dispatch that is running, or else the next one. */
    public void interrupt() {
        handle.use(c -> {
            KosmonautException.require(Kn.kn_client_interrupt(c));
            return null;
        });
    }

    /** How many calls were handed in and have not ended. */
    public int pending() {
        return handle.get(0, c -> Kn.kn_client_pending(c).intValue());
    }

    /** How many calls have ended. */
    public long requests() {
        return handle.get(0L, Kn::kn_client_requests);
    }

    /** How many calls have ended with a status. */
    public long requestsWithStatus(Status status) {
        return handle.get(0L, c -> Kn.kn_client_requests_with_status(c, status.code()));
    }

    /** How many connections are open now. */
    public int connections() {
        return handle.get(0, Kn::kn_client_connections);
    }

    /** All figures in one JSON text. */
    public String stats() {
        PointerByReference json = new PointerByReference();
        call((c, e) -> Kn.kn_client_stats(c, json, e));
        return CTypes.take(json);
    }
}
