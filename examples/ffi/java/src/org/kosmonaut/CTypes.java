package org.kosmonaut;

import com.sun.jna.IntegerType;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;

/** What C has and Java has not: {@code size_t}, and text that is pointed at. */
final class CTypes {
    private CTypes() {}

    /** {@code size_t}. */
    public static final class SizeT extends IntegerType {
        private static final long serialVersionUID = 1;

        /** Zero, which the library of JNA asks for. */
        public SizeT() {
            this(0);
        }

        SizeT(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }

        /** Where one is put. */
        public static final class ByReference extends com.sun.jna.ptr.ByReference {
            /** Has room for one. */
            public ByReference() {
                super(Native.SIZE_T_SIZE);
            }

            int value() {
                Pointer where = getPointer();
                return Math.toIntExact(
                        Native.SIZE_T_SIZE == Long.BYTES ? where.getLong(0) : where.getInt(0));
            }
        }
    }

    /** What a getter shows; null for NULL. */
    static String text(Pointer text) {
        return text == null ? null : text.getString(0, StandardCharsets.UTF_8.name());
    }

    /** Takes over a text that the library handed out. */
    static String take(PointerByReference text) {
        Pointer taken = text.getValue();
        try {
            return text(taken);
        } finally {
            Kn.kn_string_free(taken);
        }
    }
}
