# frozen_string_literal: true

require "json"

module Kosmonaut
  # What goes out as an event's data.
  module Payload
    # The bytes and their number, as the library takes them: a String is JSON already, nil stands
    # for {}, and everything else is made JSON of. InvalidPayload: it cannot be.
    def self.of(data)
      return [nil, 0] if data.nil?

      json = Native.utf8(data.is_a?(String) ? data : JSON.generate(data))
      [json, json.bytesize]
    rescue JSON::JSONError, EncodingError => e
      raise Error.of(Status::EJSON, e.message)
    end
  end
  private_constant :Payload
end
