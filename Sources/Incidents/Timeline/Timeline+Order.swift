import CityCore
import Journal

extension Timeline {
  /// Topological order (Kahn), the smallest hybrid time first among what is free.
  static func order(_ events: [PositionedEvent]) -> [PositionedEvent] {
    let nodes = distinct(events)
    var graph = Graph(nodes)
    var out: [PositionedEvent] = []
    out.reserveCapacity(nodes.count)
    while let index = graph.next() { out.append(nodes[index]) }
    return out
  }

  /// Each event once, by (hybrid time, id): an order that does not depend on how they came.
  private static func distinct(_ events: [PositionedEvent]) -> [PositionedEvent] {
    let sorted = events.sorted {
      let (a, b) = ($0.event.header, $1.event.header)
      return a.time == b.time ? a.id < b.id : a.time < b.time
    }
    var seen: Set<EventID> = []
    return sorted.filter { seen.insert($0.event.id).inserted }
  }

  /// Which events wait for which. Indices are ranks by time, so the smallest free index is next.
  private struct Graph {
    private var followers: [[(index: Int, isCause: Bool)]]
    /// How many events each waits for, and how many of these are its cause.
    private var waits: [(all: Int, causes: Int)]
    private var free = MinHeap()
    private var isPlaced: [Bool]
    private var scan = 0

    init(_ nodes: [PositionedEvent]) {
      followers = Array(repeating: [], count: nodes.count)
      waits = Array(repeating: (0, 0), count: nodes.count)
      isPlaced = Array(repeating: false, count: nodes.count)
      var byID: [EventID: Int] = [:]
      for (index, node) in nodes.enumerated() { byID[node.event.id] = index }
      for (index, node) in nodes.enumerated() {
        guard let cause = node.event.header.cause, let before = byID[cause], before != index
        else { continue }
        link(before, index, isCause: true)
      }
      chain(nodes.indices.sorted { Self.byThing(nodes[$0], nodes[$1]) }) {
        nodes[$0].event.thing == nodes[$1].event.thing
          && nodes[$0].event.header.version < nodes[$1].event.header.version
          && nodes[$0].event.header.term <= nodes[$1].event.header.term
      }
      chain(nodes.indices.sorted { nodes[$0].event.id < nodes[$1].event.id }) {
        nodes[$0].event.id.node == nodes[$1].event.id.node
          && nodes[$0].event.id.epoch == nodes[$1].event.id.epoch
      }
      for index in nodes.indices where waits[index].all == 0 { free.push(index) }
    }

    private static func byThing(_ a: PositionedEvent, _ b: PositionedEvent) -> Bool {
      let (x, y) = (a.event.header, b.event.header)
      if x.thing != y.thing { return x.thing < y.thing }
      if x.version != y.version { return x.version < y.version }
      return x.id < y.id
    }

    private mutating func chain(_ indices: [Int], follows: (Int, Int) -> Bool) {
      for (before, after) in zip(indices, indices.dropFirst()) where follows(before, after) {
        link(before, after, isCause: false)
      }
    }

    private mutating func link(_ before: Int, _ after: Int, isCause: Bool) {
      followers[before].append((after, isCause))
      waits[after].all += 1
      if isCause { waits[after].causes += 1 }
    }

    mutating func next() -> Int? {
      while let index = free.pop() {
        if !isPlaced[index] { return place(index) }
      }
      // A circle, which only forged events can make: let go of what is not cause, then of all.
      while scan < isPlaced.count, isPlaced[scan] { scan += 1 }
      guard scan < isPlaced.count else { return nil }
      let left = (scan..<isPlaced.count).filter { !isPlaced[$0] }
      return place(left.first { waits[$0].causes == 0 } ?? scan)
    }

    private mutating func place(_ index: Int) -> Int {
      isPlaced[index] = true
      for follower in followers[index] {
        waits[follower.index].all -= 1
        if follower.isCause { waits[follower.index].causes -= 1 }
        if waits[follower.index].all == 0, !isPlaced[follower.index] { free.push(follower.index) }
      }
      return index
    }
  }
}

/// A binary heap of integers, the smallest on top.
private struct MinHeap {
  private var items: [Int] = []

  mutating func push(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let top = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return top }
    items[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < items.count else { return top }
      let right = left + 1
      let child = right < items.count && items[right] < items[left] ? right : left
      guard items[child] < items[parent] else { return top }
      items.swapAt(child, parent)
      parent = child
    }
  }
}
