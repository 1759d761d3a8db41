# frozen_string_literal: true

require "fiddle"

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

    # Functions that may wait, take a lock for long, or run a callback: other Ruby threads go on
    # meanwhile. (A callback takes Ruby's lock, so it must not be held when one may come.)
    WAITING = {
      kn_client_close_channel: [:status, :pointer, :pointer, :pointer],
      kn_client_close_channel_async: [:status, :pointer, :pointer, :pointer, :pointer, :pointer,
                                      :pointer],
      kn_client_dispatch: [:status, :pointer, :pointer],
      kn_client_flush: [:status, :pointer, :int64, :pointer],
      kn_client_free: [:void, :pointer],
      kn_client_new: [:status, :pointer, :pointer, :pointer, :pointer],
      kn_client_open_channel: [:status, :pointer, :pointer, :pointer],
      kn_client_open_channel_async: [:status, :pointer, :pointer, :pointer, :pointer, :pointer,
                                     :pointer],
      kn_client_request_token: [:status, :pointer, :pointer, :pointer, :pointer, :pointer],
      kn_client_request_token_async: [:status, :pointer, :pointer, :pointer, :pointer, :pointer,
                                      :pointer, :pointer],
      kn_client_subscribers: [:status, :pointer, :pointer, :pointer, :int32, :pointer, :pointer],
      kn_client_subscribers_async: [:status, :pointer, :pointer, :pointer, :int32, :pointer,
                                    :pointer, :pointer, :pointer],
      kn_client_trigger: [:status, :pointer, :pointer, :pointer, :pointer, :size, :pointer],
      kn_client_trigger_async: [:status, :pointer, :pointer, :pointer, :pointer, :size, :pointer,
                                :pointer, :pointer, :pointer],
      kn_client_trigger_batch: [:status, :pointer, :pointer, :pointer, :pointer],
      kn_client_trigger_batch_async: [:status, :pointer, :pointer, :pointer, :pointer, :pointer,
                                      :pointer],
      kn_worker_close: [:status, :pointer, :int64, :pointer],
      kn_worker_dispatch: [:status, :pointer, :pointer],
      kn_worker_free: [:void, :pointer],
      kn_worker_new: [:status, :pointer, :pointer, :pointer, :pointer],
      kn_worker_next: [:status, :pointer, :int64, :pointer, :pointer],
      kn_worker_on: [:status, :pointer, :pointer, :pointer, :pointer, :pointer, :pointer],
      kn_worker_on_error: [:status, :pointer, :pointer, :pointer, :pointer, :pointer],
      kn_worker_run: [:status, :pointer, :pointer]
    }.freeze

    # Functions that return at once and call nobody back.
    QUICK = {
      kn_batch_add: [:status, :pointer, :pointer, :pointer, :pointer, :size],
      kn_batch_clear: [:void, :pointer],
      kn_batch_count: [:size, :pointer],
      kn_batch_free: [:void, :pointer],
      kn_batch_new: [:pointer],
      kn_client_connections: [:int32, :pointer],
      kn_client_fd: [:int, :pointer],
      kn_client_interrupt: [:status, :pointer],
      kn_client_pending: [:size, :pointer],
      kn_client_requests: [:int64, :pointer],
      kn_client_requests_with_status: [:int64, :pointer, :status],
      kn_client_stats: [:status, :pointer, :pointer, :pointer],
      kn_error_free: [:void, :pointer],
      kn_error_http_status: [:int32, :pointer],
      kn_error_message: [:pointer, :pointer],
      kn_error_retry_after_ms: [:int64, :pointer],
      kn_error_server_code: [:int32, :pointer],
      kn_error_status: [:status, :pointer],
      kn_event_ack: [:status, :pointer],
      kn_event_attempt: [:int32, :pointer],
      kn_event_channel: [:pointer, :pointer],
      kn_event_data: [:pointer, :pointer, :pointer],
      kn_event_defer: [:status, :pointer],
      kn_event_free: [:void, :pointer],
      kn_event_id: [:pointer, :pointer],
      kn_event_kind: [:int32, :pointer],
      kn_event_nack: [:status, :pointer, :int64],
      kn_event_name: [:pointer, :pointer],
      kn_event_retain: [:pointer, :pointer],
      kn_event_sid: [:pointer, :pointer],
      kn_event_topic: [:pointer, :pointer],
      kn_event_uid: [:pointer, :pointer],
      kn_options_add_header: [:status, :pointer, :pointer, :pointer],
      kn_options_free: [:void, :pointer],
      kn_options_new: [:pointer],
      kn_options_set_ca_file: [:status, :pointer, :pointer],
      kn_options_set_client_certificate: [:status, :pointer, :pointer, :pointer],
      kn_options_set_connect_timeout_ms: [:status, :pointer, :int64],
      kn_options_set_filter: [:status, :pointer, :pointer],
      kn_options_set_idle_timeout_ms: [:status, :pointer, :int64],
      kn_options_set_log: [:status, :pointer, :int32, :pointer, :pointer, :pointer],
      kn_options_set_max_connections: [:status, :pointer, :int32],
      kn_options_set_max_event_size: [:status, :pointer, :int64],
      kn_options_set_max_pending: [:status, :pointer, :int32],
      kn_options_set_max_response_size: [:status, :pointer, :int64],
      kn_options_set_proxy: [:status, :pointer, :pointer],
      kn_options_set_reconnect_delay_ms: [:status, :pointer, :int64, :int64],
      kn_options_set_request_timeout_ms: [:status, :pointer, :int64],
      kn_options_set_unix_socket: [:status, :pointer, :pointer],
      kn_options_set_user_agent: [:status, :pointer, :pointer],
      kn_options_set_verify: [:status, :pointer, :int32],
      kn_options_set_worker_name: [:status, :pointer, :pointer],
      kn_result_count: [:size, :pointer],
      kn_result_error: [:pointer, :pointer],
      kn_result_free: [:void, :pointer],
      kn_result_item_error: [:pointer, :pointer, :size],
      kn_result_item_status: [:status, :pointer, :size],
      kn_result_status: [:status, :pointer],
      kn_result_subscribers: [:pointer, :pointer],
      kn_result_token: [:pointer, :pointer],
      kn_status_is_retriable: [:int32, :status],
      kn_status_message: [:pointer, :status],
      kn_status_name: [:pointer, :status],
      kn_string_free: [:void, :pointer],
      kn_subscribers_count: [:size, :pointer],
      kn_subscribers_data: [:pointer, :pointer, :size, :pointer],
      kn_subscribers_free: [:void, :pointer],
      kn_subscribers_hidden: [:int32, :pointer, :size],
      kn_subscribers_next: [:pointer, :pointer],
      kn_subscribers_sid: [:pointer, :pointer, :size],
      kn_subscribers_uid: [:pointer, :pointer, :size],
      kn_version: [:pointer],
      kn_version_number: [:int32],
      kn_worker_bytes: [:int64, :pointer],
      kn_worker_events: [:int64, :pointer],
      kn_worker_fd: [:int, :pointer],
      kn_worker_interrupt: [:status, :pointer],
      kn_worker_lag_ms: [:int64, :pointer],
      kn_worker_last_error: [:pointer, :pointer],
      kn_worker_reconnects: [:int64, :pointer],
      kn_worker_state: [:int32, :pointer],
      kn_worker_stats: [:status, :pointer, :pointer, :pointer]
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
