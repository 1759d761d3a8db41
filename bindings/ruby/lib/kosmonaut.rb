# frozen_string_literal: true

require_relative "kosmonaut/version"
require_relative "kosmonaut/native"
require_relative "kosmonaut/error"
require_relative "kosmonaut/aside"
require_relative "kosmonaut/handle"
require_relative "kosmonaut/logbook"
require_relative "kosmonaut/options"
require_relative "kosmonaut/payload"
require_relative "kosmonaut/batch"
require_relative "kosmonaut/pages"
require_relative "kosmonaut/result"
require_relative "kosmonaut/async_calls"
require_relative "kosmonaut/client"
require_relative "kosmonaut/event"
require_relative "kosmonaut/pattern"
require_relative "kosmonaut/seat"
require_relative "kosmonaut/worker"

# Backends for the WebRocket broker: a Client sends requests, a Worker receives events.
#
# All times are in seconds. All text is UTF-8.
module Kosmonaut
  # The version of the library that is loaded, such as "1.0.0".
  def self.library_version
    Native.text(Native.kn_version)
  end
end
