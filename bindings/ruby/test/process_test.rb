# frozen_string_literal: true

require_relative "support"

# Threads, signals, forks, and what is left behind.
class ProcessTest < BrokerTest
  LIBRARY = File.expand_path("../lib", __dir__)

  # Each wait is ended by another thread, once that has run for a while.
  def test_other_threads_run_during_a_wait
    worker = worker()
    counter = counting { worker.interrupt }
    assert_raises(Kosmonaut::Interrupted) { worker.next(timeout: DEADLINE) }
    counter.join

    silent do |url, server|
      Kosmonaut::Client.open(url, request_timeout: DEADLINE) do |client|
        counter = counting { server.hang_up }
        assert_raises(Kosmonaut::BrokenConnection) { client.open_channel("greetings") }
        counter.join
      end
    end
  end

  def test_a_thread_that_waits_can_be_killed
    worker = worker { |w| w.on("*/*") {} }
    thread = connected(worker)
    thread.kill
    assert thread.join(DEADLINE)
    assert_nil worker.next(timeout: 0) # the seat is free again
  end

  def test_timeout_ends_a_clients_wait
    silent do |url|
      Kosmonaut::Client.open(url, request_timeout: 3600) do |client|
        assert_raises(Timeout::Error) { Timeout.timeout(0.1) { client.open_channel("greetings") } }
      end
    end
  end

  TimeIsUp = Class.new(StandardError)

  def test_timeouts_lose_no_event
    worker = worker()
    wait_until("the worker") do
      worker.next(timeout: 0.01)
      worker.state == :connected
    end
    browser = greeter
    sender = Thread.new do
      400.times { |n| greet(browser, "hello", { n: n }) && sleep(0.001) }
    end
    numbers = []
    wait_until("all events") do
      begin
        # While it blocks and not in between, where the event would be in nobody's hands.
        Thread.handle_interrupt(TimeIsUp => :on_blocking) do
          Timeout.timeout(0.002, TimeIsUp) { loop { numbers << worker.next["n"] } }
        end
      rescue TimeIsUp
        nil
      end
      numbers.size >= 400
    end
    sender.join
    assert_equal (0...400).to_a, numbers
  end

  def test_ctrl_c_ends_run
    script = <<~RUBY
      worker = Kosmonaut::Worker.new(ARGV[0])
      worker.on("*/*") {}
      Thread.new { sleep 0.001 until worker.state == :connected; puts "ready" }
      begin
        worker.run
      rescue Interrupt
        puts "interrupted"
        worker.close
      end
    RUBY
    assert_equal "interrupted\n", interrupted(script)
  end

  def test_a_signal_handler_may_interrupt
    script = <<~RUBY
      worker = Kosmonaut::Worker.new(ARGV[0])
      worker.on("*/*") {}
      worker.on_error {}
      trap("INT") { worker.interrupt }
      Thread.new { sleep 0.001 until worker.state == :connected; puts "ready" }
      puts worker.run
    RUBY
    assert_equal "interrupted\n", interrupted(script)
  end

  # The library calls a closure for each line of the log and each failure, and the signals come at
  # any time. One that jumped over the library's frames would leave the worker unusable.
  def test_signals_and_closures
    script = <<~RUBY
      require "socket"
      server = TCPServer.new("127.0.0.1", 0)
      url = "http://wr:t@127.0.0.1:\#{server.addr[1]}/moon"
      server.close
      lines = failures = hits = 0
      is_inside = false
      trap("INT") do
        if is_inside
          is_inside = false
          raise Interrupt
        end
      end
      logger = Object.new
      logger.define_singleton_method(:add) { |*| lines += 1 }
      worker = Kosmonaut::Worker.new(url, reconnect_delay: 0.001..0.001, logger: logger,
                                          log_level: :debug)
      worker.on_error { failures += 1 }
      main = Process.pid
      nagger = fork do
        loop do
          Process.kill(:INT, main)
          sleep 0.0015
        end
      end
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      # For two seconds, or as long as a busy machine takes to have seen enough.
      loop do
        seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
        break if seconds > 2 && [hits, failures, lines].min > 100 || seconds > 15
        begin
          is_inside = true
          100.times { worker.next(timeout: 0.001) }
        rescue Interrupt
          hits += 1
        end
        is_inside = false
      end
      Process.kill(:KILL, nagger)
      Process.wait(nagger)
      worker.next(timeout: 0.01)
      worker.close
      puts [hits > 100, failures > 100, lines > 100].inspect
    RUBY
    IO.popen([RbConfig.ruby, "-I#{LIBRARY}", "-rkosmonaut", "-e", script]) do |program|
      assert_equal "[true, true, true]\n", read_all(program)
    end
    assert_predicate $?, :success?
  end

  def test_fork
    heard = Thread::Queue.new
    worker = worker { |w| w.on("greetings/*") { |event| heard << event.retain } }
    client = client()
    thread = connected(worker)
    browser = greeter
    greet(browser)
    event = heard.pop
    reader, writer = IO.pipe
    pid = fork do
      outcomes = [
        -> { client.open_channel("greetings") }, -> { client.open_channel_async("greetings") },
        -> { client.dispatch }, -> { client.fd }, -> { worker.fd }, -> { event.nack }
      ].map { |call| outcome(&call) }
      outcomes << outcome do
        Kosmonaut::Client.open(@url) { |own| own.trigger("greetings", "child") }
      end
      client.close
      writer.puts(outcomes.inspect, event.topic)
      exit!(0)
    end
    writer.close
    outcomes = read_all(reader)
    _, status = Process.wait2(pid)
    assert_predicate status, :success?
    assert_equal "#{[['KN_EFORK'] * 6, 'fine'].flatten.inspect}\ngreetings/hello\n", outcomes
    assert browser.hear.key?("child")
    greet(browser, "again")
    assert_equal "again", heard.pop.name
    assert_predicate thread, :alive?
    client.trigger("greetings", "parent")
    assert browser.hear.key?("parent")
  end

  def test_fork_beside_next
    worker = worker()
    worker.next(timeout: 0)
    pid = fork { exit!(outcome { worker.next } == "KN_EFORK" && worker.close ? 0 : 1) }
    assert_predicate Process.wait2(pid).last, :success?
    assert_nil worker.next(timeout: 0)
  end

  # All kinds of handles, dropped or closed, used or not, with closures or not.
  def test_ten_thousand_handles_leave_nothing_behind
    logger = Object.new
    logger.define_singleton_method(:add) { |*| nil }
    make = lambda do |n|
      if n.even?
        client = Kosmonaut::Client.new(@url, logger: (logger if n % 10 == 4))
        client.trigger_async("greetings", "hello") { flunk }
        client.close if n % 4 == 2
      else
        worker = Kosmonaut::Worker.new(@url) { |w| w.on("greetings/*") {} }
        worker.on_error {} if n % 5 == 3
        worker.next(timeout: 0) if n % 20 == 1
        worker.close(timeout: 0) if n % 4 == 1
      end
      Kosmonaut::Batch.new.add("greetings", "hello", { text: "x" * 1000 })
    end
    1000.times(&make)
    memory, descriptors = left_behind
    10_000.times(&make)
    memory_after, descriptors_after = left_behind
    assert_operator descriptors_after, :<=, descriptors + 5
    assert_operator memory_after - memory, :<, 16 * 1024
  end

  def test_ten_thousand_events_leave_nothing_behind
    count = 0
    kept = nil
    worker = worker do |w|
      w.on("greetings/*") { |event| count += 1; kept = event.retain }
      w.on("greetings/end") { w.interrupt }
    end
    thread = connected(worker)
    browser = greeter
    memory = nil
    11_000.times do |n|
      greet(browser, "hello", { text: "x" * 1000 })
      next unless n == 1000

      wait_until("events") { count > 1000 }
      memory, = left_behind
    end
    greet(browser, "end")
    assert_equal :interrupted, thread.value
    assert_equal 11_001, count
    assert_operator left_behind.first - memory, :<, 16 * 1024
    assert_equal "end", kept.name
  end

  # Ruby ends while handles are open, used, and about to log.
  def test_the_end_of_the_process
    script = <<~RUBY
      require "logger"
      worker = Kosmonaut::Worker.new(ARGV[0], logger: Logger.new(File::NULL), log_level: :debug)
      worker.on("*/*") {}
      Thread.new { worker.run }
      client = Kosmonaut::Client.new(ARGV[0], logger: Logger.new(File::NULL))
      client.open_channel("greetings")
      sleep 0.001 until worker.state == :connected
      puts "end"
    RUBY
    IO.popen([RbConfig.ruby, "-I#{LIBRARY}", "-rkosmonaut", "-e", script, @url],
             err: %i[child out]) { |program| assert_equal "end\n", read_all(program) }
    assert_predicate $?, :success?
  end

  private

  def counting
    Thread.new do
      50.times { sleep 0.001 }
      yield
    end
  end

  def silent
    server = SilentServer.new
    yield server.url, server
  ensure
    server.close
  end

  def outcome
    yield
    "fine"
  rescue Kosmonaut::Error => e
    e.status_name
  end

  # What the program says after it was ready and got a SIGINT.
  def interrupted(script)
    IO.popen([RbConfig.ruby, "-I#{LIBRARY}", "-rkosmonaut", "-e", "$stdout.sync = true\n#{script}",
              @url]) do |program|
      assert_equal "ready\n", program.wait_readable(DEADLINE)&.gets
      Process.kill(:INT, program.pid)
      read_all(program)
    end
  end

  def read_all(io)
    Timeout.timeout(DEADLINE) { io.read }
  end

  # Kilobytes of memory and a number of descriptors, when all garbage is gone.
  def left_behind
    3.times do
      GC.start
      sleep 0.05 # what was posted aside
    end
    [File.read("/proc/self/status")[/^VmRSS:\s+(\d+)/, 1].to_i, Dir.children("/proc/self/fd").size]
  end
end
