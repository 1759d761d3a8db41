package org.kosmonaut;

import static org.kosmonaut.Stage.CHANNEL;
import static org.kosmonaut.Stage.DEADLINE;
import static org.kosmonaut.Stage.URL;
import static org.kosmonaut.Stage.await;
import static org.kosmonaut.Stage.check;
import static org.kosmonaut.Stage.equal;
import static org.kosmonaut.Stage.eventually;
import static org.kosmonaut.Stage.refused;
import static org.kosmonaut.Stage.says;
import static org.kosmonaut.Stage.stage;
import static org.kosmonaut.Stage.thrown;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;

/** Clients, errors and options, beside a real broker. */
final class ClientTest {
    private ClientTest() {}

    // ---- Errors ----

    static void testAnExceptionHasEverything() {
        try (Client client = new Client(URL)) {
            KosmonautException failure = refused(Status.NO_CHANNEL,
                    () -> client.trigger("nowhere", "hello", null));
            equal(failure.httpStatus().getAsInt(), 404);
            check(failure.serverCode().isPresent() && failure.retryAfter().isEmpty(), failure);
            check(!failure.isRetriable() && !failure.getMessage().isEmpty(), failure);
            check(failure.toString().contains("KN_ENOCHANNEL: "), failure);
        }
        check(Status.TIMEOUT.isRetriable(), Status.TIMEOUT);
        equal(new Status(-12345).statusName(), "KN_UNKNOWN");
    }

    static void testBadArguments() {
        try (Client client = new Client(URL); Options options = new Options()) {
            refused(Status.INVALID, () -> client.openChannel("no spaces"));
            says(refused(Status.INVALID, () -> client.openChannel("cut\0short")),
                    "the channel has a NUL in it");
            refused(Status.JSON, () -> client.trigger(CHANNEL, "e", "[]"));
            refused(Status.JSON, () -> client.trigger(CHANNEL, "e", ""));
            refused(Status.INVALID, () -> new Client("gopher://moon"));
            refused(Status.INVALID, () -> options.maxEventSize(0));
            says(refused(Status.INVALID, () -> options.header("Host", "taken")),
                    "the option header 'Host'");
            says(refused(Status.INVALID, () -> options.requestTimeout(Duration.ofSeconds(-3))),
                    "the option requestTimeout");
            says(refused(Status.INVALID, () -> client.flush(Duration.ofSeconds(-3))), "PT-3S");
            says(refused(Status.NO_CHANNEL, () -> client.trigger("nowhere", "e", null)),
                    "the channel 'nowhere' of /");
            try (Batch batch = new Batch()) {
                says(refused(Status.JSON, () -> batch.add("news", "hello", "no json")),
                        "trigger 1");
            }
        }
    }

    static void testEveryOptionIsTaken() {
        Options options = new Options()
                .connectTimeout(Duration.ofSeconds(1)).requestTimeout(Kosmonaut.FOREVER)
                .idleTimeout(Duration.ofMinutes(1))
                .reconnectDelay(Duration.ofNanos(1), Duration.ofSeconds(1))
                .filter("chat/.*").maxEventSize(1000).maxResponseSize(1000).maxConnections(2)
                .maxPending(5).retries(0).workerName("name").caFile("/ca.pem")
                .clientCertificate("/c.pem", null).clientCertificate("/c.pem", "/k.pem")
                .verify(false).proxy("").header("X-Api-Key", "k").userAgent("test/1")
                .unixSocket("/nowhere.sock");
        try (options; Client client = new Client(URL, options)) {
            // It was the last of them that counted.
            refused(Status.CONNECT, () -> client.openChannel(CHANNEL));
        }
        refused(Status.CLOSED, () -> options.verify(true));
    }

    static void testVersion() {
        String[] numbers = Kosmonaut.version().split("\\.");
        equal(numbers.length, 3);
        equal(Kosmonaut.versionNumber(), Integer.parseInt(numbers[0]) << 16
                | Integer.parseInt(numbers[1]) << 8 | Integer.parseInt(numbers[2]));
    }

    // ---- The client ----

    static void testRequests() {
        try (Client client = new Client(URL)) {
            client.openChannel("extra");
            client.trigger("extra", "hello", "{\"n\":1,\"text\":\"ä\uD83D\uDE00\"}");
            client.trigger("extra", "hällo", null);
            client.closeChannel("extra");
            refused(Status.NO_CHANNEL, () -> client.closeChannel("extra"));
            check(!client.requestToken("älice", "private-.*").isEmpty(), "no token");
            refused(Status.BAD_REQUEST, () -> client.requestToken("alice", "("));
            equal(client.requests(), 7L);
            equal(client.requestsWithStatus(Status.NO_CHANNEL), 1L);
            equal(client.requestsWithStatus(Status.OK), 5L);
            check(client.connections() >= 1, client.connections());
            check(client.stats().contains("\"requests\":7"), client.stats());
        }
    }

