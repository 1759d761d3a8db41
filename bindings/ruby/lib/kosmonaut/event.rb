# frozen_string_literal: true

module Kosmonaut
  # An event that a browser sent. It never changes and outlives its worker.
  #
  # Answers (#ack, #nack) mean something where delivery is at least once. A handler's event is
  # acknowledged when its last handler has returned, unless it was answered, deferred or retained;
  # if a handler raises, it is given back. One from Worker#next is answered by whoever has it, and
  # given back if it is collected without an answer.
  class Event
    # The topic as it came, "channel/event".
    attr_reader :topic

    # The topic's part before the first slash; "" where there is none.
    attr_reader :channel

    # The topic's part after the first slash, or the whole of it where there is none.
    attr_reader :name

    # The event's id in its stream; "" when the stream gave none.
    attr_reader :id

    # The authenticated user whose browser sent the event; nil when there is none. The broker sets
    # it, never the browser.
    attr_reader :uid

    # The session, that is the connection, whose browser sent the event, or nil. The broker sets it.
    attr_reader :sid

    # The payload as it came. From a WebRocket broker it is a JSON object.
    attr_reader :json

    # :message; :gap when the broker says that messages were lost (at least once only).
    attr_reader :kind

    # The reference under which a page sent it, at least once: the key by which a repetition is told,
    # over the whole way. Or nil.
    attr_reader :ref

    # When the broker took it, at least once: a Time by the broker's clock. Or nil.
    attr_reader :time

    # How often this message has been delivered, this time included.
    attr_reader :attempt

    KINDS = { 0 => :message, 1 => :gap }.freeze
    private_constant :KINDS

    # The Event of a kn_event that was handed over.
    def self.take(address)
      new(Fiddle::Pointer.new(address, 0, Native::LIBRARY["kn_event_free"]))
    end
    private_class_method :new

    def initialize(pointer)
      @pointer = pointer
      @is_kept = false
      @is_answered = false
      @kind = KINDS.fetch(Native.kn_event_kind(pointer), :unknown)
      @attempt = Native.kn_event_attempt(pointer)
      @json = read_data(pointer)
      @time = read_time(pointer)
      @topic, @channel, @name, @id, @uid, @sid, @ref =
        %i[topic channel name id uid sid ref].map do |getter|
          Native.text(Native.public_send("kn_event_#{getter}", pointer))&.freeze
        end
    end

    # The payload, parsed: a Hash with String keys. JSON::ParserError: it is no JSON.
    def data
      @data ||= JSON.parse(@json)
    end

    # A member of #data.
    def [](key)
      data[key]
    end

    # Acknowledges the event: it was dealt with. Where delivery is at most once there is nothing
    # to acknowledge. Returns self. StateError: it has an answer already, or was let go of.
    def ack
      answer { |event| Native.kn_event_ack(event) }
    end

    # Gives the event back, to be delivered again after `delay` seconds. Returns self. StateError:
    # it has an answer already, was let go of, or delivery is at most once.
    def nack(delay: 0)
      answer { |event| Native.kn_event_nack(event, Native.milliseconds(delay)) }
    end

    # Gives the event back because this program has nothing for it, which does not count against it.
    # As #nack.
    def decline(delay: 0)
      answer { |event| Native.kn_event_decline(event, Native.milliseconds(delay)) }
    end

    # Asks for more time: the broker's deadline for the answer begins anew. Returns self. Raises as
    # #nack.
    def extend_deadline
      require_pointer
      require_taken(Native.kn_event_extend(@pointer))
      self
    end

    # Says, in a handler, that the answer will come later. Returns self.
    def defer
      @is_kept = true
      self
    end

    # Keeps the event beyond its handler. Returns self.
    alias retain defer

    # Lets go of the event; without an answer it is given back. What it says can still be read.
    def free
      @pointer.call_free unless @pointer.freed?
      nil
    end

    # For the worker, when all handlers have returned.
    def settle(is_acknowledged: true)
      return if @is_kept

      Native.kn_event_ack(@pointer) unless !is_acknowledged || @is_answered || @pointer.freed?
      free
    end

    # For the worker, when a handler has raised.
    def give_back
      free unless @is_kept
    end

    def inspect
      "#<#{self.class} #{topic} #{json}>"
    end

    private

    def read_data(pointer)
      length = Native::Out.new
      data = Native.kn_event_data(pointer, length)
      data[0, length.value].force_encoding(Encoding::UTF_8).freeze
    end

    def read_time(pointer)
      time_ms = Native.kn_event_time_ms(pointer)
      time_ms.negative? ? nil : Time.at(0, time_ms, :millisecond)
    end

    def require_pointer
      raise Error.of(Status::ESTATE, "the event was let go of") if @pointer.freed?
    end

    def require_taken(status)
      raise Closed, "too late, it will be delivered again" if status == Status::CLOSED
      raise Error.of(status) if status.negative?
    end

    def answer
      require_pointer
      require_taken(yield(@pointer))
      @is_answered = true
      self
    end
  end
end
