package org.kosmonaut;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A real broker and what only a browser can do, and assertions; see stage.py for what the environment holds. */
final class Stage {
    static final String URL = System.getenv("KOSMONAUT_TEST_URL");
    static final String CHANNEL = "greetings";
    static final Duration DEADLINE = Duration.ofSeconds(20);

    private Stage() {}

    /** What a test does. */
    interface Action {
        void run() throws Exception;
    }

    static String stage(String words) {
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
    static CompletableFuture<Void> whenConnected(String... requests) {
        return CompletableFuture.runAsync(() -> {
            stage("workers 1");
            Stream.of(requests).forEach(Stage::stage);
        });
    }

    static Worker newWorker() {
        try (Options options = new Options()) {
            return new Worker(URL, quick(options));
        }
    }

    static Options quick(Options options) {
        return options.reconnectDelay(Duration.ofMillis(20), Duration.ofMillis(100));
    }

    static CompletableFuture<Status> inBackground(Worker worker) {
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

    static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            throw new AssertionError("nothing came", late);
        }
    }

    static Event nextEvent(Worker worker) throws InterruptedException {
        return worker.next(DEADLINE).orElseThrow(() -> new AssertionError(worker.status()));
    }

    static int number(Event event) {
        var found = Pattern.compile("\"n\":(\\d+)").matcher(event.data());
        check(found.find(), event.data());
        return Integer.parseInt(found.group(1));
    }

    // ---- Assertions ----

    static void check(boolean condition, Object message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static void equal(Object is, Object wanted) {
        check(wanted.equals(is), is + " instead of " + wanted);
    }

    static <E extends Throwable> E thrown(Class<E> type, Action action) {
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

    static KosmonautException refused(Status status, Action action) {
        KosmonautException failure = thrown(KosmonautException.class, action);
        equal(failure.status(), status);
        return failure;
    }

    static void says(KosmonautException failure, String words) {
        check(failure.getMessage().contains(words), failure);
    }

    static void eventually(String what, BooleanSupplier condition)
            throws InterruptedException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            check(System.nanoTime() < end, "timed out waiting for " + what);
            Thread.sleep(5);
        }
    }
}
