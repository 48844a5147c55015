/// A street's node with the storm pack in force, gauges registered, and a gateway's token.
struct GaugeSite {
  let node: BenchNode
  let sensors: Sensors
  let token: String

  init(in folder: String, devices: Int, _ bench: Bench) throws {
    node = BenchNode(
      BenchNode.Plan(id: "bench-street", settings: ["access:", "  openMetrics: true"]),
      in: folder, bench)
    try node.initialise()
    try node.start()
    try node.applyPack()
    sensors = Sensors(count: devices)
    try sensors.register(at: node)
    token = try node.deviceToken()
  }

  /// Header lines of a gateway's request.
  var fields: String { "Authorization: Bearer \(token)\r\n" }

  /// What the answer to readings ends with when every row is durable.
  static let nothingRejected = Array(#""duplicates":0,"rejected":[]}"#.utf8)

  /// The sum of a figure of `/metrics` over its labels.
  func metric(_ name: String) throws -> Double {
    let socket = try Socket(port: node.http)
    try socket.send(
      Array("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8))
    let text = String(decoding: try HTTPAnswer(from: socket).body, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains(name) }
    guard !lines.isEmpty else { throw Unmeasured("/metrics has no \(name)") }
    return lines.reduce(0) { sum, line in
      sum + (line.split(separator: " ").last.flatMap { Double($0) } ?? 0)
    }
  }
}
