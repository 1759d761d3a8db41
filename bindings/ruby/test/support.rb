# frozen_string_literal: true

require "base64"
require "json"
require "minitest/autorun"
require "net/http"
require "rbconfig"
require "socket"
require "timeout"
require "tmpdir"

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require "kosmonaut"

# How long anything in these tests may take, in seconds.
DEADLINE = 20

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

# Waits until the block says something true, which it returns.
def wait_until(what)
  give_up_at = now + DEADLINE
  until (result = yield)
    raise "timed out waiting for #{what}" if now > give_up_at

    sleep 0.005
  end
  result
end

# One server process. Its storage outlives #stop, so that #start is a restart.
class Broker
  def initialize
    @directory = Dir.mktmpdir("kosmonaut-ruby")
    @address = "127.0.0.1:0"
    start
  end

  attr_reader :address

  def start
    File.delete(ready_file) if File.exist?(ready_file)
    @pid = Process.spawn(ENV.fetch("WEBROCKET_SERVER", "webrocket-server"),
                         "--addr", @address, "--admin-addr", "127.0.0.1:0",
                         "--storage-dir", File.join(@directory, "storage"),
                         "--node-name", "test-node", "--ready-file", ready_file,
                         # Its pages are there to put workers under load.
                         "--max-messages-per-second", "0", "--max-bytes-per-second", "0",
                         "--max-message-bytes", "1048576",
                         err: [File.join(@directory, "log"), "a"])
    wait_until("the broker") { File.exist?(ready_file) }
    ready = JSON.parse(File.read(ready_file))
    @address = ready["addr"] # the same one after a restart
    @admin = ready["admin_addr"]
    @cookie = File.read(ready["cookie_file"])
  end

  def stop
    Process.kill(:TERM, @pid)
    Process.wait(@pid)
  end

  def close
    stop
    FileUtils.remove_entry(@directory)
  end

  # Makes a vhost; returns its URL with the token.
  def vhost(path)
    admin(Net::HTTP::Post.new(path, { "Content-Type" => "text/plain" }))
    token = JSON.parse(admin(Net::HTTP::Get.new(path)).body).dig("vhost", "accessToken")
    "http://wr:#{token}@#{@address}#{path}"
  end

  private

  def ready_file
    File.join(@directory, "ready.json")
  end

  def admin(request)
    request["X-WebRocket-Cookie"] = @cookie
    host, port = @admin.split(":")
    Net::HTTP.start(host, port.to_i, read_timeout: DEADLINE) { |http| http.request(request) }
  end
end

# A WebSocket client, as small as can be.
class Browser
  attr_reader :sid

  def initialize(url)
    uri = URI(url)
    @socket = TCPSocket.new(uri.host, uri.port)
    @socket.write("GET #{uri.path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n" \
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: http://test\r\n" \
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    raise "no WebSocket" unless @socket.gets.include?(" 101 ")

    nil until @socket.gets == "\r\n"
    @sid = hear.fetch(":connected").fetch("sid")
  end

  def say(command, **payload)
    text = JSON.generate({ command => payload })
    raise "too long for this browser" if text.bytesize > 65_535

    size = text.bytesize
    length = size < 126 ? [0x80 | size].pack("C") : [0xFE, size].pack("Cn")
    # A mask of zeros leaves the text as it is.
    @socket.write([0x81].pack("C") + length + "\0\0\0\0" + text.b)
  end

  def hear
    loop do
      opcode, payload = frame
      return JSON.parse(payload) if opcode == 1
      raise "the browser was closed" if opcode == 8

      # The broker's pings come every 30 seconds; no test takes that long.
    end
  end

  def ask(command, **payload)
    say(command, **payload)
    hear
  end

  def close
    @socket.close
  end

  private

  def frame
    raise "the broker is silent" unless @socket.wait_readable(DEADLINE)

    first, second = @socket.read(2).unpack("CC")
    length = second & 0x7F
    length = @socket.read(2).unpack1("n") if length == 126
    length = @socket.read(8).unpack1("Q>") if length == 127
    [first & 0x0F, length.zero? ? "" : @socket.read(length)]
  end
end

# A server that takes connections and never answers.
class SilentServer
  def initialize
    @server = TCPServer.new("127.0.0.1", 0)
  end

  def url
    "http://wr:token@127.0.0.1:#{@server.addr[1]}/moon"
  end

  # On whoever has connected.
  def hang_up
    @server.accept.close
  end

  def close
    @server.close
  end
end

# Tests with a broker, which they share, and a vhost of their own.
class BrokerTest < Minitest::Test
  class << self
    def broker
      @@broker ||= Broker.new.tap { |broker| Minitest.after_run { broker.close } }
    end

    def next_path
      @@count = (defined?(@@count) ? @@count : 0) + 1
      "/vhost#{@@count}"
    end
  end
  @@broker = nil

  attr_reader :url

  def setup
    @cleanups = []
    @url = BrokerTest.broker.vhost(BrokerTest.next_path)
  end

  def teardown
    @cleanups.reverse_each(&:call)
  end

  def broker
    BrokerTest.broker
  end

  def capture_exceptions(&block)
    super { Timeout.timeout(3 * DEADLINE, &block) }
  end

  def client(**options)
    Kosmonaut::Client.new(@url, **options).tap { |client| @cleanups << -> { client.close } }
  end

  def worker(**options, &block)
    Kosmonaut::Worker.new(@url, reconnect_delay: 0.05..0.2, **options, &block)
                     .tap { |worker| @cleanups << -> { worker.close } }
  end

  def browser
    Browser.new(@url).tap { |browser| @cleanups << -> { browser.close } }
  end

  # Runs a worker on a thread until it is connected.
  def connected(worker)
    thread = Thread.new { worker.run }
    thread.report_on_exception = false
    @cleanups << -> { wait_until("the thread") { !thread.kill.alive? } }
    wait_until("the worker") { worker.state == :connected }
    thread
  end

  # A browser of the user alice, on the channel "greetings".
  def greeter
    Kosmonaut::Client.open(@url) do |client|
      client.open_channel("greetings")
      browser.tap do |browser|
        browser.ask("auth", token: client.request_token("alice", ".*"))
        browser.ask("subscribe", channel: "greetings")
      end
    end
  end

  # An event for the backend alone.
  def greet(browser, event = "hello", data = {})
    browser.say("trigger", event: "greetings/#{event}", data: data)
  end
end
