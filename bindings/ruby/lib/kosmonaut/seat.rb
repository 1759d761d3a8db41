# frozen_string_literal: true

module Kosmonaut
  # The driver's seat: one thread, or fiber, at a time moves a worker or a client's calls on.
  class Seat
    # Seconds between two looks at a seat that is taken.
    LOOK_AGAIN = 0.005

    def initialize
      @mutex = Thread::Mutex.new
    end

    # Holds the seat for the length of the block. StateError: it is taken. (Should another thread
    # take it just between the question and the answer, it is waited for.)
    def hold(&block)
      raise Error.of(Status::ESTATE, "another call is inside this object") if @mutex.locked?

      # Not try_lock and unlock: a signal's exception between the two would leave it taken for good.
      @mutex.synchronize(&block)
    end

    # As #hold, but whoever holds it already may go on.
    def hold_or_have(&block)
      mine? ? yield : hold(&block)
    end

    def mine?
      @mutex.owned?
    end

    # Whether it is free within that many seconds; nil waits for ever.
    def wait_until_free(seconds)
      deadline = Clock.deadline(seconds)
      while @mutex.locked?
        return false if Clock.left(deadline)&.zero?

        sleep LOOK_AGAIN
      end
      true
    end
  end
  private_constant :Seat

  # Time limits in seconds, where nil is "for ever".
  module Clock
    def self.now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def self.deadline(seconds)
      seconds && (now + seconds)
    end

    # What is left until the deadline, not below 0.
    def self.left(deadline)
      deadline && [deadline - now, 0].max
    end
  end
  private_constant :Clock
end
