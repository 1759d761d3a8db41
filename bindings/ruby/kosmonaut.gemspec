# frozen_string_literal: true

require_relative "lib/kosmonaut/version"

Gem::Specification.new do |spec|
  spec.name = "kosmonaut"
  spec.version = Kosmonaut::VERSION
  spec.summary = "Backends for the WebRocket broker"
  spec.description = "Opens channels, triggers events on them and receives what browsers send, " \
                     "by way of libkosmonaut, which has to be installed."
  spec.authors = ["The Kosmonaut authors"]
  spec.license = "MIT"
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb"] + ["README.md"] }
  spec.required_ruby_version = ">= 3.1"
  spec.add_dependency "fiddle", ">= 1.1"
  spec.add_dependency "json", ">= 2.0"
  spec.metadata = { "rubygems_mfa_required" => "true" }
end
