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

  # A channel that is open, as it was when the broker was asked.
  class Channel
    attr_reader :name

    # "normal", "private" or "presence"; there may be more one day.
    attr_reader :type

    # How many connections are subscribed, those that hide included.
    attr_reader :subscribers

    # How many of them the others on a presence channel see; nil for channels of other types.
    attr_reader :members

    # Reads one channel of a kn_channels, which stays whose it is.
    def self.read(page, index)
      members = Native.kn_channels_members(page, index)
      new(Native.text(Native.kn_channels_name(page, index)).freeze,
          Native.text(Native.kn_channels_type(page, index)).freeze,
          Native.kn_channels_subscribers(page, index), members.negative? ? nil : members)
    end
    private_class_method :new

    def initialize(name, type, subscribers, members)
      @name = name
      @type = type
      @subscribers = subscribers
      @members = members
    end

    def inspect
      "#<#{self.class} #{name} #{type} #{subscribers}>"
    end
  end

  # One page of a list, in the order in which the broker has it.
  class Page
    include Enumerable

    # What to ask for the next page with, as `after`; nil when this is the last one.
    attr_reader :next

    # The page that a kn_result has, which stays its own; nil when it has none.
    def self.in_result(result)
      address = Native.public_send(:"kn_result_#{self::NAME}", result)
      read(address) unless address.null?
    end

    # Reads what C calls kn_NAME and frees it.
    def self.take(address)
      read(address)
    ensure
      Native.public_send(:"kn_#{self::NAME}_free", address)
    end

    # Reads it, and leaves it whose it is.
    def self.read(address)
      all = Array.new(Native.public_send(:"kn_#{self::NAME}_count", address)) do |index|
        self::ROW.read(address, index)
      end
      new(all.freeze, Native.text(Native.public_send(:"kn_#{self::NAME}_next", address))&.freeze)
    end

    # Yields each of all pages. The block is given what to ask for as `after`, and returns a page.
    def self.walk(rows)
      page = yield nil
      page.each(&rows)
      while page.next
        page = yield page.next
        page.each(&rows)
      end
    end
    private_class_method :new, :read

    def initialize(all, after)
      @all = all
      @next = after
    end

    # Yields each of them.
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

  # One page of a channel's subscribers, in the order of their sids.
  class SubscriberPage < Page
    NAME = "subscribers"
    ROW = Subscriber
  end

  # One page of a vhost's channels, in the order of their names.
  class ChannelPage < Page
    NAME = "channels"
    ROW = Channel
  end

  # Every kind of page that a Result may have.
  PAGES = [SubscriberPage, ChannelPage].freeze
  private_constant :PAGES

  class Client
    # All who are on a channel, those who hide from the others included: yields each Subscriber, or
    # returns an Enumerator. It asks for a page whenever the one before is used up, and raises what
    # #subscribers_page raises. Of whoever stays meanwhile none is left out and none comes twice.
    #
    # page_size:: how many to ask for at a time; 0: as many as the broker sees fit.
    def subscribers(channel, page_size: 0, &block)
      return enum_for(:subscribers, channel, page_size: page_size) unless block

      Page.walk(block) { |after| subscribers_page(channel, after: after, limit: page_size) }
      self
    end

    # One page of who is on a channel. Returns a SubscriberPage.
    #
    # after:: begins behind this sid, such as the #next of the page before; nil: from the beginning.
    # limit:: how many there may be on the page; 0: as many as the broker sees fit.
    #
    # ChannelNotFound: the channel is not open. BadRequest: the broker makes no pages of that size.
    # TooBig: the page is over the option max_response_size.
    def subscribers_page(channel, after: nil, limit: 0)
      name = Native.c_string(channel, "the channel")
      after = Native.c_string_or_null(after, "after")
      limit = Native.int32(limit)
      page(SubscriberPage) do |client, out, error|
        Native.kn_client_subscribers(client, name, after, limit, out, error)
      end
    end

    # Hands in a #subscribers_page; Result#page has it. As #open_channel_async.
    def subscribers_async(channel, after: nil, limit: 0, &block)
      name = Native.c_string(channel, "the channel")
      after = Native.c_string_or_null(after, "after")
      limit = Native.int32(limit)
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_subscribers_async(client, name, after, limit, fn, number, nil, error)
      end
    end

    # All channels whose names begin with `prefix`: yields each Channel, or returns an Enumerator. It
    # asks for page after page, as #subscribers, and raises what #channels_page raises.
    def channels(prefix = "", page_size: 0, &block)
      return enum_for(:channels, prefix, page_size: page_size) unless block

      Page.walk(block) { |after| channels_page(prefix, after: after, limit: page_size) }
      self
    end

    # One page of them. Returns a ChannelPage.
    #
    # after:: begins behind this name, such as the #next of the page before; nil: from the beginning.
    # limit:: how many there may be on the page; 0: as many as the broker sees fit.
    #
    # BadRequest: the broker makes no pages of that size. TooBig: the page is over the option
    # max_response_size. ProtocolError: the broker does not tell.
    def channels_page(prefix = "", after: nil, limit: 0)
      prefix = Native.c_string(prefix, "the prefix")
      after = Native.c_string_or_null(after, "after")
      limit = Native.int32(limit)
      page(ChannelPage) do |client, out, error|
        Native.kn_client_channels(client, prefix, after, limit, out, error)
      end
    end

    # Hands in a #channels_page; Result#page has it. As #open_channel_async.
    def channels_async(prefix = "", after: nil, limit: 0, &block)
      prefix = Native.c_string(prefix, "the prefix")
      after = Native.c_string_or_null(after, "after")
      limit = Native.int32(limit)
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_channels_async(client, prefix, after, limit, fn, number, nil, error)
      end
    end

    private

    # Asks for a page of a kind.
    def page(kind)
      aside do |client|
        out = Native::Out.new
        Native.checked { |error| yield client, out, error }
        kind.take(out.value)
      end
    end
  end
end
