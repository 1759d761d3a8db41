package org.kosmonaut;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The package beside a real broker; see stage.py for what the environment holds. */
public final class KosmonautTest {
    private static final String URL = System.getenv("KOSMONAUT_TEST_URL");
    private static final String CHANNEL = "greetings";
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private KosmonautTest() {}

    /** What a test does. */
    private interface Action {
        void run() throws Exception;
    }

    // ---- The stage ----

    private static String stage(String words) {
        String[] address = System.getenv("KOSMONAUT_TEST_STAGE").split(":");
        try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
            socket.setSoTimeout(2 * (int) DEADLINE.toMillis());
            new PrintStream(socket.getOutputStream(), true, StandardCharsets.UTF_8).println(words);
            String line = new BufferedReader(new InputStreamReader(
                    socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
            check(line != null && !line.startsWith("{\"error\""), words + ": " + line);
            return line;
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Asks for things as soon as there is a worker to receive what comes of them. */
    private static CompletableFuture<Void> whenConnected(String... requests) {
        return CompletableFuture.runAsync(() -> {
            stage("workers 1");
            Stream.of(requests).forEach(KosmonautTest::stage);
        });
    }

    private static Worker newWorker() {
        try (Options options = new Options()) {
            return new Worker(URL, quick(options));
        }
    }

    private static Options quick(Options options) {
        return options.reconnectDelay(Duration.ofMillis(20), Duration.ofMillis(100));
    }

    private static CompletableFuture<Status> inBackground(Worker worker) {
        CompletableFuture<Status> ended = new CompletableFuture<>();
        new Thread(() -> {
            try {
                ended.complete(worker.run());
            } catch (Throwable problem) {
                ended.completeExceptionally(problem);
            }
        }).start();
        return ended;
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            throw new AssertionError("nothing came", late);
        }
    }

    private static Event nextEvent(Worker worker) throws InterruptedException {
        return worker.next(DEADLINE).orElseThrow(() -> new AssertionError(worker.status()));
    }

    private static int number(Event event) {
        var found = Pattern.compile("\"n\":(\\d+)").matcher(event.data());
        check(found.find(), event.data());
        return Integer.parseInt(found.group(1));
    }

    // ---- Assertions ----

    private static void check(boolean condition, Object message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    private static void equal(Object is, Object wanted) {
        check(wanted.equals(is), is + " instead of " + wanted);
    }

    private static <E extends Throwable> E thrown(Class<E> type, Action action) {
        try {
            action.run();
        } catch (Throwable problem) {
            if (type.isInstance(problem)) {
                return type.cast(problem);
            }
            throw new AssertionError("another exception", problem);
        }
        throw new AssertionError("nothing was thrown");
    }

    private static KosmonautException refused(Status status, Action action) {
        KosmonautException failure = thrown(KosmonautException.class, action);
        equal(failure.status(), status);
        return failure;
    }

    private static void says(KosmonautException failure, String words) {
        check(failure.getMessage().contains(words), failure);
    }

    private static void eventually(String what, BooleanSupplier condition)
            throws InterruptedException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            check(System.nanoTime() < end, "timed out waiting for " + what);
            Thread.sleep(5);
        }
    }

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
                .maxPending(5).workerName("name").caFile("/ca.pem")
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

    // ---- The worker ----

    static void testAnEventHasEverything() throws Exception {
        try (Worker worker = newWorker()) {
            worker.on("greetings/full", event -> {});
            CompletableFuture<Void> firing = whenConnected("fire full 5 1");
            Event event = nextEvent(worker);
            await(firing);
            equal(List.of(event.topic(), event.channel(), event.name()),
                    List.of("greetings/full", CHANNEL, "full"));
            equal(event.uid().orElseThrow(), "alice");
            check(event.sid().isPresent() && event.id() != null, event);
            equal(event.kind(), Event.Kind.MESSAGE);
            equal(event.attempt(), 1);
            equal(number(event), 5);
            equal(new String(event.bytes(), StandardCharsets.UTF_8), event.data());
            refused(Status.STATE, () -> event.nack(Duration.ZERO)); // delivery is at most once
            refused(Status.INVALID, () -> event.nack(Duration.ofMillis(-1)));
            refused(Status.STATE, event::defer); // this is no handler
            event.ack();
            event.close();
            refused(Status.CLOSED, event::topic);
            equal(event.toString(), "a closed event");
            equal(worker.events(), 1L);
            equal(worker.lag(), Duration.ZERO);
            check(worker.bytes() > 0 && worker.lastError().isEmpty(), worker.stats());
            equal(worker.state(), Worker.State.CONNECTED);
            check(worker.stats().contains("\"events\":1"), worker.stats());
        }
    }

    static void testHandlersRunInOrder() throws Exception {
        try (Worker worker = newWorker()) {
            List<String> ran = new ArrayList<>();
            AtomicReference<Event> kept = new AtomicReference<>();
            worker.on("greetings/one", event -> ran.add("replaced"));
            worker.on("*/one", event -> {
                ran.add("any channel");
                event.defer();
                kept.set(event.retain());
                worker.off("*/one");
            });
            worker.on("greetings/one", event -> ran.add("literal"));
            worker.on("other/*", event -> ran.add("never"));
            worker.on("greetings/*", event -> ran.add("any event"));
            worker.on("greetings/last", event -> worker.interrupt());
            CompletableFuture<Void> firing =
                    whenConnected("fire one 1 1", "fire one 2 1", "fire last 3 1");
            equal(worker.run(), Status.INTERRUPTED);
            await(firing);
            equal(ran, List.of("literal", "any channel", "any event", "literal", "any event",
                    "any event"));
            try (Event event = kept.get()) {
                equal(event.name(), "one");
                event.ack();
            }
        }
    }

    static void testOnlyCoveredEventsAreAskedFor() throws Exception {
        try (Worker worker = newWorker()) {
            worker.on("greetings/wanted", event -> {});
            refused(Status.INVALID, () -> worker.on("no-slash", event -> {}));
            check(worker.next(Duration.ZERO).isEmpty(), "an event");
            equal(worker.status(), Status.AGAIN);
            refused(Status.STATE, () -> worker.on("new/pattern", event -> {}));
            CompletableFuture<Void> firing =
                    whenConnected("fire unwanted 1 1", "fire wanted 1 1");
            equal(nextEvent(worker).name(), "wanted");
            await(firing);
        }
    }

    static void testExceptionsOfHandlersComeOutOfRun() throws Exception {
        try (Worker worker = newWorker()) {
            Exception checked = new Exception("checked");
            Exception unchecked = new IllegalStateException("unchecked");
            worker.on("greetings/checked", event -> {
                throw checked;
            });
            worker.on("greetings/unchecked", event -> {
                throw unchecked;
            });
            worker.on("greetings/error", event -> {
                throw new AssertionError("an error");
            });
            worker.on("greetings/good", event -> worker.interrupt());
            CompletableFuture<Void> firing = whenConnected("fire checked 1 1",
                    "fire unchecked 1 1", "fire error 1 1", "fire good 1 1");
            equal(thrown(HandlerException.class, worker::run).getCause(), checked);
            equal(thrown(IllegalStateException.class, worker::run), unchecked);
            equal(thrown(AssertionError.class, worker::run).getMessage(), "an error");
            equal(worker.run(), Status.INTERRUPTED); // it is as usable as before
            await(firing);
        }
    }

    static void testExceptionsOfHandlersGoToTheirHandlerAndTheWorkerGoesOn() throws Exception {
        try (Worker worker = newWorker()) {
            List<String> told = new ArrayList<>();
            worker.onException((exception, event) ->
                    told.add(event.name() + " " + exception.getMessage()));
            worker.on("greetings/checked", event -> {
                throw new Exception("1");
            });
            worker.on("greetings/unchecked", event -> {
                throw new IllegalStateException("2");
            });
            worker.on("greetings/error", event -> {
                throw new AssertionError("an error");
            });
            worker.on("greetings/good", event -> worker.interrupt());
            CompletableFuture<Void> firing = whenConnected("fire checked 1 1",
                    "fire unchecked 1 1", "fire error 1 1", "fire good 1 1");
            equal(thrown(AssertionError.class, worker::run).getMessage(), "an error");
            equal(worker.run(), Status.INTERRUPTED);
            equal(told, List.of("checked 1", "unchecked 2"));
            await(firing);
        }
    }

    static void testExceptionsOfTheErrorHandlerComeOutOfTheCall() throws Exception {
        try (Options options =
                        new Options().reconnectDelay(Duration.ofMillis(1), Duration.ofMillis(1));
                Worker worker = new Worker("http://wr:0000@127.0.0.1:1/moon", options)) {
            worker.onError(failure -> {
                throw new IllegalStateException("mine");
            });
            equal(thrown(IllegalStateException.class, () -> worker.next(DEADLINE)).getMessage(),
                    "mine");
            List<Status> heard = new ArrayList<>();
            worker.onError(failure -> {
                heard.add(failure.status());
                if (heard.size() == 2) {
                    worker.interrupt();
                }
            });
            check(worker.next(DEADLINE).isEmpty(), "an event");
            equal(worker.status(), Status.INTERRUPTED);
            equal(heard, List.of(Status.CONNECT, Status.CONNECT));
            equal(worker.lastError().orElseThrow().status(), Status.CONNECT);
            worker.onError(null);
            equal(Callbacks.held(), 0);
        }
    }

    static void testALogIsWrittenAndMayThrow() throws Exception {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        try (Options options = quick(new Options().log(Options.LogLevel.DEBUG, (level, line) -> {
                    lines.add(level + " " + line);
                    throw new IllegalStateException("which must not matter");
                }));
                Worker worker = new Worker(URL, options)) {
            long end = System.nanoTime() + DEADLINE.toNanos();
            while (worker.state() != Worker.State.CONNECTED) {
                check(System.nanoTime() < end, "no connection");
                worker.next(Duration.ofMillis(5));
            }
            check(String.join("\n", lines).contains("INFO connected to"), lines);
        }
        equal(Callbacks.held(), 0);
    }

    static void testAnInterruptedThreadStopsWaiting() throws Exception {
        try (Worker worker = newWorker()) {
            worker.on("greetings/*", event -> {
                throw new InterruptedException("by a handler");
            });
            AtomicReference<Thread> thread = new AtomicReference<>();
            CompletableFuture<Status> ended = new CompletableFuture<>();
            thread.set(new Thread(() -> {
                try {
                    ended.complete(worker.run());
                } catch (Throwable problem) {
                    ended.completeExceptionally(problem);
                }
            }));
            thread.get().start();
            stage("workers 1");
            thread.get().interrupt();
            Throwable cause = thrown(ExecutionException.class, () -> await(ended)).getCause();
            check(cause instanceof InterruptedException, cause);
            CompletableFuture<Void> firing = whenConnected("fire any 1 1");
            equal(thrown(InterruptedException.class, worker::run).getMessage(), "by a handler");
            await(firing);
        }
    }

    static void testInterruptsLoseNothing() throws Exception {
        try (Worker worker = newWorker()) {
            worker.interrupt();
            worker.interrupt();
            check(worker.next(Kosmonaut.FOREVER).isEmpty(), "an event");
            equal(worker.status(), Status.INTERRUPTED);
            check(worker.next(Duration.ZERO).isEmpty(), "an event");
            equal(worker.status(), Status.AGAIN);
            AtomicBoolean isOver = new AtomicBoolean();
            CompletableFuture<Void> firing = whenConnected("fire counted 0 200");
            Thread interrupter = new Thread(() -> {
                while (!isOver.get()) {
                    worker.interrupt();
                    Thread.yield();
                }
            });
            interrupter.start();
            long end = System.nanoTime() + DEADLINE.toNanos();
            for (int n = 0; n < 200;) {
                check(System.nanoTime() < end, "only " + n);
                Optional<Event> event = worker.next(DEADLINE);
                if (event.isPresent()) {
                    equal(number(event.get()), n++);
                    event.get().close();
                }
            }
            isOver.set(true);
            interrupter.join();
            await(firing);
        }
    }

    static void testOneDriverAtATime() throws Exception {
        try (Worker worker = newWorker()) {
            AtomicInteger refusals = new AtomicInteger();
            worker.on("*/*", event -> {
                refused(Status.STATE, () -> worker.next(Duration.ZERO));
                refusals.incrementAndGet();
            });
            CompletableFuture<Status> ended = inBackground(worker);
            stage("workers 1");
            refused(Status.STATE, worker::run);
            stage("fire any 1 1");
            eventually("the handler", () -> refusals.get() == 1);
            check(worker.shutdown(DEADLINE), "not closed");
            equal(await(ended), Status.CLOSED);
            equal(worker.dispatch(), Status.CLOSED);
        }
    }

    static void testCloseWakesWhoWaits() throws Exception {
        Worker worker = newWorker();
        worker.on("*/*", event -> {});
        CompletableFuture<Status> ended = inBackground(worker);
        stage("workers 1");
        worker.close();
        equal(await(ended), Status.CLOSED);
        equal(worker.state(), Worker.State.CLOSED);
        equal(worker.fd(), -1);
        check(worker.next(Duration.ZERO).isEmpty(), "an event");
        equal(worker.status(), Status.CLOSED);
        worker.close();
    }

    static void testAHandlerMayCloseItsWorker() throws Exception {
        try (Worker worker = newWorker()) {
            AutoCloseable closing = worker;
            worker.on("greetings/bye", event -> closing.close());
            worker.on("*/bye", event -> {
                throw new AssertionError("the second handler ran");
            });
            CompletableFuture<Void> firing = whenConnected("fire bye 1 1");
            equal(worker.run(), Status.CLOSED);
            await(firing);
        }
    }

    static void testRunWantsHandlers() {
        try (Worker worker = newWorker()) {
            refused(Status.STATE, worker::run);
            refused(Status.STATE, worker::dispatch);
        }
    }

    static void testDispatchHandsOverWhatIsReady() throws Exception {
        try (Worker worker = newWorker()) {
            AtomicInteger seen = new AtomicInteger();
            worker.on("*/ready", event -> seen.incrementAndGet());
            check(worker.fd() >= 0, "no descriptor");
            CompletableFuture<Void> firing = whenConnected("fire ready 1 3");
            long end = System.nanoTime() + DEADLINE.toNanos();
            while (seen.get() < 3) {
                check(System.nanoTime() < end, "only " + seen);
                if (worker.dispatch().equals(Status.AGAIN)) {
                    Thread.sleep(1);
                }
            }
            await(firing);
        }
    }

    static void testAFatalFailureIsToldOnce() throws Exception {
        try (Worker worker = new Worker(URL.substring(0, URL.lastIndexOf('/')) + "/nowhere")) {
            refused(Status.NO_VHOST, () -> worker.next(DEADLINE));
            check(worker.next(DEADLINE).isEmpty(), "an event");
            equal(worker.status(), Status.CLOSED);
        }
    }

    static void testAWorkerComesBackToItsBroker() throws Exception {
        try (Worker worker = newWorker()) {
            CompletableFuture<Void> firing =
                    whenConnected("stop", "start", "workers 1", "fire again 1 1");
            equal(nextEvent(worker).name(), "again");
            await(firing);
            check(worker.reconnects() >= 1 && worker.lastError().isPresent(), worker.stats());
        }
    }

    // ---- The collector ----

    private static long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    private static long residentKib() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4;
    }

