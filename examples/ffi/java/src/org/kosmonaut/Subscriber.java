package org.kosmonaut;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A connection that is subscribed to a channel, as it was when the broker was asked.
 *
 * @param sid the session, that is the connection
 * @param uid the user that it is authenticated as, by the broker's word
 * @param isHidden whether it hides from the other members of a presence channel
 * @param data what the browser said of itself as it subscribed: a JSON object, as it came
 */
public record Subscriber(String sid, Optional<String> uid, boolean isHidden, String data) {
    /** Copies a subscriber of a page, which stays the library's. */
    static Subscriber of(Pointer page, CTypes.SizeT index) {
        CTypes.SizeT.ByReference length = new CTypes.SizeT.ByReference();
        Pointer data = Kn.kn_subscribers_data(page, index, length);
        return new Subscriber(
                CTypes.text(Kn.kn_subscribers_sid(page, index)),
                Optional.ofNullable(CTypes.text(Kn.kn_subscribers_uid(page, index))),
                Kn.kn_subscribers_hidden(page, index) != 0,
                new String(data.getByteArray(0, length.value()), StandardCharsets.UTF_8));
    }
}
