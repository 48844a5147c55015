/// Single readings, each durable when it is answered, against a bare server that parses and drops
/// the same bodies.
struct SinglePostRow: Row {
  let name = "single"
  let title = "single-reading POSTs, durable when answered, against a bare server"

  private static let connections = 128

  func run(_ bench: Bench) throws -> Outcome {
    let folder = try bench.freshFolder(name)
    let site = try GaugeSite(in: folder, devices: 1_000, bench)
    defer { site.node.stop() }
    let bare = try BareServer(bench, folder)
    defer { bare.process.stop() }
    let ours = try LoadClient(port: site.node.http, connections: Self.connections)
    let theirs = try LoadClient(port: bare.port, connections: Self.connections)
    let seconds = bench.isQuick ? 1.0 : 4.0
    let rounds = bench.isQuick ? 1 : 3

    var row = 0
    func render(_ perSecond: Double, _ seconds: Double) -> RenderedRequests {
      let count = max(1_000, Int(perSecond * seconds * 1.4))
      var requests = RenderedRequests()
      requests.reserve(requests: count, bytes: 400)
      var body: [UInt8] = []
      for _ in 0..<count {
        body.removeAll(keepingCapacity: true)
        site.sensors.append(row, to: &body)
        requests.appendPost("/api/v1/readings", fields: site.fields, body: body)
        row += 1
      }
      return requests
    }
    func measure(
      _ client: LoadClient, pid: Int32, _ requests: RenderedRequests, _ seconds: Double
    ) throws -> (LoadResult, processor: Double) {
      let before = try ProcessUsage.processorSeconds(pid)
      let result = try client.run(
        requests, 0..<requests.count, seconds: seconds, ending: GaugeSite.nothingRejected)
      guard result.refused == 0 else {
        throw Unmeasured("\(result.refused) posts were refused: \(result.firstRefusal)")
      }
      return (result, try ProcessUsage.processorSeconds(pid) - before)
    }

    var sent = 0
    var (ourRate, theirRate) = (20_000.0, 40_000.0)
    let warmUp = try measure(ours, pid: site.node.pid, render(ourRate, 1), 1).0
    sent += warmUp.answered
    ourRate = warmUp.perSecond
    theirRate = try measure(theirs, pid: bare.process.pid, render(theirRate, 1), 1).0.perSecond

    var rates: (ours: [Double], theirs: [Double]) = ([], [])
    var latencies: [Double] = []
    var processor = (ours: 0.0, theirs: 0.0, client: 0.0)
    var answered = (ours: 0.0, theirs: 0.0)
    var spent = 0.0
    for round in 1...rounds {
      let (mine, mineCPU) = try measure(
        ours, pid: site.node.pid, render(ourRate, seconds), seconds)
      let (plain, plainCPU) = try measure(
        theirs, pid: bare.process.pid, render(theirRate, seconds), seconds)
      (ourRate, theirRate) = (mine.perSecond, plain.perSecond)
      rates.ours.append(ourRate)
      rates.theirs.append(theirRate)
      latencies += mine.latencies
      processor.ours += mineCPU
      processor.theirs += plainCPU
      processor.client += mine.clientProcessor
      answered.ours += Double(mine.answered)
      answered.theirs += Double(plain.answered)
      spent += mine.seconds
      sent += mine.answered
      bench.say(
        "round \(round): \(Report.number(ourRate)) posts/s, bare \(Report.number(theirRate))")
    }
    let found = try site.metric("readings_stored_total")
    guard Int(found) == sent else {
      throw Unmeasured("the node counts \(Int(found)) stored rows, \(sent) were acknowledged")
    }
    let figure = rates.ours.median
    return Outcome(
      checks: [
        .ratio(
          atLeast: 0.6, "posts/s", "durable single posts", figure, to: "bare Hummingbird",
          rates.theirs.median),
        .atLeast(15_000, "posts/s", "durable single posts", figure),
      ],
      detail: [
        Figure("least of the rounds", rates.ours.min() ?? .nan, "posts/s"),
        Figure("processor time of the node", processor.ours / answered.ours * 1e6, "µs/post"),
        Figure("processor time of the node", processor.ours / spent, "cores"),
        Figure(
          "processor time of the bare server", processor.theirs / answered.theirs * 1e6, "µs/post"),
        Figure("processor time of the client", processor.client / spent, "cores"),
        Figure("median answer", latencies.quantile(0.5) * 1_000, "ms"),
        Figure("p99 answer", latencies.quantile(0.99) * 1_000, "ms"),
      ])
  }
}

/// `bareserver`, running.
private struct BareServer {
  let process: ChildProcess
  let port: Int

  init(_ bench: Bench, _ folder: String) throws {
    let log = folder + "/bareserver.log"
    let started = try ChildProcess(bench.bareserver, [], log: log)
    process = started
    port = try started.wait {
      started.lastWords.split(separator: "\n").first { $0.hasPrefix("port ") }.flatMap {
        Int($0.dropFirst(5))
      }
    }
  }
}
