import CityJSON
import Foundation

/// What a node takes that has nothing to do.
struct IdleRow: Row {
  let name = "idle"
  let title = "an idle node: memory after 120 s, processor time"

  func run(_ bench: Bench) throws -> Outcome {
    let folder = try bench.freshFolder(name)
    // A new node, as `node init` and `serve` leave it; and beside it one in the middle of a city.
    let fresh = BenchNode(BenchNode.Plan(id: "bench-idle"), in: folder, bench)
    try fresh.initialise()
    try fresh.start()
    defer { fresh.stop() }
    let middle = try District(in: folder, bench)
    defer { middle.stop() }
    let wait = bench.isQuick ? 10.0 : 120.0
    bench.say("idle for \(Report.number(wait)) s")
    let alone = try Rest(fresh.pid)
    let linked = try Rest(middle.district.pid)
    Thread.sleep(forTimeInterval: wait)
    let (quiet, busy) = (try alone.percent(), try linked.percent())
    let resident = try ProcessUsage.megabytes("Rss", middle.district.pid)
    let shared = try ProcessUsage.megabytes("Pss", middle.district.pid)
    // Pages of the program are divided among those who run it: the new node is to bear all of them.
    middle.stop()
    return Outcome(
      checks: [
        .atMost(60, "MB", "memory (Pss)", try ProcessUsage.megabytes("Pss", fresh.pid)),
        .atMost(1, "% of a core", "processor time", quiet),
      ],
      detail: [
        Figure(
          "with 2 links and 100 devices: memory, pages of others included (Rss)", resident, "MB"),
        Figure("with 2 links and 100 devices: memory, shared among four (Pss)", shared, "MB"),
        Figure("with 2 links and 100 devices: processor time", busy, "% of a core"),
      ])
  }
}

/// Processor time of a process over a while.
private struct Rest {
  private let pid: Int32
  private let before: Double
  private let begun = LoadClient.now()

  init(_ pid: Int32) throws {
    self.pid = pid
    before = try ProcessUsage.processorSeconds(pid)
  }

  /// Of one core, since it was made.
  func percent() throws -> Double {
    let used = try ProcessUsage.processorSeconds(pid) - before
    return used / (LoadClient.now() - begun) * 100
  }
}

/// A district between its city and one street: two links, and 100 devices of its own.
private final class District {
  let city: BenchNode
  let district: BenchNode
  let street: BenchNode

  init(in folder: String, _ bench: Bench) throws {
    city = BenchNode(
      BenchNode.Plan(
        id: "bench-city", level: "city", jurisdiction: "3391", name: ("临江市", "Linjiang")),
      in: folder, bench)
    district = BenchNode(
      BenchNode.Plan(
        id: "bench-district", level: "district", jurisdiction: "339102",
        name: ("清潭区", "Qingtan")), in: folder, bench)
    street = BenchNode(
      BenchNode.Plan(id: "bench-street", jurisdiction: "339102001"), in: folder, bench)
    try city.initialise()
    try city.start()
    try district.initialise()
    try district.join(city)
    try district.start()
    try street.initialise()
    try street.join(district)
    try street.start()
    try district.applyPack()
    try Sensors(count: 100).register(at: district)
    try waitForLinks()
  }

  /// Both links of the district carry.
  private func waitForLinks() throws {
    let begun = LoadClient.now()
    while LoadClient.now() - begun < 30 {
      let links = try district.admin().get("/links")["items"]?.arrayValue ?? []
      let up = links.filter { $0["state"]?.stringValue == "connected" }
      if up.count >= 2 { return }
      Thread.sleep(forTimeInterval: 0.2)
    }
    throw Unmeasured("the links of the district did not come up")
  }

  func stop() {
    for node in [street, district, city] { node.stop() }
  }
}
