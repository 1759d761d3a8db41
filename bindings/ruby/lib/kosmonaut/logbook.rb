# frozen_string_literal: true

module Kosmonaut
  # Collects the lines that the library logs, and hands them to a Logger between C calls: a logger
  # may wait, raise, or call this gem, and nothing of that is allowed within one.
  class Logbook
    LEVELS = { error: 1, warn: 2, info: 3, debug: 4 }.freeze
    SEVERITIES = { 1 => 3, 2 => 2, 3 => 1, 4 => 0 }.freeze # as Logger numbers them
    PROGRAM = "kosmonaut"

    # What the library is given to call; it keeps no reference to the logger.
    attr_reader :closure

    # How much the library is to say.
    attr_reader :level

    # level:: :error, :warn, :info or :debug.
    def initialize(logger, level)
      @logger = logger
      @level = LEVELS.fetch(level) do
        raise Error.of(Status::EINVAL, "log_level cannot be #{level.inspect}")
      end
      @lines = Thread::Queue.new
      @closure = self.class.closure(@lines)
    end

    def self.closure(lines)
      Fiddle::Closure::BlockCaller.new(
        Fiddle::TYPE_VOID, [Fiddle::TYPE_INT32_T, Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP]
      ) do |level, message, _|
        lines.push([level, Native.text(message)])
      rescue Exception # only memory may have run out; it must not jump over C
        nil
      end
    end

    # Adds a line of this gem's own.
    def note(level, message)
      number = LEVELS.fetch(level)
      @lines.push([number, message]) if number <= @level
    end

    # Hands over what has come together.
    def deliver
      loop do
        level, message = @lines.pop(true)
        @logger.add(SEVERITIES.fetch(level, 0), message, PROGRAM)
      end
    rescue ThreadError # no more
      nil
    end
  end
  private_constant :Logbook
end
