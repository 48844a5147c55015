import NIOCore

/// The latest events, encoded, bounded by number and by bytes.
struct EventRing: Sendable {
  struct Slot: Sendable {
    let event: StreamEvent
    let frame: ByteBuffer
  }

  private let capacity: Int
  private let maximumBytes: Int
  private var slots: [Slot] = []
  /// Slots before this index are dead; they are removed together now and then.
  private var head = 0
  private var bytes = 0
  /// The place of `slots[head]`.
  private(set) var start: UInt64 = 0
  /// The highest position that the ring does not hold any more.
  private(set) var floor: Int64
  /// The highest position that was published.
  private(set) var newest: Int64

  init(capacity: Int, bytes: Int, floor: Int64) {
    self.capacity = max(1, capacity)
    maximumBytes = bytes
    self.floor = floor
    newest = floor
  }

  /// The place of the next event.
  var end: UInt64 { start + UInt64(slots.count - head) }

  mutating func append(_ slot: Slot) {
    slots.append(slot)
    bytes += slot.frame.readableBytes
    newest = max(newest, slot.event.position ?? newest)
    while slots.count - head > capacity || (bytes > maximumBytes && slots.count - head > 1) {
      let old = slots[head]
      bytes -= old.frame.readableBytes
      floor = max(floor, old.event.position ?? floor)
      head += 1
      start += 1
    }
    // Amortised: as many are moved as were appended since.
    if head > capacity {
      slots.removeSubrange(..<head)
      head = 0
    }
  }

  /// The place of the first event after a position; nil when some of them are gone.
  func cursor(after position: Int64) -> UInt64? {
    guard position >= floor else { return nil }
    let index = slots[head...].firstIndex { ($0.event.position ?? .min) > position }
    return index.map { start + UInt64($0 - head) } ?? end
  }

  func read(from cursor: UInt64, limit: Int) -> (slots: ArraySlice<Slot>, end: UInt64)? {
    guard cursor >= start else { return nil }
    let first = head + Int(min(cursor, end) - start)
    let last = min(slots.count, first + limit)
    return (slots[first..<last], start + UInt64(last - head))
  }
}
