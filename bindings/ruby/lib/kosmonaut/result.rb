# frozen_string_literal: true

module Kosmonaut
  # How a call that was handed in, or a batch, ended.
  class Result
    # Status::OK, or that of the failure; of a batch, that of the first trigger that failed.
    attr_reader :status

    # The Error, or nil.
    attr_reader :error

    # The single access token that was asked for; nil when the call was another one or failed.
    attr_reader :token

    # The Page that was asked for; nil when the call was another one or failed.
    attr_reader :page

    # For each trigger of a batch its Error, or nil where it went well. Empty when the batch failed
    # as a whole, or the call was another one.
    attr_reader :errors

    # Reads a kn_result, which stays whose it is.
    def self.read(address)
      status = Native.kn_result_status(address)
      new(status, error(status, Native.kn_result_error(address)),
          Native.text(Native.kn_result_token(address)),
          page(address), errors(address))
    end

    # The same, and frees the kn_result.
    def self.take(address)
      read(address)
    ensure
      Native.kn_result_free(address)
    end

    def self.errors(address)
      Array.new(Native.kn_result_count(address)) do |index|
        status = Native.kn_result_item_status(address, index)
        error(status, Native.kn_result_item_error(address, index)) if status.negative?
      end
    end

    def self.error(status, address)
      Error.read(status, address) if status.negative?
    end

    def self.page(address)
      PAGES.filter_map { |kind| kind.in_result(address) }.first
    end
    private_class_method :errors, :error, :page

    def initialize(status, error, token, page, errors)
      @status = status
      @error = error
      @token = token
      @page = page
      @errors = errors
    end

    def ok?
      @status.zero?
    end

    # Raises the error, if there is one. Returns self.
    def check!
      raise @error if @error

      self
    end
  end
end
