import Access
import CityCore
import NIOCore

/// The latest events, encoded, bounded by number and by bytes.
struct EventRing: Sendable {
  struct Slot: Sendable {
    private(set) var event: StreamEvent
    let frame: ByteBuffer

    mutating func stand(_ now: Resource) { event.stand(now) }
  }

  /// Where the things of the slots stand now, and in how many slots each is.
  private struct Standing: Sendable {
    var resource: Resource
    var slots: Int
  }

  private let capacity: Int
  private let maximumBytes: Int
  private var slots: [Slot] = []
  /// Slots before this index are dead; they are removed together now and then.
  private var head = 0
  private var bytes = 0
  private var standings: [ThingID: Standing] = [:]
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
    if let thing = slot.event.thing, let standing = slot.event.standing {
      standings[thing, default: Standing(resource: standing, slots: 0)].slots += 1
      standings[thing]?.resource = standing
    }
    bytes += slot.frame.readableBytes
    newest = max(newest, slot.event.position ?? newest)
    while slots.count - head > capacity || (bytes > maximumBytes && slots.count - head > 1) {
      let old = slots[head]
      bytes -= old.frame.readableBytes
      floor = max(floor, old.event.position ?? floor)
      forget(old.event)
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

  /// Slots from a place on, each with its thing as it stands now: who has lost it since must not
  /// hear of it, however late they read.
  func read(from cursor: UInt64, limit: Int) -> (slots: [Slot], end: UInt64)? {
    guard cursor >= start else { return nil }
    let first = head + Int(min(cursor, end) - start)
    let last = min(slots.count, first + limit)
    let read = slots[first..<last].map { slot in
      guard let thing = slot.event.thing, let now = standings[thing]?.resource,
        now != slot.event.standing
      else { return slot }
      var moved = slot
      moved.stand(now)
      return moved
    }
    return (read, start + UInt64(last - head))
  }

  private mutating func forget(_ event: StreamEvent) {
    guard let thing = event.thing, event.standing != nil, let known = standings[thing] else {
      return
    }
    if known.slots <= 1 {
      standings[thing] = nil
    } else {
      standings[thing]?.slots = known.slots - 1
    }
  }
}