    static void testBatch() {
        try (Client client = new Client(URL); Batch batch = new Batch()) {
            refused(Status.JSON, () -> batch.add(CHANNEL, "batched", "1"));
            batch.add(CHANNEL, "batched", "{\"n\":1}").add("nowhere", "batched", null);
            equal(batch.size(), 2);
            Batch.Result result = client.triggerBatch(batch);
            equal(result.failures().size(), 2);
            check(result.failures().get(0).isEmpty(), result);
            equal(result.failure().orElseThrow().status(), Status.NO_CHANNEL);
            check(stage("hear batched").contains("\"n\":1"), "another event");
            batch.clear();
            refused(Status.INVALID, () -> client.triggerBatch(batch));
        }
    }

    /** A text of an answer of the stage. */
    private static String text(String answer, String name) {
        var found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(answer);
        check(found.find(), answer);
        return found.group(1);
    }

    static void testSubscribers() {
        String crowd = stage("crowd 5");
        List<String> sids = List.of(text(crowd, "sids").split(" "));
        try (Client client = new Client(URL)) {
            for (int pageSize : new int[] {0, 1, 2, 5}) {
                List<String> found = new ArrayList<>();
                for (Subscriber who : client.subscribers("presence-crowd", pageSize)) {
                    found.add(who.sid());
                    var number = Pattern.compile("\\{\"n\": ?(\\d)\\}").matcher(who.data());
                    check(number.matches(), who);
                    equal(who.uid(), Optional.of("member" + number.group(1)));
                    equal(who.isHidden(), who.sid().equals(text(crowd, "hidden")));
                }
                equal(found, sids);
            }
            SubscriberPage first = client.subscribersPage("presence-crowd", null, 3);
            equal(first.subscribers().size(), 3);
            equal(first.next(), Optional.of(sids.get(2)));
            SubscriberPage last =
                    client.subscribersPage("presence-crowd", first.next().orElseThrow(), 3);
            equal(last.subscribers().stream().map(Subscriber::sid).toList(), sids.subList(3, 5));
            equal(last.next(), Optional.empty());
            stage("crowd 0");
            var nobody = client.subscribers("presence-crowd", 0).iterator();
            check(!nobody.hasNext() && !nobody.hasNext(), "somebody");
            thrown(java.util.NoSuchElementException.class, nobody::next);

            refused(Status.NO_CHANNEL, () -> client.subscribers("nowhere", 0).iterator().next());
            refused(Status.INVALID, () -> client.subscribersPage(CHANNEL, "cut\0short", 0));
            refused(Status.INVALID, () -> client.subscribersPage(CHANNEL, "", 0));
            refused(Status.INVALID, () -> client.subscribersPage(CHANNEL, null, -1));
            refused(Status.BAD_REQUEST, () -> client.subscribersPage(CHANNEL, null, 1001));
        }
    }

    static void testSubscribersThatAreAskedForWithoutWaiting() throws Exception {
        String[] sids = text(stage("crowd 2"), "sids").split(" ");
        try (Client client = new Client(URL)) {
            CompletableFuture<SubscriberPage> page =
                    client.subscribersAsync("presence-crowd", sids[0], 7);
            CompletableFuture<SubscriberPage> nowhere = client.subscribersAsync("nowhere", null, 0);
            equal(client.flush(DEADLINE), Status.OK);
            equal(page.get().subscribers().get(0).sid(), sids[1]);
            equal(page.get().subscribers().size(), 1);
            ExecutionException failure = thrown(ExecutionException.class, nowhere::get);
            equal(((KosmonautException) failure.getCause()).status(), Status.NO_CHANNEL);
        }
    }

    static void testChannels() throws Exception {
        List<String> names = List.of("listed-a", "listed-b", "listed-c");
        try (Client client = new Client(URL)) {
            names.forEach(client::openChannel);
            for (int pageSize : new int[] {0, 1, 2, 3}) {
                List<String> found = new ArrayList<>();
                client.channels("listed-", pageSize).forEach(channel -> found.add(channel.name()));
                equal(found, names);
            }
            Channel.Page first = client.channelsPage("listed-", null, 2);
            equal(first.next(), Optional.of("listed-b"));
            equal(first.channels().get(1),
                    new Channel("listed-b", "normal", 0, java.util.OptionalLong.empty()));
            stage("crowd 3"); // one of whom hides
            CompletableFuture<Channel.Page> crowd = client.channelsAsync("presence-crowd", null, 0);
            equal(client.flush(DEADLINE), Status.OK);
            equal(crowd.get().channels(), List.of(new Channel(
                    "presence-crowd", "presence", 3, java.util.OptionalLong.of(2))));
            stage("crowd 0");
            refused(Status.INVALID, () -> client.channelsPage("no/slash", null, 0));
            refused(Status.BAD_REQUEST, () -> client.channelsPage("", null, 1001));
        }
    }

