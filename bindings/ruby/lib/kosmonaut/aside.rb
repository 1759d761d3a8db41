# frozen_string_literal: true

module Kosmonaut
  # Runs C calls on threads set aside for them. There are two reasons:
  #
  # - A C call that waits cannot be interrupted. Waiting for the thread that is in it can: by a
  #   signal, by Thread#kill, by Timeout. The call then runs to its end with nobody to hear of it.
  # - A C call that calls Ruby back must not be left by an exception, which would jump over the
  #   library's frames. Signals are dealt with on the main thread alone, and these threads keep
  #   everything else off while they are in a call.
  module Aside
    # A thread that does one thing after the other.
    class Hand
      def initialize
        @jobs = Thread::Queue.new
        @thread = Thread.handle_interrupt(Object => :never) { Thread.new { work } }
      end

      def give(job)
        @jobs.push(job)
      end

      # Not in a forked child, where the parent's threads are no more.
      def usable?
        @thread.alive?
      end

      def dismiss
        @jobs.close
      end

      private

      def work
        while (job = next_job)
          job.call
          job = nil # or what it refers to would live as long as the wait for the next one
          Aside.take_back(self)
        end
      end

      def next_job
        Thread.handle_interrupt(Object => :immediate) { @jobs.pop }
      end
    end

    # As many idle threads as a busy program uses over and over.
    KEPT = 16

    @idle = Thread::Queue.new

    # Runs the block aside and waits; returns or raises what it did.
    def self.call(&block)
      answer = Thread::Queue.new
      post { answer.push(outcome(&block)) }
      result, failure = answer.pop
      raise failure if failure

      result
    end

    # Runs the block aside, some time. It must not raise.
    def self.post(&block)
      hand.give(block)
    end

    # For a Hand that is idle again.
    def self.take_back(hand)
      @idle.size < KEPT ? @idle.push(hand) : hand.dismiss
    end

    def self.hand
      loop do
        known = idle_hand
        return Hand.new unless known
        return known if known.usable?
      end
    end

    def self.idle_hand
      @idle.pop(true)
    rescue ThreadError # the queue is empty
      nil
    end

    def self.outcome
      [yield, nil]
    rescue Exception => e # whatever it is, it belongs to the caller
      [nil, e]
    end

    private_class_method :hand, :idle_hand, :outcome
  end
  private_constant :Aside
end