    /** Without closing: each with a handler that refers to it, a log and an error handler. */
    private static void drop() {
        try (Options options = new Options()) {
            options.log(Options.LogLevel.ERROR, (level, line) -> {});
            Client client = new Client(URL, options);
            client.triggerAsync(CHANNEL, "never sent", null);
            Worker worker = new Worker(URL, options);
            worker.on("*/*", event -> worker.interrupt());
            worker.onError(failure -> worker.interrupt());
        }
    }

    static void testTenThousandDroppedHandlesLeaveNothing() throws Exception {
        drop();
        long before = descriptors();
        long memory = 0;
        final int count = 5000;
        for (int i = 1; i <= count; i++) {
            drop();
            if (i % 250 == 0) {
                eventually("descriptors to go", () -> {
                    System.gc();
                    return descriptors() <= before;
                });
            }
            if (i == count / 5) {
                memory = residentKib();
            }
        }
        eventually("all functions to go", () -> {
            System.gc();
            return Callbacks.held() == 0;
        });
        long grown = residentKib() - memory;
        check(grown < 48 * 1024, grown + " KiB more");
    }

    static void testTenThousandClosedHandlesLeaveNothing() throws Exception {
        long before = descriptors();
        for (int i = 0; i < 5000; i++) {
            try (Client client = new Client(URL); Worker worker = new Worker(URL)) {
                worker.onError(failure -> worker.state());
                client.openChannelAsync(CHANNEL);
            }
        }
        // What the JVM opens meanwhile is not the library's.
        check(descriptors() <= before + 5, descriptors() - before);
        equal(Callbacks.held(), 0);
    }

    // ---- Running ----

    private static void run(Method test) throws IllegalAccessException {
        Throwable problem = null;
        try {
            test.invoke(null);
        } catch (InvocationTargetException failed) {
            problem = failed.getCause();
        }
        try {
            stage("workers 0"); // however it has ended: the next test counts them
        } catch (AssertionError left) {
            problem = problem == null ? left : problem;
        }
        if (problem != null) {
            problem.printStackTrace();
        }
        System.out.println((problem == null ? "ok " : "FAIL ") + test.getName());
    }

    /** Runs all tests, or those whose names hold one of the arguments. */
    public static void main(String[] arguments) throws IllegalAccessException {
        Map<String, Method> tests = new java.util.TreeMap<>();
        for (Method method : KosmonautTest.class.getDeclaredMethods()) {
            if (method.getName().startsWith("test") && Modifier.isStatic(method.getModifiers())
                    && !method.isSynthetic()) {
                tests.put(method.getName(), method);
            }
        }
        for (Method test : tests.values()) {
            if (arguments.length == 0
                    || Stream.of(arguments).anyMatch(test.getName()::contains)) {
                run(test);
            }
        }
        System.exit(0);
    }
}
