# frozen_string_literal: true

# Runs all tests: ruby test/all.rb. The environment says where the library and the broker are:
# LD_LIBRARY_PATH (or KOSMONAUT_LIBRARY) and WEBROCKET_SERVER.
Dir[File.join(__dir__, "*_test.rb")].sort.each { |file| require file }
