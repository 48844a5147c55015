/// One line of the list of numbers that the product must reach: a file under `Rows`, and an entry in
/// ``Rows``.
protocol Row: Sendable {
  /// What `--only` calls it.
  var name: String { get }
  /// What is measured, in a few words.
  var title: String { get }
  /// Measures. Runs on the main thread, with which the kernel ends every process that was started
  /// there; ``Bench/wait(for:)`` leads into asynchronous code.
  /// - Throws: why it could not be measured. A limit that is missed is no error.
  func run(_ bench: Bench) throws -> Outcome
}

/// What came of a row: what is judged, and what explains it.
struct Outcome: Encodable {
  var checks: [Check]
  var detail: [Figure] = []

  var passed: Bool { checks.allSatisfy(\.passed) }
}

/// A figure with a name.
struct Figure: Encodable {
  var what: String
  var value: Double
  var unit: String

  init(_ what: String, _ value: Double, _ unit: String) {
    self.what = what
    self.value = value
    self.unit = unit
  }
}

/// A figure beside its limit, or beside a peer that was measured in the same run.
struct Check: Encodable {
  enum Bound: String, Encodable {
    case atLeast
    case atMost
  }

  var what: String
  var figure: Double
  var unit: String
  var bound: Bound
  /// Of the figure, or of the ratio where there is a peer.
  var limit: Double
  /// What the figure is set against, in the figure's unit.
  var peer: Figure?
  var ratio: Double?
  var passed: Bool

  private init(
    _ what: String, _ figure: Double, _ unit: String, _ bound: Bound, _ limit: Double,
    peer: Figure?
  ) {
    self.what = what
    self.figure = figure
    self.unit = unit
    self.bound = bound
    self.limit = limit
    self.peer = peer
    ratio = peer.map { figure / $0.value }
    let judged = ratio ?? figure
    // What is no number has reached nothing.
    passed = bound == .atLeast ? judged >= limit : judged <= limit
  }

  static func atLeast(_ limit: Double, _ unit: String, _ what: String, _ figure: Double) -> Check {
    Check(what, figure, unit, .atLeast, limit, peer: nil)
  }

  static func atMost(_ limit: Double, _ unit: String, _ what: String, _ figure: Double) -> Check {
    Check(what, figure, unit, .atMost, limit, peer: nil)
  }

  /// The figure must be at least `share` of the peer's.
  static func ratio(
    atLeast share: Double, _ unit: String, _ what: String, _ figure: Double, to peer: String,
    _ peerFigure: Double
  ) -> Check {
    Check(what, figure, unit, .atLeast, share, peer: Figure(peer, peerFigure, unit))
  }
}

/// Why a row could not be measured.
struct Unmeasured: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
