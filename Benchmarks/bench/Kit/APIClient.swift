import CityJSON

/// One at a time, for setting nodes up and looking at them: a person with a session, or a program
/// with a token.
final class APIClient {
  private let port: Int
  private var socket: Socket?
  var token: String?
  private var cookie: String?
  private var csrf: String?

  init(port: Int, token: String? = nil) {
    self.port = port
    self.token = token
  }

  /// Opens a session.
  func logIn(_ login: String, password: String) throws {
    (cookie, csrf) = (nil, nil)
    let answer = try post("/session", ["login": .string(login), "password": .string(password)])
    csrf = answer["csrfToken"]?.stringValue
  }

  func get(_ path: String) throws -> JSONValue { try request("GET", path, nil) }
  func post(_ path: String, _ body: JSONValue) throws -> JSONValue {
    try request("POST", path, body)
  }
  func put(_ path: String, _ body: JSONValue) throws -> JSONValue {
    try request("PUT", path, body)
  }

  /// - Parameter path: under `/api/v1`.
  /// - Throws: ``Unmeasured`` with the problem for any answer but a good one.
  func request(_ method: String, _ path: String, _ body: JSONValue?) throws -> JSONValue {
    var head = "\(method) /api/v1\(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if let token { head += "Authorization: Bearer \(token)\r\n" }
    if let cookie { head += "Cookie: \(cookie)\r\n" }
    if let csrf, method != "GET" { head += "X-CSRF-Token: \(csrf)\r\n" }
    if method == "POST" { head += "Idempotency-Key: \(UInt64.random(in: 0...(.max)))-bench\r\n" }
    var bytes: [UInt8] = []
    if let body {
      bytes = Array(body.description.utf8)
      head += "Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n"
    }
    let socket = try socket ?? Socket(port: port, timeout: 180)
    self.socket = socket
    try socket.send(Array((head + "\r\n").utf8) + bytes)
    let answer = try HTTPAnswer(from: socket)
    if let set = answer.field("set-cookie") {
      cookie = set.split(separator: ";").first.map(String.init)
    }
    if answer.field("connection") == "close" { self.socket = nil }
    guard (200..<300).contains(answer.status) else {
      throw Unmeasured(
        "\(method) \(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }
    return answer.body.isEmpty ? .null : try JSON.parse(answer.body)
  }
}

/// An answer as it came over a connection.
struct HTTPAnswer {
  let status: Int
  let fields: [(name: String, value: String)]
  let body: [UInt8]

  func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Reads one answer: its length is announced, or it comes in chunks.
  init(from socket: Socket) throws {
    var bytes: [UInt8] = []
    func more() throws {
      let part = try socket.receive()
      guard !part.isEmpty else { throw Unmeasured("the connection ended within an answer") }
      bytes += part
    }
    var end: Int?
    while end == nil {
      try more()
      end = bytes.firstEndOfHead
    }
    let head = String(decoding: bytes[..<(end ?? 0)], as: UTF8.self).split(separator: "\r\n")
    bytes.removeFirst(end ?? 0)
    guard let line = head.first,
      let status = Int(line.split(separator: " ").dropFirst().first ?? "")
    else { throw Unmeasured("no HTTP answer") }
    self.status = status
    fields = head.dropFirst().compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      return (line[..<colon].lowercased(), String(value))
    }
    if let length = fields.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) })
    {
      while bytes.count < length { try more() }
      body = Array(bytes[..<length])
    } else if fields.contains(where: { $0.name == "transfer-encoding" }) {
      var whole: [UInt8] = []
      while true {
        var cut = bytes.firstIndex(of: 0x0A)
        while cut == nil {
          try more()
          cut = bytes.firstIndex(of: 0x0A)
        }
        let size = Int(
          String(decoding: bytes[..<(cut ?? 0)], as: UTF8.self).filter { $0.isHexDigit }, radix: 16)
        bytes.removeFirst((cut ?? 0) + 1)
        guard let size else { throw Unmeasured("no chunk") }
        while bytes.count < size + 2 { try more() }
        whole += bytes[..<size]
        bytes.removeFirst(size + 2)
        if size == 0 { break }
      }
      body = whole
    } else {
      body = []
    }
  }
}

extension [UInt8] {
  /// Where the body begins: behind the first empty line.
  var firstEndOfHead: Int? {
    guard count >= 4 else { return nil }
    for index in 3..<count
    where self[index] == 0x0A && self[index - 1] == 0x0D && self[index - 2] == 0x0A
      && self[index - 3] == 0x0D
    {
      return index + 1
    }
    return nil
  }
}
