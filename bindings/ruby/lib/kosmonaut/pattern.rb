# frozen_string_literal: true

module Kosmonaut
  # `channel/event`, either part of which may be `*`. The library has found it well-formed.
  class Pattern
    ANYTHING = "*"

    def initialize(text)
      @channel, @event = text.split("/", 2)
    end

    # As the library decides it: `*` stands for no event that begins with a colon.
    def covers?(event)
      return false unless @channel == ANYTHING || @channel == event.channel

      @event == ANYTHING ? !event.name.start_with?(":") : @event == event.name
    end
  end
  private_constant :Pattern
end
