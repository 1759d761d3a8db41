package org.kosmonaut;

import com.sun.jna.Pointer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A channel that is open, as it was when the broker was asked.
 *
 * @param name its name
 * @param type {@code normal}, {@code private} or {@code presence}; there may be more one day
 * @param subscribers how many connections are subscribed, those that hide included
 * @param members how many of them the others on a presence channel see; empty for other types
 */
public record Channel(String name, String type, long subscribers, OptionalLong members) {
    /** Copies a channel of a page, which stays the library's. */
    static Channel of(Pointer page, CTypes.SizeT index) {
        long members = Kn.kn_channels_members(page, index);
        return new Channel(
                CTypes.text(Kn.kn_channels_name(page, index)),
                CTypes.text(Kn.kn_channels_type(page, index)),
                Kn.kn_channels_subscribers(page, index),
                members < 0 ? OptionalLong.empty() : OptionalLong.of(members));
    }

    /**
     * One page of a vhost's channels.
     *
     * @param channels in the order of their names
     * @param next what to ask for the next page with; empty when this is the last one
     */
    public record Page(List<Channel> channels, Optional<String> next) {
        /** Copies a page, which stays the library's. */
        static Page of(Pointer page) {
            return new Page(Pages.rows(page, Kn.kn_channels_count(page), Channel::of),
                    Optional.ofNullable(CTypes.text(Kn.kn_channels_next(page))));
        }
    }
}
