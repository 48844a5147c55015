import Dispatch
import Glibc

/// A client as many are: it sends all that it has, blocking, and reads only then.
struct BlockingClient {
  let port: Int

  struct Failed: Error {
    let call: String
    let code: Int32
  }

  /// Sends a header and so many bytes after it, then reads to the end.
  /// - Returns: everything that was read.
  /// - Throws: ``Failed`` when the connection ended before all was sent.
  func exchange(_ head: String, bytes count: Int) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try send(head, count) })
      }
    }
  }

  private func send(_ head: String, _ count: Int) throws -> String {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard file >= 0 else { throw Failed(call: "socket", code: errno) }
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failed(call: "connect", code: errno) }
    try write(Array(head.utf8), to: file)
    let piece = [UInt8](repeating: 0x20, count: 64 << 10)
    var left = count
    while left > 0 {
      try write(Array(piece.prefix(left)), to: file)
      left -= min(left, piece.count)
    }
    shutdown(file, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let got = recv(file, &buffer, buffer.count, 0)
      guard got > 0 else { break }
      answer += buffer[..<got]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private func write(_ bytes: [UInt8], to file: Int32) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failed(call: "send", code: errno) }
      sent += count
    }
  }
}
