package org.kosmonaut;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/** What all lists have in common that are told a page at a time. */
final class Pages {
    private Pages() {}

    /** Copies the rows of a page, which stays the library's. */
    static <T> List<T> rows(
            Pointer page, CTypes.SizeT count, BiFunction<Pointer, CTypes.SizeT, T> row) {
        List<T> rows = new ArrayList<>();
        for (long index = 0; index < count.longValue(); index++) {
            rows.add(row.apply(page, new CTypes.SizeT(index)));
        }
        return List.copyOf(rows);
    }

    /** A text for C; null stays null. */
    static String textOrNull(String text, String what) {
        return text == null ? null : Kosmonaut.text(text, what);
    }

    /** Goes over all rows of all pages, which it asks for one after the other. */
    static final class Walk<P, T> implements Iterator<T> {
        private final Function<String, P> ask;
        private final Function<P, List<T>> rows;
        private final Function<P, Optional<String>> follow;
        private Iterator<T> here = null;
        private Optional<String> next = Optional.empty();

        /** By a function that has the page behind a row; null is the beginning. */
        Walk(Function<String, P> ask, Function<P, List<T>> rows,
                Function<P, Optional<String>> follow) {
            this.ask = ask;
            this.rows = rows;
            this.follow = follow;
        }

        @Override
        public boolean hasNext() {
            while (here == null || !here.hasNext() && next.isPresent()) {
                P page = ask.apply(next.orElse(null));
                here = rows.apply(page).iterator();
                next = follow.apply(page);
            }
            return here.hasNext();
        }

        @Override
        public T next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return here.next();
        }
    }
}
