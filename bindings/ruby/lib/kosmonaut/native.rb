# frozen_string_literal: true

require "fiddle"

require_relative "declarations"

module Kosmonaut
  # The C functions, one module function for each, and the little that is needed around them.
  #
  # Nothing here is for users of the gem.
  module Native
    TYPES = {
      void: Fiddle::TYPE_VOID,
      pointer: Fiddle::TYPE_VOIDP,
      status: Fiddle::TYPE_INT32_T,
      int: Fiddle::TYPE_INT,
      int32: Fiddle::TYPE_INT32_T,
      int64: Fiddle::TYPE_INT64_T,
      size: Fiddle::TYPE_SIZE_T
    }.freeze

    # name => [result, *parameters]
    DECLARATIONS = WAITING.merge(QUICK).freeze

    LIBRARY = Fiddle.dlopen(ENV.fetch("KOSMONAUT_LIBRARY", "libkosmonaut.so.1"))

    DECLARATIONS.each do |name, (result, *parameters)|
      function = Fiddle::Function.new(LIBRARY[name.to_s], parameters.map { |type| TYPES[type] },
                                      TYPES[result], need_gvl: QUICK.key?(name))
      define_singleton_method(name) { |*arguments| function.call(*arguments) }
    end

    # A place in memory that a function writes an address, or another number of eight bytes, to.
    class Out
      def initialize
        @memory = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
        @memory[0, Fiddle::SIZEOF_VOIDP] = [0].pack("J")
      end

      def to_ptr
        @memory
      end

      def value
        @memory[0, Fiddle::SIZEOF_VOIDP].unpack1("J")
      end
    end

    # What a `const char *` shows, as a String of its own; nil for NULL.
    def self.text(pointer)
      pointer.null? ? nil : pointer.to_s.force_encoding(Encoding::UTF_8)
    end

    # What a `char *` that was handed over shows; the text is freed.
    def self.take_text(address)
      text(Fiddle::Pointer.new(address))
    ensure
      kn_string_free(address)
    end

    # The bytes to pass for a `const char *`, in a copy that no other thread changes meanwhile.
    # InvalidArgument: there is a NUL in it, where C would take the text to end.
    def self.c_string(text, what)
      bytes = utf8(text)
      raise Error.of(Status::EINVAL, "#{what} has a NUL in it") if bytes.include?("\0")

      bytes << "\0"
    end

    # As c_string, where nil is allowed and means NULL.
    def self.c_string_or_null(text, what)
      text && c_string(text, what)
    end

    # A number that C does not cut short.
    def self.int32(number)
      whole = Integer(number)
      return whole if (-0x80000000..0x7FFFFFFF).cover?(whole)

      raise Error.of(Status::EINVAL, "a number out of range")
    end

    # A copy of the text in UTF-8.
    def self.utf8(text)
      text = text.name if text.is_a?(Symbol)
      string = String.try_convert(text) or raise TypeError, "#{text.class} where text has to be"
      string = string.encode(Encoding::UTF_8) unless string.encoding == Encoding::BINARY
      string.b
    end

    LONGEST_MS = (1 << 63) - 1

    # Seconds, as the library's milliseconds; nil is its "for ever", and so is Float::INFINITY.
    def self.milliseconds(seconds, what = "the time")
      return -1 if seconds.nil?
      raise TypeError, "#{what} is a number of seconds, not #{seconds.class}" unless
        seconds.is_a?(Numeric) && seconds.real?

      if (seconds.respond_to?(:nan?) && seconds.nan?) || seconds.negative?
        raise InvalidArgument.new("#{what} is #{seconds}; it is 0 or more seconds, or nil",
                                  status: Status::EINVAL)
      end
      seconds.infinite? ? -1 : [(seconds * 1000).ceil, LONGEST_MS].min
    end

    # Raises the Kosmonaut::Error for a status below 0. Yields the place for the details.
    def self.checked
      out = Out.new
      status = yield out
      raise Error.take(status, out.value) if status.negative?

      status
    end
  end
  private_constant :Native
end
