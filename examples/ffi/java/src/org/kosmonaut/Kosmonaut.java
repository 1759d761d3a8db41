package org.kosmonaut;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** The C library that is loaded, and what the classes of this package share. */
public final class Kosmonaut {
    private Kosmonaut() {}

    /** As a time limit: none. */
    public static final Duration FOREVER = Duration.ofMillis(-1);

    /** The version of the C library, such as "1.0.0". */
    public static String version() {
        return CTypes.text(Kn.kn_version());
    }

    /** The version of the C library as 0xMMmmpp; newer is greater. */
    public static int versionNumber() {
        return Kn.kn_version_number();
    }

    /** A text for C, which a NUL would cut short. */
    static String text(String text, String what) {
        if (text.indexOf('\0') >= 0) {
            throw new KosmonautException(Status.INVALID, what + " has a NUL in it");
        }
        return text;
    }

    /** Rounded up, so that a short wait does not become none. */
    static long milliseconds(Duration limit) {
        if (limit.equals(FOREVER)) {
            return -1;
        }
        if (limit.isNegative()) {
            return -2; // which the library refuses
        }
        long whole = limit.toMillis();
        return limit.equals(Duration.ofMillis(whole)) ? whole : Math.addExact(whole, 1);
    }

    /** A payload; null stands for NULL. */
    static byte[] payload(String json) {
        if (json == null) {
            return null;
        }
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        // JNA has no address for an empty array.
        return bytes.length == 0 ? new byte[1] : bytes;
    }

    static CTypes.SizeT length(String json) {
        return new CTypes.SizeT(json == null ? 0 : json.getBytes(StandardCharsets.UTF_8).length);
    }
}
