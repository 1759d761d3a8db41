# frozen_string_literal: true

module Kosmonaut
  # Triggers that go out in one request, in their order.
  class Batch
    def initialize
      address = Native.kn_batch_new
      raise Error.of(Status::ENOMEM) if address.null?

      @pointer = Fiddle::Pointer.new(address, 0, Native::LIBRARY["kn_batch_free"])
      @lock = Thread::Mutex.new
    end

    # Adds a trigger behind those that are there; arguments as for Client#trigger. Returns self.
    # InvalidArgument, InvalidPayload, OutOfMemory: nothing was added.
    def add(channel, event, data = nil)
      bytes, length = Payload.of(data)
      status = use do |batch|
        Native.kn_batch_add(batch, Native.c_string(channel, "the channel"),
                            Native.c_string(event, "the event"), bytes, length)
      end
      if status.negative?
        # By its place: what was given for a name may be a token that went astray.
        raise Error.of(status, "trigger #{size + 1} cannot be: #{Status.message(status)}")
      end

      self
    end

    # How many triggers there are.
    def size
      use { |batch| Native.kn_batch_count(batch) }
    end

    def empty?
      size.zero?
    end

    # Takes all triggers out, so that the batch can be filled anew. Returns self.
    def clear
      use { |batch| Native.kn_batch_clear(batch) }
      self
    end

    # Yields what the C functions take. Nobody else gets at the batch meanwhile.
    def use
      @lock.synchronize { yield @pointer }
    end
  end
end
