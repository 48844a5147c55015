import Dispatch
import Foundation
import Glibc

/// Requests that were rendered beforehand, one behind the other.
struct RenderedRequests {
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [Int] = []

  var count: Int { ends.count }

  mutating func reserve(requests: Int, bytes each: Int) {
    bytes.reserveCapacity(requests * each)
    ends.reserveCapacity(requests)
  }

  /// A `POST` of JSON.
  /// - Parameter fields: further header lines, each with its line end.
  mutating func appendPost(_ path: String, fields: String, body: [UInt8]) {
    bytes += Array(
      ("POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.count)\r\n\(fields)\r\n").utf8)
    bytes += body
    ends.append(bytes.count)
  }
}

/// What came of a run of requests.
struct LoadResult {
  /// Answers of the expected form.
  var answered = 0
  /// Others; the first of them in `firstRefusal`.
  var refused = 0
  var firstRefusal = ""
  /// From the first request to the last answer.
  var seconds = 0.0
  /// Seconds from when the first byte of a request was written until its answer was complete, each.
  var latencies: [Double] = []
  /// Seconds of processor time of this client.
  var clientProcessor = 0.0

  var perSecond: Double { Double(answered) / seconds }
}

/// Sends rendered requests over kept connections from one thread: as fast as they are answered, one
/// request under way on each connection. It reads no more of an answer than its status, its length
/// and its last bytes, so that little of the machine goes to it.
final class LoadClient {
  private struct Lane {
    var socket: Socket
    /// Number of the request under way; negative: none.
    var request = -1
    var sent = 0
    var started = 0.0
    /// An answer that came in pieces.
    var held: [UInt8] = []
  }

  private var lanes: [Lane] = []
  /// One for each lane; what the kernel is asked to wait for.
  private var waiting: [pollfd] = []
  /// Is given every good answer, whole, when somebody wants to look into them.
  var onAnswer: ((UnsafeBufferPointer<UInt8>) -> Void)?
  private var buffer = [UInt8](repeating: 0, count: 262_144)

  init(port: Int, connections: Int) throws {
    for _ in 0..<connections {
      let socket = try Socket(port: port)
      _ = fcntl(socket.descriptor, F_SETFL, fcntl(socket.descriptor, F_GETFL) | O_NONBLOCK)
      waiting.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
      lanes.append(Lane(socket: socket))
    }
  }