    static void testManyThreadsShareAClient() throws Exception {
        try (Options options = new Options().maxConnections(4);
                Client client = new Client(URL, options)) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                CompletableFuture<Void> done = new CompletableFuture<>();
                all.add(done);
                new Thread(() -> {
                    try {
                        for (int n = 0; n < 10; n++) {
                            client.trigger(CHANNEL, "shared", null);
                        }
                        done.complete(null);
                    } catch (Throwable problem) {
                        done.completeExceptionally(problem);
                    }
                }).start();
            }
            for (CompletableFuture<Void> done : all) {
                await(done);
            }
            equal(client.requests(), 160L);
        }
    }

    static void testCloseBesideCalls() throws Exception {
        Client client = new Client(URL);
        List<Thread> threads = new ArrayList<>();
        List<Throwable> problems = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 8; i++) {
            Thread thread = new Thread(() -> {
                try {
                    refused(Status.CLOSED, () -> {
                        for (;;) {
                            client.trigger(CHANNEL, "shared", null);
                        }
                    });
                } catch (Throwable problem) {
                    problems.add(problem);
                }
            });
            thread.start();
            threads.add(thread);
        }
        eventually("some calls", () -> client.requests() > 20);
        client.close();
        client.close();
        for (Thread thread : threads) {
            thread.join(DEADLINE.toMillis());
        }
        check(problems.isEmpty(), problems);
        equal(client.fd(), -1);
        equal(client.requests(), 0L);
    }

    // ---- Calls that are handed in ----

    static void testCallsThatAreHandedIn() throws Exception {
        try (Options options = new Options().maxConnections(1).maxPending(6);
                Client client = new Client(URL, options)) {
            CompletableFuture<Void> open = client.openChannelAsync("aside");
            CompletableFuture<Void> trigger = client.triggerAsync("aside", "hello", "{\"n\":1}");
            CompletableFuture<Batch.Result> batched;
            try (Batch batch = new Batch()) {
                batch.add("aside", "hello", null).add("nowhere", "hello", null);
                batched = client.triggerBatchAsync(batch);
            }
            CompletableFuture<String> token = client.requestTokenAsync("alice", ".*");
            CompletableFuture<Void> close = client.closeChannelAsync("aside");
            CompletableFuture<Void> again = client.closeChannelAsync("aside");
            refused(Status.FULL, () -> client.openChannelAsync("aside"));
            refused(Status.INVALID, () -> client.openChannelAsync("no spaces"));
            equal(client.pending(), 6);
            equal(client.flush(DEADLINE), Status.OK);
            equal(client.pending(), 0);
            for (CompletableFuture<Void> future : List.of(open, trigger, close)) {
                future.getNow(null);
                check(future.isDone(), "not complete");
            }
            check(!token.get().isEmpty(), "no token");
            equal(batched.get().failures().size(), 2);
            equal(batched.get().failure().orElseThrow().status(), Status.NO_CHANNEL);
            Throwable cause = thrown(ExecutionException.class, again::get).getCause();
            equal(((KosmonautException) cause).status(), Status.NO_CHANNEL);
        }
        equal(Callbacks.held(), 0);
    }

    static void testAnExceptionBehindAFutureStaysThere() throws Exception {
        try (Client client = new Client(URL)) {
            CompletableFuture<Void> after = client.triggerAsync(CHANNEL, "hello", null)
                    .thenRun(() -> {
                        throw new IllegalStateException("mine");
                    });
            equal(client.flush(DEADLINE), Status.OK);
            Throwable cause = thrown(CompletionException.class, after::join).getCause();
            equal(cause.getMessage(), "mine");
        }
    }

    static void testDispatchAndInterrupt() throws Exception {
        try (Client client = new Client(URL)) {
            check(client.fd() >= 0, "no descriptor");
            CompletableFuture<Void> triggered = client.triggerAsync(CHANNEL, "hello", null);
            eventually("the result", () -> client.dispatch().equals(Status.OK));
            triggered.get();
            client.interrupt();
            equal(client.dispatch(), Status.INTERRUPTED);
            equal(client.dispatch(), Status.AGAIN);
        }
    }

    static void testAClosedClientCancels() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Client client = new Client("http://wr:0000@127.0.0.1:" + silent.getLocalPort() + "/m");
            CompletableFuture<Void> future = client.openChannelAsync(CHANNEL);
            equal(client.flush(Duration.ofMillis(20)), Status.AGAIN);
            Thread flushing = Thread.currentThread();
            CompletableFuture<Void> interrupting =
                    CompletableFuture.runAsync(flushing::interrupt);
            thrown(InterruptedException.class, () -> client.flush(DEADLINE));
            await(interrupting);
            client.close();
            thrown(CancellationException.class, future::get);
            equal(Callbacks.held(), 0);
        }
    }
}
