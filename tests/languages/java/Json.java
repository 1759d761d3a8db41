import java.util.LinkedHashMap;
import java.util.Map;

/** As much JSON as the tests need: the members of an object, each as the text that it has. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The members' JSON texts by their names. */
    static Map<String, String> object(String text) {
        return new Json(text).members();
    }

    /** The text that a JSON text stands for. */
    static String string(String json) {
        StringBuilder out = new StringBuilder();
        for (int i = 1; i < json.length() - 1; i++) {
            char c = json.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escape = json.charAt(++i);
            if (escape == 'u') {
                out.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
                i += 4;
            } else {
                int plain = "ntrbf".indexOf(escape);
                out.append(plain < 0 ? escape : "\n\t\r\b\f".charAt(plain));
            }
        }
        return out.toString();
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private Map<String, String> members() {
        Map<String, String> members = new LinkedHashMap<>();
        expect('{');
        while (peek() != '}') {
            String name = string(value());
            expect(':');
            members.put(name, value());
            if (peek() == ',') {
                at++;
            }
        }
        return members;
    }

    private char peek() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        if (at == text.length()) {
            throw new IllegalArgumentException("it ends too early: " + text);
        }
        return text.charAt(at);
    }

    private void expect(char wanted) {
        if (peek() != wanted) {
            throw new IllegalArgumentException("no " + wanted + " at " + at + ": " + text);
        }
        at++;
    }

    private String value() {
        peek();
        int begin = at;
        int depth = 0;
        do {
            char c = peek();
            if (c == '"') {
                skipString();
            } else if (c == '{' || c == '[') {
                depth++;
                at++;
            } else if (c == '}' || c == ']') {
                depth--;
                at++;
            } else if (depth > 0 && (c == ',' || c == ':')) {
                at++;
            } else {
                skipWord();
            }
        } while (depth > 0);
        return text.substring(begin, at);
    }

    private void skipString() {
        for (at++; text.charAt(at) != '"'; at++) {
            if (text.charAt(at) == '\\') {
                at++;
            }
        }
        at++;
    }

    private void skipWord() {
        while (at < text.length() && ",:]} \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
    }
}
