# frozen_string_literal: true

# The scenario's program in Ruby: answers private-room/ask by itself, and does what it is told in
# JSON lines on standard input.
#
#     ruby scenario.rb http://wr:TOKEN@127.0.0.1:8080/VHOST

$LOAD_PATH.unshift(File.expand_path("../../../bindings/ruby/lib", __dir__))
require "json"
require "kosmonaut"

# One client and one worker on a vhost.
class Backend
  def initialize(url)
    @client = Kosmonaut::Client.new(url)
    @worker = Kosmonaut::Worker.new(url, reconnect_delay: 0.1..0.5) do |worker|
      worker.on("private-room/ask") { |event| answer(event) }
      # Without a look at the rest of the data, which may be anything.
      worker.on("private-room/who") do |event|
        @client.trigger(event.channel, "sender", { "uid" => event.uid, "sid" => event.sid })
      end
    end
    @thread = Thread.new { run }
  end

  # What came of a command: a Hash for the answer.
  def obey(command)
    { "ok" => true }.merge(perform(command) || {})
  rescue Kosmonaut::Error => e
    { "error" => e.status_name, "http_status" => e.http_status || 0, "message" => e.message }
  end

  def close
    abort "the worker does not close" unless @worker.close(timeout: 5)
    @thread.join
    @client.close
  end

  private

  def run
    @worker.run
  rescue StandardError => e
    warn e.full_message
    exit!(1)
  end

  def answer(event)
    @client.trigger(event.channel, "answer", { "to" => event.uid, "n" => event["n"] })
  end

  def perform(command)
    case command.fetch("do")
    when "open" then open(@client, command)
    when "close_channel" then close_channel(command)
    when "trigger" then trigger(command)
    when "token" then { "token" => @client.request_token(*command.values_at("uid", "channels")) }
    when "open_as" then Kosmonaut::Client.open(command["url"]) { |client| open(client, command) }
    when "state" then state
    when "quit" then close
    end
  end

  def open(client, command)
    client.open_channel(command["channel"])
    nil
  end

  def close_channel(command)
    @client.close_channel(command["channel"])
    nil
  end

  def trigger(command)
    @client.trigger(*command.values_at("channel", "event", "data"))
    nil
  end

  def state
    figures = @worker.stats
    { "state" => Kosmonaut::Worker::STATES.index(@worker.state), "events" => figures["events"],
      "reconnects" => figures["reconnects"] }
  end
end

def say(answer)
  $stdout.puts(JSON.generate(answer))
  $stdout.flush
end

backend = Backend.new(ARGV.fetch(0))
say("ready" => true)
$stdin.each_line do |line|
  command = JSON.parse(line)
  say(backend.obey(command))
  exit(0) if command["do"] == "quit"
end
abort "the input ended without quit"
