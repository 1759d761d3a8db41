import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.kosmonaut.Client;
import org.kosmonaut.Event;
import org.kosmonaut.KosmonautException;
import org.kosmonaut.Options;
import org.kosmonaut.Status;
import org.kosmonaut.Worker;

/** Driven by lines of JSON: see scripts/check-languages. */
public final class Scenario {
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private final Client client;
    private final Worker worker;
    private final Thread thread;

    private Scenario(String url) {
        client = new Client(url);
        try (Options options = new Options()) {
            options.reconnectDelay(Duration.ofMillis(100), Duration.ofMillis(500));
            worker = new Worker(url, options);
        }
        worker.on("private-room/ask", this::answer);
        worker.on("private-room/who", this::name);
        thread = new Thread(this::drive, "worker");
        thread.start();
    }

    private void answer(Event event) {
        String n = Json.object(event.data()).get("n");
        String to = event.uid().map(Json::quoted).orElse("null");
        client.trigger(event.channel(), "answer", "{\"to\":%s,\"n\":%s}".formatted(to, n));
    }

    /** Without a look at the rest of the data, which may be anything. */
    private void name(Event event) {
        String uid = event.uid().map(Json::quoted).orElse("null");
        String sid = event.sid().map(Json::quoted).orElse("null");
        client.trigger(event.channel(), "sender", "{\"uid\":%s,\"sid\":%s}".formatted(uid, sid));
    }

    private void drive() {
        try {
            Status ended = worker.run();
            if (ended.equals(Status.CLOSED)) {
                return;
            }
            System.err.println("the worker ended: " + ended);
        } catch (Throwable problem) {
            problem.printStackTrace();
        }
        System.exit(1);
    }

    /** The members of the answer, behind "ok". */
    private String obey(Map<String, String> command) throws InterruptedException {
        switch (text(command, "do")) {
            case "open" -> client.openChannel(text(command, "channel"));
            case "close_channel" -> client.closeChannel(text(command, "channel"));
            case "trigger" -> client.trigger(
                    text(command, "channel"), text(command, "event"), command.get("data"));
            case "token" -> {
                String token = client.requestToken(text(command, "uid"), text(command, "channels"));
                return ",\"token\":" + Json.quoted(token);
            }
            case "open_as" -> {
                try (Client other = new Client(text(command, "url"))) {
                    other.openChannel(text(command, "channel"));
                }
            }
            case "state" -> {
                return ",\"state\":%d,\"events\":%d,\"reconnects\":%d".formatted(
                        worker.state().ordinal(), worker.events(), worker.reconnects());
            }
            case "quit" -> quit();
            default -> throw new IllegalArgumentException("unknown: " + command);
        }
        return "";
    }

    private void quit() throws InterruptedException {
        worker.shutdown(Duration.ofSeconds(5));
        thread.join();
        worker.close();
        client.close();
    }

    private static String text(Map<String, String> command, String name) {
        return Json.string(command.get(name));
    }

    private String answerTo(Map<String, String> command) throws InterruptedException {
        try {
            return "{\"ok\":true" + obey(command) + "}";
        } catch (KosmonautException failure) {
            return "{\"error\":\"%s\",\"http_status\":%d,\"message\":%s}".formatted(
                    failure.status(), failure.httpStatus().orElse(0),
                    Json.quoted(failure.getMessage()));
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Scenario scenario = new Scenario(arguments[0]);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        OUT.println("{\"ready\":true}");
        String line;
        while ((line = in.readLine()) != null) {
            Map<String, String> command = Json.object(line);
            OUT.println(scenario.answerTo(command));
            if (text(command, "do").equals("quit")) {
                return;
            }
        }
        System.err.println("the input ended without quit");
        System.exit(1);
    }
}