  /// - Parameters:
  ///   - requests: each is sent once, in order.
  ///   - range: those of them to send now.
  ///   - seconds: no request begins after this; what is under way is waited for.
  ///   - ending: what a good answer's body ends with; empty: any answer of the 200s is good.
  func run(
    _ requests: RenderedRequests, _ range: Range<Int>, seconds: Double, ending: [UInt8]
  ) throws -> LoadResult {
    var result = LoadResult()
    result.latencies.reserveCapacity(range.count)
    var next = range.lowerBound
    var underWay = 0
    let processor = ProcessUsage.own()
    let begun = Self.now()
    let deadline = begun + seconds
    for lane in lanes.indices where next < range.upperBound {
      try begin(lane, next, requests)
      (next, underWay) = (next + 1, underWay + 1)
    }
    var last = begun
    while underWay > 0 {
      let count = poll(&waiting, nfds_t(waiting.count), 20_000)
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw Unmeasured("no answer came for 20 s")
      }
      for lane in lanes.indices where waiting[lane].revents != 0 {
        let seen = Int32(waiting[lane].revents)
        if seen & POLLOUT != 0 { try goOn(lane, requests) }
        guard seen & ~POLLOUT != 0 else { continue }
        guard let isGood = try readAnswer(lane, ending, &result) else { continue }
        last = Self.now()
        if isGood { result.answered += 1 } else { result.refused += 1 }
        result.latencies.append(last - lanes[lane].started)
        if next < range.upperBound, last < deadline {
          try begin(lane, next, requests)
          next += 1
        } else {
          lanes[lane].request = -1
          underWay -= 1
        }
      }
    }
    result.seconds = last - begun
    result.clientProcessor = ProcessUsage.own() - processor
    return result
  }

  private func begin(_ lane: Int, _ request: Int, _ requests: RenderedRequests) throws {
    lanes[lane].request = request
    lanes[lane].sent = request == 0 ? 0 : requests.ends[request - 1]
    lanes[lane].started = Self.now()
    try goOn(lane, requests)
  }

  /// Writes what the kernel takes; the rest when it says that it takes more.
  private func goOn(_ lane: Int, _ requests: RenderedRequests) throws {
    let request = lanes[lane].request
    guard request >= 0 else { return }
    let end = requests.ends[request]
    while lanes[lane].sent < end {
      let from = lanes[lane].sent
      let count = requests.bytes.withUnsafeBytes {
        send(lanes[lane].socket.descriptor, $0.baseAddress.map { $0 + from }, end - from, 0)
      }
      if count < 0, errno == EAGAIN {
        waiting[lane].events = Int16(POLLIN | POLLOUT)
        return
      }
      guard count > 0 else { throw Unmeasured("a write failed: errno \(errno)") }
      lanes[lane].sent += count
    }
    waiting[lane].events = Int16(POLLIN)
  }

  /// - Returns: nil while the answer is not complete; then whether it is the one that is expected.
  private func readAnswer(
    _ lane: Int, _ ending: [UInt8], _ result: inout LoadResult
  ) throws -> Bool? {
    let count = recv(lanes[lane].socket.descriptor, &buffer, buffer.count, 0)
    if count < 0, errno == EAGAIN || errno == EINTR { return nil }
    guard count > 0 else { throw Unmeasured("a connection ended") }
    let isGood: Bool?
    if lanes[lane].held.isEmpty {
      isGood = buffer.withUnsafeBufferPointer { judge($0[..<count], ending) }
      if isGood == nil { lanes[lane].held = Array(buffer[..<count]) }
    } else {
      lanes[lane].held += buffer[..<count]
      isGood = lanes[lane].held.withUnsafeBufferPointer { judge($0[...], ending) }
    }
    if isGood == false, result.firstRefusal.isEmpty {
      let bytes = lanes[lane].held.isEmpty ? Array(buffer[..<count]) : lanes[lane].held
      result.firstRefusal = String(decoding: bytes.suffix(600), as: UTF8.self)
    }
    if isGood != nil { lanes[lane].held.removeAll(keepingCapacity: true) }
    return isGood
  }

  private static let length = Array("content-length:".utf8)

  /// Whether a complete answer is of the 200s with that ending; nil while it is not complete.
  private func judge(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ ending: [UInt8]) -> Bool? {
    let bytes = UnsafeBufferPointer(rebasing: bytes)
    var line = 0
    var body = -1
    var announced = -1
    while body < 0 {
      var at = line
      while at < bytes.count, bytes[at] != 0x0A { at += 1 }
      guard at < bytes.count else { return nil }
      if at - line <= 1 { body = at + 1 }
      if at - line > Self.length.count, Self.isLength(bytes, line) {
        announced = 0
        for index in (line + Self.length.count)..<at where (0x30...0x39).contains(bytes[index]) {
          announced = announced * 10 + Int(bytes[index] & 15)
        }
      }
      line = at + 1
    }
    guard announced >= 0 else { return false }
    guard bytes.count >= body + announced else { return nil }
    guard bytes.count == body + announced, bytes[9] == 0x32, announced >= ending.count else {
      return false
    }
    guard bytes.suffix(ending.count).elementsEqual(ending) else { return false }
    onAnswer?(bytes)
    return true
  }

  /// Whether a line begins with the name of the field, in any case.
  private static func isLength(_ bytes: UnsafeBufferPointer<UInt8>, _ line: Int) -> Bool {
    for index in length.indices where bytes[line + index] | 0x20 != length[index] | 0x20 {
      return false
    }
    return true
  }

  /// Seconds of the monotonic clock.
  static func now() -> Double {
    Double(DispatchTime.now().uptimeNanoseconds) / 1e9
  }
}
