# frozen_string_literal: true

require_relative "support"

# The declarations against the list that is made of the C headers.
class DeclarationsTest < Minitest::Test
  ABI = JSON.parse(File.read(ENV.fetch("KOSMONAUT_ABI") do
    File.expand_path("../../../abi/kosmonaut.json", __dir__)
  end))
  NATIVE = Kosmonaut.const_get(:Native)
  TYPES = { "void" => :void, "kn_status" => :status, "int32_t" => :int32, "int64_t" => :int64,
            "int" => :int, "size_t" => :size }.freeze

  def test_every_function_is_declared_as_it_is
    declared = NATIVE::DECLARATIONS.transform_keys(&:to_s)
    functions = ABI.fetch("functions").to_h { |function| [function["name"], declaration(function)] }
    refute_empty functions
    assert_equal functions.sort.to_h, declared.sort.to_h
  end

  def test_every_status_has_its_value
    constants = ABI.fetch("constants").to_h { |constant| [constant["name"], constant["value"]] }
    known = Kosmonaut::Status.constants.to_h { |name| ["KN_#{name}", value(name)] }
    status = /\AKN_(E[A-Z]+|OK|AGAIN|CLOSED|INTERRUPTED)\z/
    statuses = constants.select { |name, _| name.match?(status) }
    assert_equal statuses.transform_values { |value| Integer(value) }.sort.to_h, known.sort.to_h
  end

  def test_every_failure_has_a_class
    Kosmonaut::Status.constants.map { |name| value(name) }.select(&:negative?).each do |status|
      error = Kosmonaut::Error.of(status)
      refute_instance_of Kosmonaut::Error, error
      assert_equal status, error.status
      refute_empty error.message
    end
    assert_instance_of Kosmonaut::Error, Kosmonaut::Error.of(-12_345)
    assert_equal "KN_UNKNOWN", Kosmonaut::Error.of(-12_345).status_name
  end

  def test_the_versions
    assert_equal ABI.fetch("version"), Kosmonaut.library_version
    assert_equal ABI.fetch("version"), Kosmonaut::VERSION
  end

  private

  def value(name)
    Kosmonaut::Status.const_get(name)
  end

  def declaration(function)
    [type(function.dig("returns", "type")),
     *function["parameters"].map { |parameter| type(parameter["type"]) }]
  end

  def type(text)
    TYPES.fetch(text.delete_prefix("const ").strip, :pointer)
  end
end
