# frozen_string_literal: true

require "io/wait"

module Kosmonaut
  # Sends requests to the broker. One client serves any number of threads at once.
  #
  # The plain calls wait for the answer, for as long as the options' limits allow. Other threads run
  # meanwhile; a signal, Thread#kill and Timeout end the wait at once. (The request itself is then
  # still under way, and a process that ends waits for it.)
  #
  # The calls whose names end in `_async` only hand the request in. They move, and their blocks
  # run, in #dispatch and #flush, on the thread that calls them.
  class Client
    # Makes a client, yields it, and closes it in the end. Returns what the block returned.
    def self.open(url, **options)
      client = new(url, **options)
      begin
        yield client
      ensure
        client.close
      end
    end

    # url::     the vhost's address with its token: http://wr:TOKEN@HOST[:PORT]/VHOST, or https.
    # options:: see Options.
    #
    # Nothing is sent yet. InvalidArgument: the URL, or an option, is not of the right form.
    def initialize(url, **options)
      @calls = AsyncCalls.new
      @seat = Seat.new
      Options.build(options) do |built, address|
        @logbook = built.logbook
        @handle = Handle.make(self, :kn_client_free) do |out, error|
          Native.kn_client_new(Native.c_string(url, "the URL"), address, out, error)
        end
      end
      @handle.keep(@logbook.closure) if @logbook
    end

    # Opens a channel. One that is open already stays so. Returns self.
    def open_channel(channel)
      name = Native.c_string(channel, "the channel")
      wait { |client, error| Native.kn_client_open_channel(client, name, error) }
      self
    end

    # Closes a channel; its subscribers are told. Returns self. ChannelNotFound: it was not open.
    def close_channel(channel)
      name = Native.c_string(channel, "the channel")
      wait { |client, error| Native.kn_client_close_channel(client, name, error) }
      self
    end

    # Triggers an event on an open channel. Returns self.
    #
    # data:: a Hash; or a String that is a JSON object already, which goes out byte for byte; nil
    #        stands for {}.
    #
    # ChannelNotFound: the channel is not open. InvalidPayload: the data is no JSON object. After
    # a TimeoutError or a BrokenConnection the event may have been delivered.
    def trigger(channel, event, data = nil)
      name = Native.c_string(channel, "the channel")
      event = Native.c_string(event, "the event")
      bytes, length = Payload.of(data)
      wait do |client, error|
        Native.kn_client_trigger(client, name, event, bytes, length, error)
      end
      self
    end

    # Triggers many events in one request. Takes a Batch, or yields a new one to be filled. Returns
    # a Result with the Error of each trigger that failed.
    def trigger_batch(batch = Batch.new)
      yield batch if block_given?
      aside do |client|
        out = Native::Out.new
        batch.use do |triggers|
          Native.checked do |error|
            Native.kn_client_trigger_batch(client, triggers, out, error)
          end
        end
        Result.take(out.value)
      end
    end

    # Asks for a single access token, with which a browser authenticates once. Returns a String.
    #
    # uid::      the user's id.
    # channels:: a regular expression in RE2's syntax, as a String, that has to match the name of a
    #            private or presence channel as a whole.
    #
    # BadRequest: `channels` is no regular expression.
    def request_token(uid, channels)
      uid = Native.c_string(uid, "the uid")
      channels = Native.c_string(channels, "the channels")
      aside do |client|
        out = Native::Out.new
        Native.checked do |error|
          Native.kn_client_request_token(client, uid, channels, out, error)
        end
        Native.take_text(out.value)
      end
    end

    # Hands in an #open_channel. The block, which may be left out, hears the Result. Returns self.
    # TooManyPending: nothing was taken.
    def open_channel_async(channel, &block)
      name = Native.c_string(channel, "the channel")
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_open_channel_async(client, name, fn, number, nil, error)
      end
    end

    # Hands in a #close_channel; as #open_channel_async.
    def close_channel_async(channel, &block)
      name = Native.c_string(channel, "the channel")
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_close_channel_async(client, name, fn, number, nil, error)
      end
    end

    # Hands in a #trigger; as #open_channel_async.
    def trigger_async(channel, event, data = nil, &block)
      name = Native.c_string(channel, "the channel")
      event = Native.c_string(event, "the event")
      bytes, length = Payload.of(data)
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_trigger_async(client, name, event, bytes, length, fn, number, nil, error)
      end
    end

    # Hands in a #request_token; Result#token has it. As #open_channel_async.
    def request_token_async(uid, channels, &block)
      uid = Native.c_string(uid, "the uid")
      channels = Native.c_string(channels, "the channels")
      hand_in(block) do |client, fn, number, error|
        Native.kn_client_request_token_async(client, uid, channels, fn, number, nil, error)
      end
    end

    # Hands in a #trigger_batch. The batch is copied. As #open_channel_async.
    def trigger_batch_async(batch, &block)
      hand_in(block) do |client, fn, number, error|
        batch.use do |triggers|
          Native.kn_client_trigger_batch_async(client, triggers, fn, number, nil, error)
        end
      end
    end

    # Moves the calls on that were handed in, with what is ready, without waiting. Returns whether
    # any has ended. Interrupted: #interrupt was called. StateError: another thread is inside
    # #dispatch or #flush.
    def dispatch
      @seat.hold { move_on }
    end

    # Moves the calls on until all that were handed in before have ended. Returns false when the
    # time, in seconds, is up before that; nil waits for ever. Raises as #dispatch.
    def flush(timeout: nil)
      deadline = Clock.deadline(timeout)
      @seat.hold do
        last = @calls.last
        move_on
        until @calls.ended?(last)
          left = Clock.left(deadline)
          return false if left&.zero?

          to_io.wait_readable(left)
          move_on
        end
      end
      true
    end

    # Wakes the #dispatch or #flush that is running, or else the next one. A signal handler may call
    # it. Returns self.
    def interrupt
      @handle.use_anywhere { |client| Native.kn_client_interrupt(client) }
      self
    end

    # For IO.select and the like: readable when #dispatch would do something. Only wait for it;
    # never read from it or close it, and do not use it any more when the client was closed.
    def to_io
      @to_io ||= IO.for_fd(fd, autoclose: false)
    end

    # The descriptor of #to_io. ForkError: the client belongs to the parent process.
    def fd
      number = @handle.use { |client| Native.kn_client_fd(client) }
      raise Error.of(Status::EFORK) if number.negative?

      number
    end

    # How many calls were handed in and have not ended.
    def pending
      figure { |client| Native.kn_client_pending(client) }
    end

    # How many calls have ended; with a status, such as Status::ETIMEOUT, how many with that one.
    def requests(status = nil)
      figure do |client|
        if status
          Native.kn_client_requests_with_status(client, status)
        else
          Native.kn_client_requests(client)
        end
      end
    end

    # How many connections are open now.
    def connections
      figure { |client| Native.kn_client_connections(client) }
    end

    # All figures, as a Hash: "requests", "retries", "pending", "connections", "by_status".
    def stats
      figure do |client|
        out = Native::Out.new
        Native.checked { |error| Native.kn_client_stats(client, out, error) }
        JSON.parse(Native.take_text(out.value))
      end
    end

    # Closes the client. Calls of other threads run to their end; what was handed in and has not
    # ended is dropped (see #flush). No call may begin after this. Returns nil.
    def close
      @handle.release
      @logbook&.deliver
      nil
    end

    def closed?
      @handle.released?
    end

    # Without the URL: there is a token in it.
    def inspect
      "#<#{self.class}#{' closed' if closed?}>"
    end

    private

    def wait
      aside { |client| Native.checked { |error| yield client, error } }
    end

    # The handle is entered on the other thread, which may still be there when this one has gone.
    def aside(&block)
      Aside.call { @handle.use(&block) }
    ensure
      @logbook&.deliver
    end

    def hand_in(block)
      @calls.add(block) do |number|
        @handle.briefly do |client|
          Native.checked { |error| yield client, @calls.closure, number, error }
        end
      end
      self
    ensure
      @logbook&.deliver
    end

    def move_on
      status = Thread.handle_interrupt(Object => :never) do
        @handle.in_turn do |client|
          Native.checked { |error| Native.kn_client_dispatch(client, error) }
        end
      end
      any = @calls.run_blocks
      @logbook&.deliver
      raise Interrupted, "the client was interrupted" if status == Status::INTERRUPTED

      any
    end

    def figure(&block)
      @handle.use(&block)
    end
  end
end
