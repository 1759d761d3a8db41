# frozen_string_literal: true

require_relative "support"

class ClientTest < BrokerTest
  def test_triggers_reach_the_browser
    client = client()
    assert_same client, client.open_channel("greetings")
    browser = browser()
    browser.ask("subscribe", channel: "greetings")

    client.trigger("greetings", "hello", { "from" => "żółw" })
    assert_equal({ "hello" => { "from" => "żółw", "channel" => "greetings" } }, browser.hear)
    client.trigger("greetings", "raw", '{"n": 1}')
    assert_equal({ "raw" => { "n" => 1, "channel" => "greetings" } }, browser.hear)
    client.trigger(:greetings, :nothing)
    assert_equal({ "nothing" => { "channel" => "greetings" } }, browser.hear)
  end

  def test_a_closed_channel_is_not_found
    client = client()
    client.open_channel("greetings").close_channel("greetings")
    error = assert_raises(Kosmonaut::ChannelNotFound) { client.trigger("greetings", "hello") }
    assert_kind_of Kosmonaut::Error, error
    assert_equal Kosmonaut::Status::ENOCHANNEL, error.status
    assert_equal "KN_ENOCHANNEL", error.status_name
    assert_equal 404, error.http_status
    assert_equal 454, error.server_code
    assert_nil error.retry_after
    refute_predicate error, :retriable?
    refute_empty error.message
  end

  def test_bad_arguments
    client = client()
    assert_raises(Kosmonaut::InvalidArgument) { client.open_channel("no spaces") }
    error = assert_raises(Kosmonaut::InvalidArgument) { client.open_channel("a\0b") }
    assert_equal "the channel has a NUL in it", error.message
    assert_raises(Kosmonaut::InvalidPayload) { client.trigger("greetings", "hello", "[1]") }
    assert_raises(Kosmonaut::InvalidPayload) { client.trigger("greetings", "hello", [1]) }
    assert_raises(Kosmonaut::InvalidPayload) do
      client.trigger("greetings", "hello", { n: Float::NAN })
    end
    assert_raises(TypeError) { client.open_channel(nil) }
    assert_raises(Kosmonaut::InvalidArgument) { Kosmonaut::Client.new("ftp://nowhere") }
  end

  def test_the_broker_refuses
    wrong = @url.sub(/wr:\h+/, "wr:#{'0' * 40}")
    error = assert_raises(Kosmonaut::Unauthorized) do
      Kosmonaut::Client.open(wrong) { |client| client.open_channel("greetings") }
    end
    assert_equal 401, error.http_status
    error = assert_raises(Kosmonaut::VhostNotFound) do
      Kosmonaut::Client.open("#{@url}-not") { |client| client.open_channel("greetings") }
    end
    assert_equal 455, error.server_code
    refute_includes error.message, URI(@url).password
  end

  def test_nobody_listens
    server = TCPServer.new("127.0.0.1", 0)
    port = server.addr[1]
    server.close
    error = assert_raises(Kosmonaut::ConnectError) do
      Kosmonaut::Client.open("http://wr:t@127.0.0.1:#{port}/moon") { |c| c.open_channel("a") }
    end
    assert_nil error.http_status
    assert_predicate error, :retriable?
  end

  def test_a_token_lets_a_browser_in
    client = client()
    client.open_channel("private-room")
    token = client.request_token("alice", "private-.*")
    browser = browser()
    assert_equal({ ":authenticated" => {} }, browser.ask("auth", token: token))
    assert browser.ask("subscribe", channel: "private-room").key?(":subscribed")
    assert_raises(Kosmonaut::BadRequest) { client.request_token("alice", "(") }
  end

  def test_a_batch
    client = client()
    client.open_channel("greetings")
    browser = browser()
    browser.ask("subscribe", channel: "greetings")
    result = client.trigger_batch do |batch|
      batch.add("greetings", "first", { n: 1 })
      batch.add("nowhere", "second")
      batch.add("greetings", "third")
      assert_equal 3, batch.size
      assert_raises(Kosmonaut::InvalidPayload) { batch.add("greetings", "fourth", "1") }
    end
    assert_equal Kosmonaut::Status::ENOCHANNEL, result.status
    assert_equal [nil, Kosmonaut::ChannelNotFound, nil],
                 result.errors.map { |error| error&.class }
    assert_equal 454, result.errors[1].server_code
    assert_raises(Kosmonaut::ChannelNotFound) { result.check! }
    assert_equal %w[first third], Array.new(2) { browser.hear.keys.first }

    batch = Kosmonaut::Batch.new.add("greetings", "fifth")
    assert_predicate client.trigger_batch(batch), :ok?
    assert_predicate batch.clear, :empty?
    assert_raises(Kosmonaut::InvalidArgument) { client.trigger_batch(batch) }
  end

  def test_who_is_on_a_channel
    client = client()
    client.open_channel("presence-room")
    assert_empty client.subscribers_page("presence-room").to_a
    browser = browser()
    browser.ask("auth", token: client.request_token("żółw", ".*"))
    browser.ask("subscribe", channel: "presence-room", data: { name: "Żółw", nul: "\0" },
                             hidden: true)
    turtle = client.subscribers("presence-room").first
    assert_equal [browser.sid, "żółw", true], [turtle.sid, turtle.uid, turtle.hidden?]
    assert_equal({ "name" => "Żółw", "nul" => "\0" }, turtle.data)
    assert_equal "Żółw", turtle["name"]
    assert_equal Encoding::UTF_8, turtle.json.encoding
  end

  def test_page_after_page
    client = client()
    client.open_channel("greetings")
    sids = Array.new(5) do
      browser.tap { |browser| browser.ask("subscribe", channel: "greetings") }.sid
    end.sort
    [0, 1, 2, 5].each do |page_size|
      assert_equal sids, client.subscribers("greetings", page_size: page_size).map(&:sid)
    end
    heard = []
    assert_same client, client.subscribers("greetings") { |subscriber| heard << subscriber.json }
    assert_equal ["{}"] * 5, heard
    before = client.requests
    assert_equal sids.first(2), client.subscribers("greetings", page_size: 2).lazy.map(&:sid).first(2)
    assert_equal 1, client.requests - before
    first = client.subscribers_page("greetings", limit: 3)
    assert_equal [sids.first(3), sids[2]], [first.map(&:sid), first.next]
    last = client.subscribers_page("greetings", after: first.next)
    assert_equal [2, nil, [nil]], [last.size, last.next, last.map(&:uid).uniq]
    refute last.first.hidden?
  end

  def test_who_is_on_a_channel_that_is_none
    client = client()
    assert_raises(Kosmonaut::ChannelNotFound) { client.subscribers("nowhere").next }
    client.open_channel("greetings")
    assert_raises(Kosmonaut::BadRequest) { client.subscribers_page("greetings", limit: 1001) }
    [{ after: "" }, { after: "a\0b" }, { limit: -1 }, { limit: 2**31 }].each do |bad|
      assert_raises(Kosmonaut::InvalidArgument) { client.subscribers_page("greetings", **bad) }
    end
    assert_raises(TypeError) { client.subscribers_page("greetings", after: 7) }
    assert_raises(TypeError) { client.subscribers_page("greetings", limit: nil) }
  end

  def test_which_channels_there_are
    client = client()
    names = Array.new(5) { |n| "listed-#{n}" }
    [*names.reverse, "presence-listed"].each { |name| client.open_channel(name) }
    [0, 1, 2, 5].each do |page_size|
      assert_equal names, client.channels("listed-", page_size: page_size).map(&:name)
    end
    first = client.channels_page("listed-", limit: 3)
    assert_equal [names.first(3), names[2]], [first.map(&:name), first.next]
    last = client.channels_page("listed-", after: first.next)
    assert_equal [2, nil, [["normal", 0, nil]]],
                 [last.size, last.next, last.map { |c| [c.type, c.subscribers, c.members] }.uniq]
    browser = browser()
    browser.ask("auth", token: client.request_token("żółw", ".*"))
    browser.ask("subscribe", channel: "presence-listed", hidden: true)
    found = client.channels.find { |channel| channel.name == "presence-listed" }
    assert_equal ["presence", 1, 0], [found.type, found.subscribers, found.members]
    heard = nil
    client.channels_async("listed-", limit: 2) { |result| heard = result.page }
    assert client.flush(timeout: DEADLINE)
    assert_equal names.first(2), heard.map(&:name)
    assert_raises(Kosmonaut::BadRequest) { client.channels_page(limit: 1001) }
    assert_raises(Kosmonaut::InvalidArgument) { client.channels_page("no/slash") }
    assert_raises(Kosmonaut::InvalidArgument) { client.channels_page(after: "") }
  end

  def test_calls_that_are_handed_in
    client = client()
    heard = []
    client.open_channel_async("greetings") { |result| heard << [:open, result.ok?] }
    assert client.flush(timeout: DEADLINE)
    client.trigger_async("greetings", "hello", { n: 1 }) { |result| heard << [:one, result.status] }
    client.trigger_async("nowhere", "hello") { |result| heard << [:two, result.error.class] }
    client.trigger_async("greetings", "hello") # nobody asks
    client.request_token_async("alice", ".*") { |result| heard << [:token, result.token.size] }
    batch = Kosmonaut::Batch.new.add("greetings", "a").add("nowhere", "b")
    client.trigger_batch_async(batch) { |result| heard << [:batch, result.errors.map(&:nil?)] }
    client.subscribers_async("greetings") { |result| heard << [:page, result.page.size] }
    client.subscribers_async("nowhere") { |result| heard << [:none, result.page] }
    assert_equal 7, client.pending
    assert client.flush(timeout: DEADLINE)
    assert_equal 0, client.pending
    client.close_channel_async("greetings") { |result| heard << [:close, result.ok?] }
    wait_until("the call") do
      client.to_io.wait_readable(DEADLINE)
      client.dispatch
    end
    assert_equal [[:batch, [true, false]], [:close, true], [:none, nil], [:one, 0], [:open, true],
                  [:page, 0], [:token, 128], [:two, Kosmonaut::ChannelNotFound]],
                 heard.sort_by(&:first)
  end

  def test_what_a_block_raises_comes_out_of_flush
    client = client()
    client.open_channel_async("greetings") { raise "mine" }
    other = nil
    client.open_channel_async("greetings") { |result| other = result }
    error = assert_raises(RuntimeError) { client.flush(timeout: DEADLINE) }
    assert_equal "mine", error.message
    assert client.flush(timeout: DEADLINE)
    assert_predicate other, :ok?
  end

  def test_too_many_pending
    client = client(max_pending: 1)
    client.open_channel_async("greetings")
    assert_raises(Kosmonaut::TooManyPending) { client.open_channel_async("greetings") }
  end

  def test_interrupt_ends_a_flush
    server = SilentServer.new
    client = Kosmonaut::Client.new(server.url)
    client.open_channel_async("greetings")
    refute client.flush(timeout: 0.05)
    client.interrupt
    assert_raises(Kosmonaut::Interrupted) { client.flush(timeout: DEADLINE) }
  ensure
    client.close
    server.close
  end

  def test_figures
    client = client()
    client.open_channel("greetings")
    assert_raises(Kosmonaut::ChannelNotFound) { client.close_channel("nowhere") }
    assert_equal 2, client.requests
    assert_equal 1, client.requests(Kosmonaut::Status::ENOCHANNEL)
    assert_equal 1, client.connections
    assert_equal 2, client.stats["requests"]
  end

  def test_a_closed_client
    client = Kosmonaut::Client.new(@url)
    client.close
    client.close
    assert_predicate client, :closed?
    error = assert_raises(Kosmonaut::StateError) { client.open_channel("greetings") }
    assert_equal Kosmonaut::Status::ESTATE, error.status
    assert_raises(Kosmonaut::StateError) { client.flush }
    client.interrupt
  end

  def test_many_threads
    client = client()
    client.open_channel("greetings")
    threads = Array.new(8) do
      Thread.new { 25.times { |n| client.trigger("greetings", "hello", { n: n }) } }
    end
    threads.each { |thread| assert thread.join(DEADLINE) }
    assert_equal 201, client.requests
  end

  def test_inspect_holds_no_token
    refute_includes client.inspect, URI(@url).password
  end
