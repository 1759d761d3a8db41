# frozen_string_literal: true

module Kosmonaut
  # The calls that were handed in to a client, and the blocks that hear how they ended.
  #
  # The library's completion only notes the result. The blocks run when the library's call is over.
  class AsyncCalls
    # What the library is given to call.
    attr_reader :closure

    def initialize
      @lock = Thread::Mutex.new
      @last = 0
      @blocks = {}
      @ended = Thread::Queue.new
      @closure = self.class.closure(@ended)
    end

    # In a method of its own, so that the closure holds nothing but the queue.
    def self.closure(ended)
      Fiddle::Closure::BlockCaller.new(
        Fiddle::TYPE_VOID, [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INTPTR_T]
      ) do |result, number|
        ended.push([number, Result.read(result)])
      rescue Exception => e # it must not jump over C
        ended.push([number, e])
      end
    end

    # Yields a number for the call, which is forgotten if the block raises.
    def add(block)
      number = @lock.synchronize do
        @blocks[@last += 1] = block
        @last
      end
      begin
        yield number
      rescue StandardError
        @lock.synchronize { @blocks.delete(number) }
        raise
      end
    end

    # The number of the call that was handed in last.
    def last
      @lock.synchronize { @last }
    end

    # Whether all calls up to that number have ended, and their blocks were run.
    def ended?(number)
      @lock.synchronize { @blocks.each_key.none? { |known| known <= number } }
    end

    # Runs the blocks of those that have ended. Whether there were any.
    def run_blocks
      any = false
      while (number, result = next_ended)
        any = true
        block = @lock.synchronize { @blocks.delete(number) }
        raise result if result.is_a?(Exception)

        block&.call(result)
      end
      any
    end

    private

    def next_ended
      @ended.pop(true)
    rescue ThreadError # the queue is empty
      nil
    end
  end
  private_constant :AsyncCalls
end
