# frozen_string_literal: true

require_relative "support"
require "json"
require "socket"

# A broker's part of it: sends records on each stream, and keeps what the worker answers.
class GroupServer
  Answer = Struct.new(:kind, :ids, :upto, :delay_ms, :unhandled)

  def self.record(tag, topic: "chat/said", data: "{}", fields: "")
    "id: e-#{tag}\ntag: #{tag}\n#{fields}event: #{topic}\ndata: #{data}\n\n"
  end

  attr_reader :targets

  def initialize(records)
    @records = records
    @answers = []
    @targets = []
    @mutex = Thread::Mutex.new
    @server = TCPServer.new("127.0.0.1", 0)
    @threads = [Thread.new { accept }]
  end

  def url
    "http://wr:#{"0" * 40}@127.0.0.1:#{@server.addr[1]}/moon"
  end

  def of(kind)
    @mutex.synchronize { @answers.select { |answer| answer.kind == kind } }
  end

  def acknowledged?(number)
    of("ack").any? { |answer| answer.upto >= number || answer.ids.include?("e-#{number}") }
  end

  def close
    @threads.each(&:kill)
    @server.close
  end

  private

  def accept
    loop do
      socket = @server.accept
      @threads << Thread.new { serve(socket) }
    end
  end

  def serve(socket)
    while (line = socket.gets)
      method, target, = line.split
      length = 0
      while (header = socket.gets.chomp) != ""
        length = header.split(":")[1].to_i if header.downcase.start_with?("content-length:")
      end
      method == "GET" ? stream(socket, target) : take(socket, target, socket.read(length))
    end
  end

  def stream(socket, target)
    @targets << target
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-WebRocket-Worker-Id: S1\r\n" \
                 "X-WebRocket-Delivery: explicit; resumed=0; deadline_ms=60000; lease_ms=10000; order=none\r\n\r\n",
                 @records)
  end

  def take(socket, target, body)
    said = JSON.parse(body)
    answer = Answer.new(target.split("/").last, said.fetch("ids", []), said.fetch("upto", 0),
                        said["delay_ms"], said.fetch("unhandled", false))
    @mutex.synchronize { @answers << answer }
    socket.write("HTTP/1.1 202 Accepted\r\nContent-Length: 13\r\n\r\n{\"ignored\":0}")
  end
end

class AtLeastOnceTest < Minitest::Test
  def worker(*records, **options)
    @server = GroupServer.new(records.join)
    @worker = Kosmonaut::Worker.new(@server.url, delivery: :at_least_once, group: "g",
                                                 reconnect_delay: 0.01..0.05, **options)
  end

  def teardown
    @worker&.close
    @server&.close
  end

  def record(...)
    GroupServer.record(...)
  end

  def dispatch_until
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
    until yield
      flunk "timed out" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.002 if @worker.dispatch == :again
    end
  end

  def test_a_return_acknowledges
    worker(record(1), record(2)).on("chat/said") { nil }
    dispatch_until { @server.acknowledged?(2) }
    assert_empty @server.of("nack")
  end

  def test_an_exception_gives_back
    worker(record(1, fields: "attempt: 2\n"), record(2)).on("chat/said") do |event|
      raise "no database" if event.id == "e-1"
    end
    told = []
    @worker.on_exception { |failure, event| told << [failure.message, event.id] }
    dispatch_until { @server.acknowledged?(2) && @server.of("nack").any? }
    nack, = @server.of("nack")
    assert_equal [["e-1"], 5000, false], [nack.ids, nack.delay_ms, nack.unhandled]
    assert_equal [["no database", "e-1"]], told
  end

  def test_what_no_handler_is_for_goes_back
    worker(record(1, topic: "chat/other"), record(2), filter: "chat/.*").on("chat/said") { nil }
    dispatch_until { @server.acknowledged?(2) && @server.of("nack").any? }
    nack, = @server.of("nack")
    assert_equal [["e-1"], 1000, true], [nack.ids, nack.delay_ms, nack.unhandled]
  end

  def test_where_it_is_off_a_return_says_nothing
    worker(record(1), auto_ack: false).on("chat/said") { nil }
    dispatch_until { @server.of("nack").any? }
    refute @server.acknowledged?(1)
  end

  def test_an_event_says_what_the_broker_says
    worker(record(1, fields: "attempt: 2\nref: p.1\ntime: 1764450000123\n"), record(2),
           window: 7, order: :uid, worker_name: "w")
    event = @worker.next(timeout: 20)
    assert_equal [2, "p.1", 1_764_450_000.123], [event.attempt, event.ref, event.time.to_f.round(3)]
    other = @worker.next(timeout: 20)
    assert_equal [1, nil, nil], [other.attempt, other.ref, other.time]
    event.extend_deadline
    event.decline(delay: 2)
    assert_match(/worker=w&group=g&ack=explicit&window=7&order=uid/, @server.targets.first)
    assert @worker.close
    assert(@server.of("nack").any? { |answer| answer.delay_ms == 2000 && answer.unhandled })
    assert_raises(Kosmonaut::Closed) { other.ack }
  end

  def test_closing_in_a_handler_acknowledges_its_event
    worker(record(1), record(2)).on("chat/said") { refute @worker.close }
    assert_equal :closed, @worker.run
    assert @server.acknowledged?(1)
    nack, = @server.of("nack")
    assert_equal [["e-2"], true], [nack.ids, nack.unhandled]
  end

  def test_a_group_is_needed
    assert_raises(Kosmonaut::InvalidArgument) do
      Kosmonaut::Worker.new("http://wr:0@127.0.0.1:1/moon", delivery: :at_least_once)
    end
    assert_raises(Kosmonaut::InvalidArgument) do
      Kosmonaut::Worker.new("http://wr:0@127.0.0.1:1/moon", order: :nothing)
    end
  end
end
