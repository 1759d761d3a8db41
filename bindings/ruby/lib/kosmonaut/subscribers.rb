# frozen_string_literal: true

module Kosmonaut
  # A connection that is subscribed to a channel, as it was when the broker was asked.
  class Subscriber
    # The session, that is the connection.
    attr_reader :sid

    # The user that it is authenticated as, by the broker's word; nil when there is none.
    attr_reader :uid

    # What the browser said of itself as it subscribed, as it came: a JSON object, and the browser's
    # own word.
    attr_reader :json

    # Reads one subscriber of a kn_subscribers, which stays whose it is.
    def self.read(page, index)
      length = Native::Out.new
      data = Native.kn_subscribers_data(page, index, length)
      new(Native.text(Native.kn_subscribers_sid(page, index)).freeze,
          Native.text(Native.kn_subscribers_uid(page, index))&.freeze,
          Native.kn_subscribers_hidden(page, index) == 1,
          data[0, length.value].force_encoding(Encoding::UTF_8).freeze)
    end
    private_class_method :new

    def initialize(sid, uid, is_hidden, json)
      @sid = sid
      @uid = uid
      @is_hidden = is_hidden
      @json = json
    end

    # Whether it hides from the other members of a presence channel.
    def hidden?
      @is_hidden
    end

    # What the browser said of itself, parsed: a Hash with String keys.
    def data
      @data ||= JSON.parse(@json)
    end

    # A member of #data.
    def [](key)
      data[key]
    end

    def inspect
      "#<#{self.class} #{sid}#{" #{uid}" if uid}#{' hidden' if hidden?} #{json}>"
    end
  end

  # One page of a channel's subscribers, in the order of their sids.
  class SubscriberPage
    include Enumerable

    # What to ask for the next page with, as `after`; nil when this is the last one.
    attr_reader :next

    # Reads a kn_subscribers, which stays whose it is.
    def self.read(address)
      all = Array.new(Native.kn_subscribers_count(address)) do |index|
        Subscriber.read(address, index)
      end
      new(all.freeze, Native.text(Native.kn_subscribers_next(address))&.freeze)
    end

    # The same, and frees the kn_subscribers.
    def self.take(address)
      read(address)
    ensure
      Native.kn_subscribers_free(address)
    end
    private_class_method :new

    def initialize(all, after)
      @all = all
      @next = after
    end

    # Yields each Subscriber.
    def each(&block)
      return @all.each unless block

      @all.each(&block)
      self
    end

    # How many there are.
    def size
      @all.size
    end
  end
end
