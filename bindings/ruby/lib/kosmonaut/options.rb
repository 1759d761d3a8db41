# frozen_string_literal: true

module Kosmonaut
  # What Client.new and Worker.new take as keywords:
  #
  # connect_timeout::    seconds that connecting may take, name resolution and TLS included;
  #                      nil: for ever. Default: 5.
  # request_timeout::    seconds that a client's call may take in all; nil: for ever. Default: 10.
  # idle_timeout::       seconds that a worker's stream may be silent before it is made anew;
  #                      nil: for ever. Default: 45.
  # reconnect_delay::    seconds, as a Range: how long a worker waits before it connects again, at
  #                      first and at most. Default: 1..30.
  # filter::             a String, the regular expression in RE2's syntax that topics have to match
  #                      as a whole; "" for all. Default: what the worker's handlers cover.
  # max_event_size::     bytes of the largest event that a worker accepts. Default: 16 MiB.
  # max_response_size::  bytes of the largest answer that a client accepts. Default: 1 MiB.
  # max_connections::    how many connections a client opens at most. Default: 32.
  # max_pending::        how many calls that were handed in may not have ended. Default: 10000.
  # retries::            how often a client's call is tried again; it has one effect all the same.
  #                      0: never. Default: 4.
  # worker_name::        the name under which the broker lists a worker. Default: none; at least
  #                      once it is the name within the group, a random one by default.
  # delivery::           :at_least_once: the broker sends an event until a worker of the group has
  #                      acknowledged it. Default: :at_most_once.
  # group::              the group whose events a worker shares, at least once.
  # window::             how many events a worker has unacknowledged at most. Default: 256.
  # order::              which events of a group are dealt with one after the other: those with the
  #                      same :sid, :uid or :channel, or :none. Default: the group's.
  # auto_ack::           whether a handler's return acknowledges its event. Default: true.
  # ca_file::            a file of certificates in PEM form that servers are verified by.
  # client_certificate:: a file in PEM form with the certificate and its key, or an Array of two.
  # verify::             whether the server's certificate is verified. Default: true.
  # proxy::              the proxy's URL; "environment": what the environment says. Default: none.
  # unix_socket::        the path of a unix socket to connect to, instead of the URL's host.
  # headers::            a Hash of headers to be sent with every request.
  # user_agent::         how requests call themselves.
  # logger::             a Logger, or what has its #add. It is called between the library's calls.
  # log_level::          :error, :warn, :info or :debug. Default: :info.
  #
  # A value that cannot be raises InvalidArgument.
  class Options
    TIMES = %i[connect_timeout request_timeout idle_timeout].freeze
    NUMBERS = %i[max_event_size max_response_size max_connections max_pending
                 retries window].freeze
    TEXTS = %i[filter worker_name group ca_file proxy unix_socket user_agent].freeze

    CHOICES = {
      delivery: %i[at_most_once at_least_once].freeze,
      order: %i[none sid uid channel].freeze
    }.freeze

    # The Logbook of the given logger, or nil.
    attr_reader :logbook

    # Yields the options and their address, and frees them. Handles make copies.
    def self.build(settings)
      options = new(settings)
      options.send(:with_address) { |address| yield options, address }
    end

    def initialize(settings)
      @settings = settings
      logger = settings[:logger]
      @logbook = logger && Logbook.new(logger, settings.fetch(:log_level, :info))
    end

    private

    def with_address
      @address = Native.kn_options_new
      raise Error.of(Status::ENOMEM) if @address.null?

      @settings.each { |name, value| set(name, value) }
      set_log if @logbook
      yield @address
    ensure
      Native.kn_options_free(@address)
    end

    def set(name, value)
      case name
      when *TIMES then call(name, "set_#{name}_ms", Native.milliseconds(value, name))
      when *NUMBERS then call(name, "set_#{name}", Integer(value))
      when *TEXTS then call(name, "set_#{name}", Native.c_string(value, name))
      when :reconnect_delay then set_reconnect_delay(value)
      when :client_certificate then set_client_certificate(*value)
      when :verify, :auto_ack then call(name, "set_#{name}", value ? 1 : 0)
      when *CHOICES.keys then call(name, "set_#{name}", CHOICES[name].index(value) || -1)
      when :headers then value.each { |header, text| add_header(header, text) }
      when :logger, :log_level then nil
      else raise ArgumentError, "unknown option: #{name.inspect}"
      end
    end

    def set_reconnect_delay(range)
      call(:reconnect_delay, "set_reconnect_delay_ms",
           Native.milliseconds(range.begin, :reconnect_delay),
           Native.milliseconds(range.end, :reconnect_delay))
    end

    def set_client_certificate(certificate, key = nil)
      call(:client_certificate, "set_client_certificate",
           Native.c_string(certificate, "the certificate file"),
           Native.c_string_or_null(key, "the key file"))
    end

    def add_header(name, value)
      call("headers[#{name}]", "add_header", Native.c_string(name, "a header's name"),
           Native.c_string(value, "the header #{name}"))
    end

    def set_log
      call(:logger, "set_log", @logbook.level, @logbook.closure, nil, nil)
    end

    def call(name, function, *values)
      status = Native.public_send("kn_options_#{function}", @address, *values)
      # Without the value: it may be somebody's secret.
      return unless status.negative?

      raise Error.of(status, "the option #{name} has an impossible value: " \
                             "#{Status.message(status)}")
    end
  end
  private_constant :Options
end
