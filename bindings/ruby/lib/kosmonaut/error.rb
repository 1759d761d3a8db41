# frozen_string_literal: true

module Kosmonaut
  # What a call returns: 0 is done, above 0 there is nothing to hand over, below 0 it failed.
  module Status
    OK = 0
    AGAIN = 1
    CLOSED = 2
    INTERRUPTED = 3
    EINVAL = -101
    ENOMEM = -102
    EJSON = -103
    ETOOBIG = -104
    ECONNECT = -201
    ETLS = -202
    ETIMEOUT = -203
    EIO = -204
    EPROTOCOL = -205
    EBADREQUEST = -301
    EUNAUTHORIZED = -302
    EFORBIDDEN = -303
    ENOVHOST = -304
    ENOCHANNEL = -305
    EBADCHANNEL = -306
    ERATELIMIT = -307
    EUNAVAILABLE = -308
    ESERVER = -309
    ECONFLICT = -310
    EREPLACED = -311
    ENOGROUP = -313
    ESTATE = -401
    EFORK = -402
    EFULL = -403
    EINTERNAL = -999

    # Such as "KN_ENOCHANNEL"; "KN_UNKNOWN" for one that the library does not know.
    def self.name(status)
      Native.text(Native.kn_status_name(status))
    end

    # A sentence for people.
    def self.message(status)
      Native.text(Native.kn_status_message(status))
    end
  end

  # A failed call. Each status has a class of its own; one that this gem does not know is an Error.
  class Error < StandardError
    # The number, such as Status::ENOCHANNEL.
    attr_reader :status

    # The status of the HTTP answer that was the failure, such as 404; nil when there was none.
    attr_reader :http_status

    # The broker's own number for the failure, such as 454; nil when it gave none.
    attr_reader :server_code

    # How many seconds the server asks to wait before the next try; nil when it did not say.
    attr_reader :retry_after

    def initialize(message = nil, status: Status::EINTERNAL, http_status: nil, server_code: nil,
                   retry_after: nil)
      super(message || Status.message(status))
      @status = status
      @http_status = http_status
      @server_code = server_code
      @retry_after = retry_after
    end

    # Such as "KN_ENOCHANNEL".
    def status_name
      Status.name(status)
    end

    # Whether the same call may well succeed if it is made again later. After a TimeoutError or a
    # BrokenConnection it may have been carried out.
    def retriable?
      Native.kn_status_is_retriable(status) == 1
    end

    # The Error of a status alone.
    def self.of(status, message = nil)
      CLASSES.fetch(status, Error).new(message, status: status)
    end

    # The Error that a kn_error tells of, which stays whose it is.
    def self.read(status, address)
      message = Native.text(Native.kn_error_message(address))
      message = nil if message.empty?
      retry_after = Native.kn_error_retry_after_ms(address)
      CLASSES.fetch(status, Error).new(
        message,
        status: status,
        http_status: Native.kn_error_http_status(address).nonzero?,
        server_code: Native.kn_error_server_code(address).nonzero?,
        retry_after: retry_after.negative? ? nil : retry_after / 1000.0
      )
    end

    # The same, and frees the kn_error.
    def self.take(status, address)
      read(status, address)
    ensure
      Native.kn_error_free(address)
    end

  end

  # A bad argument, a malformed URL, or a name outside the grammar; nothing was sent.
  class InvalidArgument < Error; end
  # Out of memory or descriptors. The object is still usable.
  class OutOfMemory < Error; end
  # The payload is not a JSON object; nothing was sent.
  class InvalidPayload < Error; end
  # Over a size limit: one of the options, or the server's.
  class TooBig < Error; end
  # The server's name could not be resolved, or it could not be connected to.
  class ConnectError < Error; end
  # The TLS handshake or a certificate was refused, or a certificate's file cannot be read.
  class TLSError < Error; end
  # One of the time limits in the options ran out.
  class TimeoutError < Error; end
  # The connection broke while the two sides were talking.
  class BrokenConnection < Error; end
  # The answer is none that a WebRocket broker gives.
  class ProtocolError < Error; end
  # 400, and every 4xx without a class of its own.
  class BadRequest < Error; end
  # 401: the vhost's token is wrong or was replaced.
  class Unauthorized < Error; end
  # 403: the server forbids it.
  class Forbidden < Error; end
  # 404: the vhost does not exist.
  class VhostNotFound < Error; end
  # 404: the channel is not open.
  class ChannelNotFound < Error; end
  # 400: the server does not allow this channel name.
  class BadChannel < Error; end
  # 429: too many requests; see Error#retry_after.
  class RateLimited < Error; end
  # 502, 503 or 504: the server, or a proxy before it, is not available now.
  class Unavailable < Error; end
  # Every other 5xx.
  class ServerError < Error; end
  # 409: the request conflicts with an earlier one.
  class Conflict < Error; end
  # Another worker took this one's name.
  class Replaced < Error; end
  # 404: the group does not exist.
  class GroupNotFound < Error; end
  # The call is not allowed in this state, beside the call that is running, or on what was closed.
  class StateError < Error; end
  # The object belongs to the process that this one was forked from.
  class ForkError < Error; end
  # Too many calls are pending; nothing was taken.
  class TooManyPending < Error; end
  # A bug in the library. Please report it with the message.
  class InternalError < Error; end

  class Error
    CLASSES = {
      Status::EINVAL => InvalidArgument,
      Status::ENOMEM => OutOfMemory,
      Status::EJSON => InvalidPayload,
      Status::ETOOBIG => TooBig,
      Status::ECONNECT => ConnectError,
      Status::ETLS => TLSError,
      Status::ETIMEOUT => TimeoutError,
      Status::EIO => BrokenConnection,
      Status::EPROTOCOL => ProtocolError,
      Status::EBADREQUEST => BadRequest,
      Status::EUNAUTHORIZED => Unauthorized,
      Status::EFORBIDDEN => Forbidden,
      Status::ENOVHOST => VhostNotFound,
      Status::ENOCHANNEL => ChannelNotFound,
      Status::EBADCHANNEL => BadChannel,
      Status::ERATELIMIT => RateLimited,
      Status::EUNAVAILABLE => Unavailable,
      Status::ESERVER => ServerError,
      Status::ECONFLICT => Conflict,
      Status::EREPLACED => Replaced,
      Status::ENOGROUP => GroupNotFound,
      Status::ESTATE => StateError,
      Status::EFORK => ForkError,
      Status::EFULL => TooManyPending,
      Status::EINTERNAL => InternalError
    }.freeze
    private_constant :CLASSES
  end

  # The worker was closed, or the server ended its stream for good: nothing more comes. Like every
  # StopIteration it ends a `loop { … worker.next … }`.
  class Closed < StopIteration; end

  # Worker#interrupt or Client#interrupt woke the call. Ends a `loop` as well.
  class Interrupted < StopIteration; end
end
