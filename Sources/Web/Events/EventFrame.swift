import NIOCore

/// The wire form of server-sent events (HTML Living Standard, 9.2).
enum EventFrame {
  static func bytes(_ event: StreamEvent, stream: String) -> ByteBuffer {
    var out = ByteBuffer()
    out.reserveCapacity(event.data.count + 96)
    if let position = event.position { out.writeString("id: \(stream)-\(position)\n") }
    // A line break inside would begin another field.
    out.writeString("event: \(event.kind.filter { !$0.isNewline })\n")
    for line in event.data.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0A || $0 == 0x0D })
    {
      out.writeString("data: ")
      out.writeBytes(line)
      out.writeString("\n")
    }
    out.writeString("\n")
    return out
  }

  /// Tells the browser how soon to come back, in milliseconds.
  static let opening = ByteBuffer(string: "retry: 1500\n\n")

  /// Keeps proxies from closing a quiet stream, and moves the client's last id on although it was
  /// sent nothing: a frame with an id and no data changes nothing else.
  static func heartbeat(stream: String, position: Int64?) -> ByteBuffer {
    ByteBuffer(string: ":\n" + (position.map { "id: \(stream)-\($0)\n\n" } ?? "\n"))
  }

  /// The client has missed something and must load its state anew.
  static func reset(stream: String, position: Int64?) -> ByteBuffer {
    ByteBuffer(
      string: (position.map { "id: \(stream)-\($0)\n" } ?? "") + "event: reset\ndata: {}\n\n")
  }

  /// The stream ends, and why.
  static func end(_ reason: EventHub.Ending) -> ByteBuffer {
    ByteBuffer(string: "event: end\ndata: {\"reason\":\"\(reason.rawValue)\"}\n\n")
  }
}
