import java.time.Duration;
import org.kosmonaut.Client;
import org.kosmonaut.Event;
import org.kosmonaut.KosmonautException;
import org.kosmonaut.Options;
import org.kosmonaut.Worker;

/**
 * A whole backend: it opens a room, lets a visitor in, answers every question that is asked there,
 * and ends cleanly with Ctrl-C.
 */
public final class Backend {
    private static final String ROOM = "private-room";

    private final Client client;

    private Backend(Client client) {
        this.client = client;
    }

    /** A JSON text. (A program with libraries has one for it.) */
    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private void answer(Event event) {
        String to = event.uid().map(Backend::quoted).orElse("null");
        String data = "{\"to\": %s, \"asked\": %s}".formatted(to, event.data());
        client.trigger(event.channel(), "answer", data);
    }

    private void run(Worker worker) throws InterruptedException {
        client.openChannel(ROOM);
        System.out.println("a token for alice's browser: " + client.requestToken("alice", ROOM));
        worker.on(ROOM + "/ask", this::answer);
        // Whatever a browser sends must not end the backend; the next one may be answered.
        worker.onException((failure, event) -> System.err.println("not answered: " + failure));
        worker.run(); // until it is interrupted
        worker.shutdown(Duration.ofSeconds(5));
    }

    /** At Ctrl-C the JVM runs its hooks, beside all other threads, and ends when they are done. */
    private static void interruptAtExit(Worker worker, Thread driver) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                worker.interrupt();
                driver.join(Duration.ofSeconds(6).toMillis());
            } catch (InterruptedException | KosmonautException tooLate) {
                // The worker is closed already, or nobody waits any more.
            }
        }));
    }

    public static void main(String[] arguments) throws InterruptedException {
        String url = System.getenv("VHOST_URL"); // not an argument: everybody may read those
        if (url == null) {
            System.err.println("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST");
            System.exit(2);
        }
        try (Options options = new Options().log(Options.LogLevel.WARNING,
                        (level, line) -> System.err.println(line));
                Client client = new Client(url);
                Worker worker = new Worker(url, options)) {
            interruptAtExit(worker, Thread.currentThread());
            new Backend(client).run(worker);
        }
        System.out.println("closed");
    }
}
