package org.kosmonaut;

import static org.kosmonaut.Stage.CHANNEL;
import static org.kosmonaut.Stage.URL;
import static org.kosmonaut.Stage.check;
import static org.kosmonaut.Stage.equal;
import static org.kosmonaut.Stage.eventually;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What is left of handles that are dropped, or closed. */
final class MemoryTest {
    private MemoryTest() {}

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
}
