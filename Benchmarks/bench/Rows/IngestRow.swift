import CityJSON

/// Durable ingest of readings over HTTP in batches, with rules on, against C SQLite that is given the
/// same rows.
struct IngestRow: Row {
  let name = "ingest"
  let title = "durable ingest over HTTP, batches of 500, rules on, against C SQLite"

  private static let batch = 500
  private static let connections = 8

  func run(_ bench: Bench) throws -> Outcome {
    let folder = try bench.freshFolder(name)
    let site = try GaugeSite(in: folder, devices: 1_000, bench)
    defer { site.node.stop() }
    let peer = try PeerDatabase(path: folder + "/peer.sqlite")
    let seconds = bench.isQuick ? 1.5 : 5.0
    let rounds = bench.isQuick ? 1 : 3
    let client = try LoadClient(port: site.node.http, connections: Self.connections)

    // The first second fills caches and pools, and tells how much to render for the others.
    var row = 0
    var perSecond = 150_000.0
    var stored = 0
    func measure(_ seconds: Double) throws -> (LoadResult, processor: Double) {
      let batches = max(20, Int(perSecond * seconds * 1.4) / Self.batch)
      var requests = RenderedRequests()
      requests.reserve(requests: batches, bytes: Self.batch * 112 + 400)
      for _ in 0..<batches {
        requests.appendPost(
          "/api/v1/readings", fields: site.fields, body: site.sensors.array(row..<row + Self.batch))
        row += Self.batch
      }
      let before = try site.node.processorSeconds()
      let result = try client.run(
        requests, 0..<requests.count, seconds: seconds, ending: GaugeSite.nothingRejected)
      guard result.refused == 0 else {
        throw Unmeasured("\(result.refused) batches were refused: \(result.firstRefusal)")
      }
      stored += result.answered * Self.batch
      perSecond = result.perSecond * Double(Self.batch)
      return (result, try site.node.processorSeconds() - before)
    }
    _ = try measure(1)

    var ours: [Double] = []
    var theirs: [Double] = []
    var latencies: [Double] = []
    var (serverCPU, clientCPU, spent, rows) = (0.0, 0.0, 0.0, 0.0)
    var peerRow = 0
    for round in 1...rounds {
      let (result, processor) = try measure(seconds)
      ours.append(result.perSecond * Double(Self.batch))
      latencies += result.latencies
      serverCPU += processor
      clientCPU += result.clientProcessor
      spent += result.seconds
      rows += Double(result.answered * Self.batch)
      let (count, elapsed) = try peer.insert(site.sensors, from: peerRow, seconds: seconds)
      peerRow += count
      theirs.append(Double(count) / elapsed)
      bench.say(
        "round \(round): \(Report.number(ours[round - 1])) rows/s, C SQLite "
          + "\(Report.number(theirs[round - 1])) rows/s")
    }
    let found = try site.metric("readings_stored_total")
    guard Int(found) == stored else {
      throw Unmeasured("the node counts \(Int(found)) stored rows, \(stored) were acknowledged")
    }
    let transitions = try site.metric("rule_transitions_total")
    guard transitions > 0 else { throw Unmeasured("the rules found nothing: they were not on") }
    return Outcome(
      checks: [
        .ratio(
          atLeast: 0.5, "rows/s", "durable rows", ours.median, to: "C SQLite", theirs.median)
      ],
      detail: [
        Figure("least of the rounds", ours.min() ?? .nan, "rows/s"),
        Figure("processor time of the node", serverCPU / rows * 1e6, "µs/row"),
        Figure("processor time of the node", serverCPU / spent, "cores"),
        Figure("processor time of the client", clientCPU / spent, "cores"),
        Figure("median answer to a batch", latencies.quantile(0.5) * 1_000, "ms"),
        Figure("p99 answer to a batch", latencies.quantile(0.99) * 1_000, "ms"),
        Figure("rule transitions on the way", transitions, ""),
      ])
  }
}
