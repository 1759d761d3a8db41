package org.kosmonaut;

import static org.kosmonaut.Stage.CHANNEL;
import static org.kosmonaut.Stage.DEADLINE;
import static org.kosmonaut.Stage.URL;
import static org.kosmonaut.Stage.await;
import static org.kosmonaut.Stage.check;
import static org.kosmonaut.Stage.equal;
import static org.kosmonaut.Stage.eventually;
import static org.kosmonaut.Stage.inBackground;
import static org.kosmonaut.Stage.newWorker;
import static org.kosmonaut.Stage.nextEvent;
import static org.kosmonaut.Stage.number;
import static org.kosmonaut.Stage.quick;
import static org.kosmonaut.Stage.refused;
import static org.kosmonaut.Stage.stage;
import static org.kosmonaut.Stage.thrown;
import static org.kosmonaut.Stage.whenConnected;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Workers, beside a real broker. */
final class WorkerTest {
    private WorkerTest() {}

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
}
