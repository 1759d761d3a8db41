# frozen_string_literal: true

module Kosmonaut
  # The version of this gem. That of the library in use is Kosmonaut.library_version.
  VERSION = "1.0.0"
end
