# frozen_string_literal: true

module Kosmonaut
  # What a client or a worker of the library is reached through. It is freed once: by #release, as
  # soon as the last call on it has ended, or else when its owner was collected.
  class Handle
    # The object was released before.
    class Released < StateError
      attr_reader :handle

      def initialize(handle = nil)
        super("this object was closed", status: Status::ESTATE)
        @handle = handle
      end
    end

    # Makes an object by the block, which has the place for its address and that for the details of
    # a failure. Its life ends with that of the Ruby object `owner`.
    def self.make(owner, free_function, &block)
      owned_by(owner, address_by(&block), free_function)
    rescue OutOfMemory
      # Perhaps out of descriptors, which objects have that were dropped and not collected.
      GC.start
      owned_by(owner, address_by(&block), free_function)
    end

    def self.address_by
      out = Native::Out.new
      Native.checked { |error| yield out, error }
      out.value
    end

    def self.owned_by(owner, address, free_function)
      handle = new(address, free_function)
      ObjectSpace.define_finalizer(owner, finalizer(handle))
      handle
    end

    # In a method of its own, so that the block does not hold the owner.
    def self.finalizer(handle)
      ->(_) { handle.abandon }
    end
    private_class_method :address_by, :owned_by, :finalizer

    def initialize(address, free_function)
      @address = address
      @free_function = free_function
      @lock = Thread::Mutex.new
      @turn = Thread::Mutex.new
      @users = 0
      @signal_handlers = 0
      @is_released = false
      @closures = []
    end

    # Keeps a closure that the object may call, as long as the object lives. From now on, calls on
    # it have to be made aside.
    def keep(closure)
      @closures << closure
    end

    # Yields the address, which stays valid for the length of the block. Raises Released. (A signal's
    # exception may come just before `leave`. Then a release frees nothing, but the finalizer does.)
    def use
      enter
      begin
        yield @address
      ensure
        leave
      end
    end

    # As #use, for a call that never waits, and that may call a closure.
    def briefly(&block)
      @closures.empty? ? use(&block) : in_turn(&block)
    end

    # As #use, for a call that never waits, and that calls a closure. One such call at a time: a
    # signal may take the caller away while its call is still under way, or has not even begun.
    def in_turn(&block)
      Aside.call { @turn.synchronize { use(&block) } }
    end

    # As #use, but does nothing after a release, and a signal handler may call it.
    def use_anywhere(&block)
      use(&block)
    rescue Released
      nil
    rescue ThreadError # a signal handler can lock no Mutex
      use_in_signal_handler(&block)
    end

    def released?
      @is_released
    end

    # No call may begin any more. Frees the object now, or when the last call has ended.
    def release
      @lock.synchronize { @is_released = true }
      free_if_unused
    end

    # For the finalizer: nobody is left to use it, and it must not wait.
    def abandon
      address = @address
      @address = nil
      return unless address
      return free(address) if @closures.empty?

      Aside.post { free(address) }
    rescue ThreadError # the process ends; so does the object
      nil
    end

    private

    def free(address)
      Native.public_send(@free_function, address)
    end

    def enter
      @lock.synchronize do
        raise Released.new(self) if @is_released

        @users += 1
      end
    end

    def leave
      @lock.synchronize { @users -= 1 }
      free_if_unused
    end

    # Signal handlers run on the main thread alone, one within the other: this is no race.
    def use_in_signal_handler
      @signal_handlers += 1
      yield @address if @address
    ensure
      @signal_handlers -= 1
    end

    def free_if_unused
      address = @lock.synchronize do
        next unless @is_released && @users.zero?

        @address.tap { @address = nil }
      end
      return unless address

      Thread.pass while @signal_handlers.positive?
      @closures.empty? ? free(address) : Aside.call { free(address) }
    end
  end
  private_constant :Handle
end
