# frozen_string_literal: true

module Kosmonaut
  # Receives the events that browsers send. It connects on first use, keeps itself connected, and
  # has no thread of its own: everything happens in #run, #dispatch, #next and #each, on the thread
  # that calls them. Only one at a time may be in them.
  #
  # They wait in Ruby: other threads run meanwhile, and a signal, Thread#kill and Timeout end the
  # wait at once. What was not handed over then waits for the next call.
  class Worker
    include Enumerable

    # What #state may be; the index is the number that the library has for it.
    STATES = %i[idle connecting connected waiting closing closed].freeze

    # How many events #dispatch hands over at most.
    DISPATCHED_AT_ONCE = 100

    Route = Struct.new(:pattern, :handler)
    private_constant :DISPATCHED_AT_ONCE, :Route

    # Makes a worker, yields it, and closes it in the end. Returns what the block returned.
    def self.open(url, **options)
      worker = new(url, **options)
      begin
        yield worker
      ensure
        worker.close
      end
    end

    # url::     the vhost's address with its token: http://wr:TOKEN@HOST[:PORT]/VHOST, or https.
    # options:: see Options.
    #
    # Yields the worker, for its handlers to be set, if there is a block. Nothing is sent yet.
    # InvalidArgument: the URL, or an option, is not of the right form.
    def initialize(url, **options)
      @seat = Seat.new
      @routes = {}
      @is_at_least_once = options[:delivery] == :at_least_once
      @acknowledges = options.fetch(:auto_ack, true)
      @is_closing = false
      @taken = []
      @failures = Thread::Queue.new
      Options.build(options) do |built, address|
        @logbook = built.logbook
        @handle = Handle.make(self, :kn_worker_free) do |out, error|
          Native.kn_worker_new(Native.c_string(url, "the URL"), address, out, error)
        end
      end
      @handle.keep(@logbook.closure) if @logbook
      yield self if block_given?
    end

    # Gives the events that match a pattern a handler: a block, or what has a #call, that takes the
    # Event. It replaces the one that the pattern had. Returns self.
    #
    # A pattern is `channel/event`, split at the first slash. Either part may be `*`, which stands
    # for anything but an event that begins with a colon. All handlers whose patterns match run,
    # the oldest pattern first. The worker asks the broker for just what its handlers cover (or
    # for everything if it has none) unless the option `filter` was used.
    #
    # InvalidArgument: no slash, no event, a `*` inside a longer part. StateError: a new pattern
    # after the first use, or another thread is inside the worker.
    def on(pattern, handler = nil, &block)
      handler ||= block
      raise ArgumentError, "no handler" unless handler.respond_to?(:call)

      declare(pattern, Native::LIBRARY["kn_event_defer"])
      route = @routes[pattern.to_s]
      @routes = @routes.merge(pattern.to_s => Route.new(route&.pattern || Pattern.new(pattern.to_s),
                                                        handler))
      self
    end

    # Takes a pattern's handler away. Returns self.
    def off(pattern)
      declare(pattern, nil)
      @routes = @routes.reject { |known, _| known == pattern.to_s }
      self
    end

    # Gives the failures that the worker retries a handler, which takes the Error and replaces the
    # one before. Without a block, takes it away. Returns self.
    def on_error(handler = nil, &block)
      handler ||= block
      keep_error_closure
      change do |worker, error|
        Native.kn_worker_on_error(worker, handler && @error_closure, nil, nil, error)
      end
      @error_handler = handler
      self
    end

    # Gives what handlers raise a handler, which takes the exception and the event, and replaces the
    # one before. The worker then goes on with the next event. Without one the exception comes out of
    # run and dispatch, and what a page sends can end the worker. Without a block, takes it away.
    # What it raises comes out there too, and so does what is no StandardError. Returns self.
    def on_exception(handler = nil, &block)
      @exception_handler = handler || block
      self
    end

    # In a method of its own, so that the closure holds nothing but the queue.
    def self.error_closure(failures)
      Fiddle::Closure::BlockCaller.new(
        Fiddle::TYPE_VOID, [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP]
      ) do |error, _|
        failures.push(Error.read(Native.kn_error_status(error), error))
      rescue Exception # only memory may have run out; it must not jump over C
        nil
      end
    end
    private_class_method :error_closure

    # The next Event; nil when none has come within the time, in seconds. nil waits for ever, 0 not
    # at all. It does not look at handlers. Closed, Interrupted: see there. StateError: somebody is
    # inside the worker already. Any other Error is a failure for good, raised once: Unauthorized,
    # Forbidden, VhostNotFound, BadRequest, ServerError.
    def next(timeout: nil)
      taken = drive { take(Clock.deadline(timeout)) }
      case taken
      when Event then taken
      when :closed then raise Closed, "the worker was closed"
      when :interrupted then raise Interrupted, "the worker was interrupted"
      end
    end

    # Yields each Event until the worker is closed or interrupted. Returns self, or an Enumerator
    # without a block. Raises as #next.
    def each
      return enum_for(:each) unless block_given?

      drive do
        while (event = take(nil)).is_a?(Event)
          yield event
        end
      end
      self
    end

    # Hands events to their handlers until the worker is closed or interrupted; returns :closed or
    # :interrupted. What a handler raises comes out here, and #run may be called again. StateError:
    # there are no handlers, or somebody is inside the worker already. Other errors: as #next.
    def run
      require_handlers
      ended_by = drive do
        while (taken = take(nil)).is_a?(Event)
          hand_over(taken)
        end
        taken
      end
      return ended_by unless @is_closing

      close
      :closed
    end

    # Hands the events that are ready to their handlers, without waiting, for a loop that watches
    # #to_io. Returns :ok (there may be more), :again (nothing was ready), :closed or :interrupted.
    # Raises as #run.
    def dispatch
      require_handlers
      drive { hand_over_ready }
    end

    # Makes the call that is waiting, or else the next one, end: #run returns :interrupted. It loses
    # no event. Any thread, a handler and a signal handler may call it. Returns self.
    def interrupt
      @handle.use_anywhere { |worker| Native.kn_worker_interrupt(worker) }
      self
    end

    # Closes the worker: whoever waits is woken, and no call may begin after this. Waits for the
    # handler that is running on another thread, `timeout` seconds at most; nil waits for ever.
    # Returns whether nothing runs any more: false when the time is up, and in a handler.
    #
    # At least once it then sends the answers that are owed and gives the other events back. In a
    # handler it only begins, and #run does the rest.
    def close(timeout: 10)
      deadline = Clock.deadline(timeout)
      return false if @is_at_least_once && !handlers_have_ended?(deadline)

      is_closed = close_connection(deadline)
      is_alone = !@seat.mine? && @seat.wait_until_free(Clock.left(deadline))
      @handle.release
      @logbook&.deliver
      is_closed && is_alone
    end

    def closed?
      state == :closed
    end

    # For IO.select and the like: readable when #dispatch or #next would do something, from the
    # start, and for good once the worker is closed. Only wait for it; never read from it or close
    # it, and take it out of the loop before #close.
    def to_io
      @to_io ||= IO.for_fd(fd, autoclose: false)
    end

    # The descriptor of #to_io. ForkError: the worker belongs to the parent process.
    def fd
      number = @handle.use { |worker| Native.kn_worker_fd(worker) }
      raise Error.of(Status::EFORK) if number.negative?

      number
    end

    # :idle, :connecting, :connected, :waiting (between two tries), :closing or :closed.
    def state
      STATES.fetch(@handle.use { |worker| Native.kn_worker_state(worker) }, :unknown)
    rescue Handle::Released
      :closed
    end

    # How many events the worker has handed over.
    def events
      figures[:events]
    end

    # How many bytes of the stream the worker has received.
    def bytes
      figures[:bytes]
    end

    # How many times the stream was opened again after the first time.
    def reconnects
      figures[:reconnects]
    end

    # For how many seconds the oldest of what was received and not handed over has been waiting.
    def lag
      @handle.use { |worker| Native.kn_worker_lag_ms(worker) } / 1000.0
    rescue Handle::Released
      0.0
    end

    # The Error that ended a connection, or the try for one, last; nil when there was none.
    def last_error
      @handle.use do |worker|
        error = Native.kn_worker_last_error(worker)
        Error.take(Native.kn_error_status(error), error) unless error.null?
      end
    end

    # All figures, as a Hash: "state", "events", "bytes", "reconnects", "lag_ms", "last_error".
    def stats
      @handle.use do |worker|
        out = Native::Out.new
        Native.checked { |error| Native.kn_worker_stats(worker, out, error) }
        JSON.parse(Native.take_text(out.value))
      end
    end

    # Without the URL: there is a token in it.
    def inspect
      "#<#{self.class} #{state}>"
    end

    private

    def keep_error_closure
      return if @error_closure

      @error_closure = self.class.send(:error_closure, @failures)
      @handle.keep(@error_closure)
    end

    # The library has to know the patterns: it judges them, and forms the filter that the broker is
    # asked for. It calls a handler in kn_worker_run and kn_worker_dispatch alone, which are not
    # used here, so any function will do.
    def declare(pattern, function)
      text = Native.c_string(pattern, "the pattern")
      change { |worker, error| Native.kn_worker_on(worker, text, function, nil, nil, error) }
    end

    def change
      @seat.hold_or_have do
        status = @handle.briefly { |worker| Native.checked { |error| yield worker, error } }
        raise Error.of(Status::ESTATE, "the worker was closed") if status == Status::CLOSED
      end
    ensure
      @logbook&.deliver
    end

    def require_handlers
      raise Error.of(Status::ESTATE, "the worker has no handlers") if @routes.empty?
    end

    # With the seat and the handle for the length of the block. :closed: the worker is no more. A
    # handler may use what was closed before, too, and that is an exception like others.
    def drive
      @seat.hold { @handle.use { yield } }
    rescue Handle::Released => e
      raise unless e.handle.equal?(@handle)

      :closed
    end

    # The next Event, or :again, :closed or :interrupted.
    def take(deadline)
      loop do
        look if @taken.empty?
        deliver_news
        return next_taken unless @taken.empty?

        left = Clock.left(deadline)
        return :again if left&.zero?

        to_io.wait_readable(left)
      end
    end

    # Notes what there is to take. Whatever is raised meanwhile, that waits for the next call.
    def look
      Thread.handle_interrupt(Object => :never) do
        @handle.briefly do |worker|
          what = news(worker)
          @taken << what if what
        end
      end
    end

    # An Event, an Error, :closed or :interrupted; nil when there is nothing.
    def news(worker)
      out = Native::Out.new
      case Native.checked { |error| Native.kn_worker_next(worker, 0, out, error) }
      when Status::OK then Event.take(out.value)
      when Status::CLOSED then :closed
      when Status::INTERRUPTED then :interrupted
      end
    rescue Error => e
      e
    end

    def next_taken
      taken = @taken.shift
      raise taken if taken.is_a?(Error)

      taken
    end

    # What the library had to say meanwhile goes to the logger and the handler of failures.
    def deliver_news
      @logbook&.deliver
      return if @failures.empty?

      failure = @failures.pop(true)
      @error_handler&.call(failure)
      deliver_news
    end

    def hand_over_ready
      DISPATCHED_AT_ONCE.times do |handed_over|
        taken = take(Clock.now)
        return taken == :again && handed_over.positive? ? :ok : taken unless taken.is_a?(Event)

        hand_over(taken)
      end
      :ok
    end

    def hand_over(event)
      handlers = @routes.values.select { |route| route.pattern.covers?(event) }.map(&:handler)
      has_no_handler(event) if handlers.empty?
      handlers.each do |handler|
        handler.call(event)
        break if @handle.released?
      end
      event.settle(is_acknowledged: @acknowledges)
    rescue StandardError => e
      event.give_back
      raise unless @exception_handler

      @exception_handler.call(e, event)
    rescue Exception
      event.give_back
      raise
    end

    # At least once it goes back, for another worker to have.
    def has_no_handler(event)
      @logbook&.note(:warn, "no handler for #{event.topic}")
      event.decline(delay: 1) if @is_at_least_once && event.kind != :gap
    end

    # The event of the handler that runs is to have its answer before the rest is given back.
    def handlers_have_ended?(deadline)
      return true if @handle.released?

      @is_closing = true
      interrupt
      !@seat.mine? && @seat.wait_until_free(Clock.left(deadline))
    rescue ForkError
      true
    end

    # In slices, because a C call that waits cannot be interrupted. A forked child has nothing to
    # close.
    def close_connection(deadline)
      loop do
        left = Clock.left(deadline)
        status = @handle.briefly do |worker|
          @figures = read_figures(worker)
          slice = [(left || 1) * 1000, 50].min.ceil
          Native.checked { |error| Native.kn_worker_close(worker, slice, error) }
        end
        return status == Status::OK if status != Status::AGAIN || left&.zero?
      end
    rescue Handle::Released, ForkError
      true
    end

    def figures
      @handle.use { |worker| read_figures(worker) }
    rescue Handle::Released
      @figures
    end

    def read_figures(worker)
      { events: Native.kn_worker_events(worker), bytes: Native.kn_worker_bytes(worker),
        reconnects: Native.kn_worker_reconnects(worker) }
    end
  end
end
