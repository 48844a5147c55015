public import CityCore
public import Hummingbird
import NIOCore

extension EventHub {
  /// A response that goes on until the client leaves, falls behind, or may not listen any more.
  ///
  /// - Parameters:
  ///   - until: when the filter ceases to be right, such as the end of a grant.
  ///   - filter: asked for every event; it decides what the client may see and wants to.
  /// - Throws: `unauthenticated`, `too-many-requests`, `unavailable`.
  public func response(
    to context: CityRequestContext, until: UTCTime? = nil,
    filter: @escaping @Sendable (StreamEvent) -> Bool
  ) throws(Problem) -> Response {
    guard let identity = context.identity else {
      throw Problem(.unauthenticated, "no credential was given")
    }
    let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
    // Whoever asks for the header alone does not listen.
    if context.method == "HEAD" { return Response(status: .ok, headers: headers) }
    let subscriber = try subscribe(
      identity, until: until, channel: context.channel, filter: filter)
    context.channel.closeFuture.whenComplete { _ in self.unsubscribe(subscriber) }
    let last = context.lastEventID
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        defer { self.unsubscribe(subscriber) }
        try await self.serve(subscriber, after: last, to: &writer)
        try await writer.finish(nil)
      })
  }

  /// Writes to one subscriber until the stream ends.
  func serve(
    _ subscriber: Subscriber, after last: String?, to writer: inout any ResponseBodyWriter
  ) async throws {
    try await write([EventFrame.opening], for: subscriber, to: &writer)
    if let last, try await resume(subscriber, after: last, to: &writer) == false {
      let reset = EventFrame.reset(stream: stream, position: newest)
      try await write([reset], for: subscriber, to: &writer)
    }
    while true {
      if try await drain(subscriber, to: &writer) == false {
        let reset = EventFrame.reset(stream: stream, position: newest)
        return try await write([reset, EventFrame.end(.lagged)], for: subscriber, to: &writer)
      }
      switch await subscriber.wait() {
      case .look: continue
      case .heartbeat:
        // What came in the meantime goes first: the beat tells how far the client has seen.
        guard try await drain(subscriber, to: &writer) else { continue }
        let beat = EventFrame.heartbeat(stream: stream, position: newest(for: subscriber))
        try await write([beat], for: subscriber, to: &writer)
      case .ended(.gone): return
      case .ended(let reason):
        return try await write([EventFrame.end(reason)], for: subscriber, to: &writer)
      }
    }
  }

  /// Sends what the ring holds for the subscriber.
  /// - Returns: false when the ring has moved past it.
  private func drain(
    _ subscriber: Subscriber, to writer: inout any ResponseBodyWriter
  ) async throws -> Bool {
    while subscriber.ending == nil {
      guard let (slots, end) = read(from: subscriber.cursor, limit: 256) else { return false }
      guard !slots.isEmpty else { return true }
      subscriber.move(to: end)
      let frames = slots.filter { subscriber.filter($0.event) }.map(\.frame)
      try await write(frames, for: subscriber, to: &writer)
    }
    return true
  }

  /// Sends what a returning client has missed.
  /// - Returns: false when that is not known or too much.
  private func resume(
    _ subscriber: Subscriber, after last: String, to writer: inout any ResponseBodyWriter
  ) async throws -> Bool {
    guard let last = StreamPosition(last), last.stream == stream, last.position <= newest else {
      return false
    }
    var position = last.position
    var count = 0
    while !attach(subscriber, after: position) {
      guard let replay, count < settings.replay, subscriber.ending == nil else { return false }
      let (events, next) = try await replay(position, 500)
      // The ring begins later, so there must be something in between.
      guard next > position else { return false }
      let frames = events.filter(subscriber.filter).map { EventFrame.bytes($0, stream: stream) }
      try await write(frames, for: subscriber, to: &writer)
      count += Int(next - position)
      position = next
    }
    return true
  }

  private func write(
    _ frames: [ByteBuffer], for subscriber: Subscriber, to writer: inout any ResponseBodyWriter
  ) async throws {
    guard !frames.isEmpty else { return }
    subscriber.beginWriting(now: time())
    defer { subscriber.endWriting(now: time()) }
    if frames.count == 1 {
      try await writer.write(frames[0])
    } else {
      try await writer.write(contentsOf: frames)
    }
  }

  /// The position that a subscriber with nothing left to read has seen.
  private func newest(for subscriber: Subscriber) -> Int64? {
    guard let (slots, _) = read(from: subscriber.cursor, limit: 1), slots.isEmpty else {
      return nil
    }
    return newest
  }
}