end

class OptionsTest < BrokerTest
  def test_all_of_them
    options = {
      connect_timeout: 1, request_timeout: nil, idle_timeout: 10.5, reconnect_delay: 0.1..1,
      filter: "greetings/.*", max_event_size: 1000, max_response_size: 1000, max_connections: 2,
      max_pending: 3, retries: 0, worker_name: "w-1", ca_file: "/nowhere", verify: false,
      client_certificate: ["/nowhere", "/nowhere"], proxy: "http://user:secret@127.0.0.1:1",
      unix_socket: "/nowhere", headers: { "X-Api-Key" => "secret" }, user_agent: "test/1"
    }
    Kosmonaut::Client.new(@url, **options).close
    Kosmonaut::Worker.new(@url, **options).close
  end

  def test_impossible_values
    [{ connect_timeout: 0 }, { request_timeout: -5 }, { max_connections: 0 },
     { proxy: "gopher://x" }, { reconnect_delay: 2..1 },
     { headers: { "Host" => "x" } }, { filter: "a\nb" },
     { logger: Object.new, log_level: :loud }].each do |options|
      assert_raises(Kosmonaut::InvalidArgument, options.inspect) do
        Kosmonaut::Client.new(@url, **options)
      end
    end
    error = assert_raises(Kosmonaut::InvalidArgument) do
      Kosmonaut::Client.new(@url, headers: { "Host" => "secret" })
    end
    refute_includes error.message, "secret"
    assert_raises(ArgumentError) { Kosmonaut::Client.new(@url, no_such_option: 1) }
  end

  def test_impossible_values_are_named
    { request_timeout: -0.001, idle_timeout: Float::NAN, connect_timeout: 0, max_pending: -1,
      reconnect_delay: -1..2, worker_name: "a b" }.each do |name, value|
      error = assert_raises(Kosmonaut::InvalidArgument, name) do
        Kosmonaut::Client.new(@url, name => value)
      end
      assert_includes error.message, name.to_s
    end
    assert_raises(TypeError) { Kosmonaut::Client.new(@url, request_timeout: "5") }
    Kosmonaut::Client.new(@url, request_timeout: Float::INFINITY, idle_timeout: 1e300).close
    error = assert_raises(Kosmonaut::InvalidArgument) do
      Kosmonaut::Client.new(@url, headers: { "X-Key" => "two\nlines" })
    end
    assert_includes error.message, "X-Key"
    error = assert_raises(Kosmonaut::InvalidPayload) { Kosmonaut::Batch.new.add("news", "hello", "[") }
    assert_includes error.message, "trigger 1"
  end

  def test_messages_name_their_subject
    client = Kosmonaut::Client.new(@url)
    error = assert_raises(Kosmonaut::ChannelNotFound) { client.trigger("nowhere", "hello") }
    assert_includes error.message, "the channel 'nowhere' of /"
    error = assert_raises(Kosmonaut::InvalidArgument) { client.open_channel("a b") }
    assert_includes error.message, "'a b'"
  ensure
    client&.close
  end

  def test_an_impossible_filter_fails_for_good
    worker = worker(filter: "(")
    worker.on("*/*") { flunk }
    error = assert_raises(Kosmonaut::BadRequest) { worker.run }
    assert_equal 400, error.http_status
    assert_equal :closed, worker.run
  end

  def test_the_log
    lines = []
    logger = Object.new
    logger.define_singleton_method(:add) { |severity, message, _| lines << [severity, message] }
    worker = worker(logger: logger, log_level: :debug)
    worker.on("greetings/hello") { worker.close }
    thread = connected(worker)
    greet(greeter)
    assert thread.join(DEADLINE)
    assert(lines.any? { |severity, message| severity == 1 && message.start_with?("connected to") })
    refute(lines.any? { |_, message| message.include?(URI(@url).password) })
  end
end
