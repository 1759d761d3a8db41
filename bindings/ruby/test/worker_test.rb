# frozen_string_literal: true

require_relative "support"

class WorkerTest < BrokerTest
  def test_an_event_and_what_it_says
    heard = Thread::Queue.new
    worker = worker { |w| w.on("greetings/hello") { |event| heard << event } }
    connected(worker)
    browser = greeter
    greet(browser, "hello", { n: 1, text: "żółw" })
    event = heard.pop
    assert_equal "greetings/hello", event.topic
    assert_equal "greetings", event.channel
    assert_equal "hello", event.name
    assert_equal browser.sid, event.sid
    assert_equal "alice", event.uid
    refute_empty event.id
    assert_equal 1, event["n"]
    assert_equal "żółw", event.data["text"]
    assert_equal Encoding::UTF_8, event.json.encoding
    assert_equal event.data, JSON.parse(event.json)
    assert_equal :message, event.kind
    assert_equal 1, event.attempt
  end

  def test_nobody_is_named
    client.open_channel("greetings")
    heard = Thread::Queue.new
    worker = worker { |w| w.on("greetings/hello") { |event| heard << event } }
    connected(worker)
    browser = browser()
    browser.ask("subscribe", channel: "greetings")
    browser.say("broadcast", channel: "greetings", event: "hello")
    event = heard.pop
    assert_nil event.uid
    assert_equal browser.sid, event.sid
  end

  def test_patterns
    heard = Thread::Queue.new
    worker = worker do |w|
      w.on("greetings/hello") { heard << :exact }
      w.on("greetings/*") { |event| heard << [:any_event, event.name] }
      w.on("*/hello", ->(_) { heard << :any_channel })
      w.on("greetings/gone") { flunk }
      w.off("greetings/gone")
      w.on("greetings/hello") { heard << :replaced }
    end
    connected(worker)
    browser = greeter
    greet(browser)
    assert_equal [:replaced, [:any_event, "hello"], :any_channel], Array.new(3) { heard.pop }
    greet(browser, "other")
    assert_equal [:any_event, "other"], heard.pop
    ["no-slash", "chat/", "ch*/save", "chat/sa*", "a\n/b"].each do |pattern|
      assert_raises(Kosmonaut::InvalidArgument, pattern) do
        Kosmonaut::Worker.new(@url).on(pattern) {}
      end
    end
  end

  # Two workers share events only if both asked for the same filter; here both are this gem's, and
  # a worker with that filter in so many words is the third.
  def test_the_filter_is_the_librarys
    heard = Thread::Queue.new
    workers = [worker { |w| w.on("greetings/hello") { heard << 0 } },
               worker { |w| w.on("greetings/hello") { heard << 1 } },
               worker(filter: "greetings/hello") { |w| w.on("*/*") { heard << 2 } }]
    workers.each { |worker| connected(worker) }
    browser = greeter
    30.times { greet(browser) }
    numbers = Array.new(30) { heard.pop }
    assert_equal [10, 10, 10], [0, 1, 2].map { |number| numbers.count(number) }
  end

  def test_events_without_handlers_are_not_asked_for
    worker = worker { |w| w.on("greetings/hello") { w.interrupt } }
    thread = connected(worker)
    browser = greeter
    3.times { greet(browser, "other") }
    greet(browser)
    assert_equal :interrupted, thread.value
    assert_equal 1, worker.events
  end

  def test_what_a_handler_raises_comes_out_of_run
    count = 0
    worker = worker do |w|
      w.on("greetings/hello") { raise KeyError, "mine" if (count += 1) == 1 }
      w.on("greetings/end") { w.interrupt }
    end
    thread = connected(worker)
    browser = greeter
    3.times { greet(browser) }
    greet(browser, "end")
    error = assert_raises(KeyError) { thread.value }
    assert_equal "mine", error.message
    assert_equal :interrupted, worker.run
    assert_equal 3, count
  end

  def test_a_client_that_was_closed_does_not_end_the_worker
    client = client().tap(&:close)
    worker = worker { |w| w.on("greetings/hello") { client.trigger("greetings", "answer") } }
    thread = connected(worker)
    greet(greeter)
    assert_raises(Kosmonaut::StateError) { thread.value }
    assert_equal :connected, worker.state
  end

  def test_what_a_handler_raises_goes_to_its_handler_and_the_worker_goes_on
    told = []
    worker = worker do |w|
      w.on("greetings/hello") { raise KeyError, "mine" }
      w.on("greetings/end") { w.interrupt }
      w.on_exception { |exception, event| told << [exception.message, event.name] }
    end
    thread = connected(worker)
    browser = greeter
    3.times { greet(browser) }
    greet(browser, "end")
    assert_equal :interrupted, thread.value
    assert_equal [%w[mine hello]] * 3, told
    assert_same worker, worker.on_exception(nil)
    greet(browser)
    assert_raises(KeyError) { worker.run }
  end

  def test_next_and_each
    worker = worker()
    assert_nil worker.next(timeout: 0)
    connected_by_next(worker)
    browser = greeter
    3.times { |n| greet(browser, "hello", { n: n }) }
    assert_equal 0, worker.next(timeout: DEADLINE)["n"]
    assert_equal [1, 2], worker.first(2).map { |event| event["n"] }
    assert_nil worker.next(timeout: 0.01)
    worker.interrupt
    assert_raises(Kosmonaut::Interrupted) { worker.next }
    worker.interrupt
    assert_same(worker, worker.each { flunk })
    assert worker.close
    assert_raises(Kosmonaut::Closed) { worker.next }
    loop { worker.next } # Closed ends it
    assert_same(worker, worker.each { flunk })
  end

  def test_dispatch_in_a_loop
    heard = []
    worker = worker { |w| w.on("greetings/*") { |event| heard << event["n"] } }
    assert_equal :again, worker.dispatch
    wait_until("the worker") do
      IO.select([worker], nil, nil, 1)
      worker.dispatch
      worker.state == :connected
    end
    browser = greeter
    250.times { |n| greet(browser, "hello", { n: n }) }
    wait_until("the events") do
      IO.select([worker], nil, nil, DEADLINE)
      worker.dispatch
      heard.size == 250
    end
    assert_equal (0...250).to_a, heard
    worker.interrupt
    assert IO.select([worker], nil, nil, DEADLINE)
    assert_equal :interrupted, worker.dispatch
    worker.close
    assert_equal :closed, worker.dispatch
  end

  def test_one_driver
    began = Thread::Queue.new
    go_on = Thread::Queue.new
    inner = nil
    worker = worker do |w|
      w.on("greetings/hello") do
        inner = (w.next(timeout: 0) rescue $!)
        w.on("greetings/hello") { w.interrupt } # a handler may replace itself
        began << true
        go_on.pop
      end
    end
    thread = connected(worker)
    assert_raises(Kosmonaut::StateError) { worker.next(timeout: 0) }
    assert_raises(Kosmonaut::StateError) { worker.on("greetings/hello") {} }
    browser = greeter
    greet(browser)
    began.pop
    assert_kind_of Kosmonaut::StateError, inner
    assert_raises(Kosmonaut::StateError) { worker.run }
    go_on << true
    greet(browser)
    assert_equal :interrupted, thread.value
    assert_raises(Kosmonaut::StateError) { worker.on("new/pattern") {} }
    assert_raises(Kosmonaut::StateError) { worker().run } # no handlers
  end

  def test_close_waits_for_the_handler
    began = Thread::Queue.new
    go_on = Thread::Queue.new
    worker = worker { |w| w.on("greetings/hello") { began << true; go_on.pop } }
    thread = connected(worker)
    greet(greeter)
    began.pop
    refute worker.close(timeout: 0.05)
    assert_equal :closed, worker.state
    go_on << true
    assert_equal :closed, thread.value
    assert worker.close
    assert_equal 1, worker.events
  end

  def test_close_in_a_handler
    result = nil
    worker = worker do |w|
      w.on("greetings/hello") { result = w.close }
      w.on("greetings/*") { flunk }
    end
    thread = connected(worker)
    greet(greeter)
    assert_equal :closed, thread.value
    assert_equal false, result
  end

  def test_close_wakes_another_thread
    worker = worker { |w| w.on("*/*") {} }
    thread = connected(worker)
    assert worker.close(timeout: DEADLINE)
    assert_equal :closed, thread.value
    assert_predicate worker, :closed?
    assert_raises(Kosmonaut::StateError) { worker.on("a/b") {} }
    worker.interrupt
  end

  def test_answers
    kept = []
    worker = worker do |w|
      w.on("greetings/hello") { |event| event.ack }
      w.on("greetings/later") { |event| kept << event.defer }
      w.on("greetings/dropped") { |event| kept << event; w.interrupt }
    end
    thread = connected(worker)
    browser = greeter
    %w[hello later dropped].each { |name| greet(browser, name) }
    assert_equal :interrupted, thread.value
    later, dropped = kept
    assert_same later, later.retain.ack
    assert_raises(Kosmonaut::StateError) { later.nack(delay: 1) } # delivery is at most once
    assert_raises(Kosmonaut::InvalidArgument) { later.nack(delay: -1) }
    later.free
    later.free
    assert_raises(Kosmonaut::StateError) { later.ack }
    assert_raises(Kosmonaut::StateError) { dropped.ack }
    assert_equal "dropped", dropped.name
  end

  def test_it_reconnects_and_tells
    failures = Thread::Queue.new
    worker = worker do |w|
      w.on("greetings/hello") { w.interrupt }
      w.on_error { |error| failures << error }
    end
    thread = connected(worker)
    assert_nil worker.last_error
    broker.stop
    broker_is_away = failures.pop
    assert_kind_of Kosmonaut::Error, broker_is_away
    assert_predicate broker_is_away, :retriable?
    broker.start
    wait_until("the worker") { worker.state == :connected }
    greet(greeter)
    assert_equal :interrupted, thread.value
    assert_equal 1, worker.reconnects
    assert_kind_of Kosmonaut::Error, worker.last_error
    stats = worker.stats
    assert_equal "connected", stats["state"]
    assert_equal worker.bytes, stats["bytes"]
    assert_equal 0.0, worker.lag
  end

  def test_what_the_handler_of_failures_raises_comes_out
    server = TCPServer.new("127.0.0.1", 0)
    url = "http://wr:t@127.0.0.1:#{server.addr[1]}/moon"
    server.close
    worker = Kosmonaut::Worker.new(url)
    worker.on_error { |error| raise "mine: #{error.status_name}" }
    error = assert_raises(RuntimeError) { worker.next }
    assert_equal "mine: KN_ECONNECT", error.message
    worker.on_error
    assert_nil worker.next(timeout: 0.01)
  ensure
    worker.close
  end

  def test_a_fatal_failure
    wrong = @url.sub(/wr:\h+/, "wr:#{'0' * 40}")
    Kosmonaut::Worker.open(wrong) do |worker|
      assert_raises(Kosmonaut::Unauthorized) { worker.next }
      assert_raises(Kosmonaut::Closed) { worker.next }
      refute_includes worker.inspect, "0000"
    end
  end

  private

  def connected_by_next(worker)
    wait_until("the worker") do
      worker.next(timeout: 0.01)
      worker.state == :connected
    end
  end
end
