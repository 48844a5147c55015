import CityCore
import Journal
import Linkage
import Testing

struct HandoverTests {
  /// Two nodes and what is on its way between them: every order in which people may act and
  /// messages may arrive is walked through.
  private struct Pair: Hashable {
    struct Side: Hashable {
      var owner: String
      var offeredTo: String?
      var term: Int
      var declinedTerm = 0
      /// Messages on their way from this side, oldest first.
      var sent: [Message] = []
    }
    enum Message: Hashable {
      case event(String, term: Int)
      case notice(Handover.Notice, term: Int)
    }
    var a = Side(owner: "a", term: 1)
    var b = Side(owner: "a", term: 1)

    var isQuiet: Bool { a.sent.isEmpty && b.sent.isEmpty }
  }

  private static let a = NodeID(rawValue: "a")
  private static let b = NodeID(rawValue: "b")

  private func node(_ name: String) throws -> NodeID {
    try #require(name == "a" ? Self.a : Self.b)
  }

  private func position(_ side: Pair.Side, at name: String) throws -> Handover.Position {
    if side.owner == name { return try side.offeredTo.map { .offered(to: try node($0)) } ?? .owned }
    guard side.offeredTo == name else { return .elsewhere(owner: try node(side.owner)) }
    return side.declinedTerm >= side.term
      ? .declined(from: try node(side.owner)) : .invited(by: try node(side.owner))
  }

  /// The pair after `input` at `name`; nil when the rules refuse it.
  private func after(_ pair: Pair, at name: String, _ input: Handover.Input) throws -> Pair? {
    let me: WritableKeyPath<Pair, Pair.Side> = name == "a" ? \.a : \.b
    var next = pair
    let term = pair[keyPath: me].term
    let outputs: [Handover.Output]
    do {
      outputs = try Handover.decide(position(pair[keyPath: me], at: name), term: term, input)
    } catch is Problem {
      return nil
    }
    for output in outputs {
      switch output {
      case .rememberDeclined(let term): next[keyPath: me].declinedTerm = term
      case .notify(_, let notice, _):
        next[keyPath: me].sent.append(.notice(notice, term: term))
      case .commit(let event):
        let raised = event.raisesTerm ? term + 1 : term
        fold(event.kind, by: name, term: raised, into: &next[keyPath: me])
        next[keyPath: me].sent.append(.event(event.kind, term: raised))
      }
    }
    return next
  }

  private func fold(_ kind: String, by name: String, term: Int, into side: inout Pair.Side) {
    side.term = term
    switch kind {
    case CustodyEvent.offeredKind: side.offeredTo = name == "a" ? "b" : "a"
    case CustodyEvent.returnedKind: side.offeredTo = nil
    default:
      side.offeredTo = nil
      side.owner = name
    }
  }

  /// The pair after the oldest message of `name` has arrived at the other side.
  private func delivered(_ pair: Pair, from name: String) throws -> Pair? {
    let sender: WritableKeyPath<Pair, Pair.Side> = name == "a" ? \.a : \.b
    let receiver: WritableKeyPath<Pair, Pair.Side> = name == "a" ? \.b : \.a
    guard let message = pair[keyPath: sender].sent.first else { return nil }
    var next = pair
    next[keyPath: sender].sent.removeFirst()
    let from = try node(name)
    let other = name == "a" ? "b" : "a"
    switch message {
    case .event(let kind, let term):
      fold(kind, by: name, term: term, into: &next[keyPath: receiver])
      return next
    case .notice(.declined, let term):
      return try after(
        next, at: other, .declineArrived(from: from, term: term, reason: ""))
    case .notice(.withdrawalRequested, let term):
      return try after(
        next, at: other, .withdrawalArrived(from: from, term: term, reason: ""))
    case .notice(.alreadyAccepted, _): return next
    }
  }

  private func successors(_ pair: Pair) throws -> [Pair] {
    var out: [Pair] = []
    for name in ["a", "b"] {
      let other = try node(name == "a" ? "b" : "a")
      let inputs: [Handover.Input] = [
        .offer(to: other, reason: ""), .accept, .decline(reason: ""), .withdraw(reason: ""),
      ]
      for input in inputs { if let next = try after(pair, at: name, input) { out.append(next) } }
      if let next = try delivered(pair, from: name) { out.append(next) }
    }
    return out.filter { $0.a.term <= 4 && $0.b.term <= 4 && $0.a.sent.count <= 3 }
      .filter { $0.b.sent.count <= 3 }
  }

  @Test func `in every order of acts and arrivals a thing has one owner and is never stuck`()
    throws
  {
    var seen: Set<Pair> = [Pair()]
    var waiting = [Pair()]
    while let pair = waiting.popLast() {
      let a = try position(pair.a, at: "a")
      let b = try position(pair.b, at: "b")
      #expect(!(a == .owned && b == .owned), "\(pair)")
      if pair.isQuiet {
        #expect(pair.a.owner == pair.b.owner && pair.a.term == pair.b.term, "\(pair)")
        if case .offered = a { #expect(b == .invited(by: try node("a")), "\(pair)") }
        if case .offered = b { #expect(a == .invited(by: try node("b")), "\(pair)") }
      }
      for next in try successors(pair) where seen.insert(next).inserted { waiting.append(next) }
    }
    #expect(seen.count > 500)
  }

  @Test func `an offer that was declined can be made again and then accepted`() throws {
    var pair = Pair()
    func act(_ name: String, _ input: Handover.Input) throws {
      pair = try #require(try after(pair, at: name, input))
    }
    func settle() throws {
      while !pair.isQuiet {
        for name in ["a", "b"] { pair = try delivered(pair, from: name) ?? pair }
      }
    }
    let b = try node("b")
    try act("a", .offer(to: b, reason: "too great"))
    try settle()
    try act("b", .decline(reason: "say where"))
    try settle()
    #expect(try position(pair.a, at: "a") == .owned)
    try act("a", .offer(to: b, reason: "at the bridge"))
    try settle()
    try act("b", .accept)
    try settle()
    #expect(pair.a.owner == "b")
    #expect(pair.b.owner == "b")
  }

  @Test func `who owns nothing of a thing may do nothing with it`() throws {
    let b = try node("b")
    for input in [
      Handover.Input.offer(to: b, reason: ""), .accept, .decline(reason: ""),
      .withdraw(reason: ""),
    ] {
      #expect(throws: Problem.self) { try Handover.decide(.none, term: 1, input) }
      #expect(throws: Problem.self) {
        try Handover.decide(.elsewhere(owner: b), term: 1, input)
      }
    }
  }

  @Test func `a lost node forfeits what it owned and what it was offered and nothing else`() throws
  {
    let a = try node("a")
    let b = try node("b")
    let lost = Handover.Input.declareLost(b, reason: "flood")
    let forfeit = [Handover.Output.commit(.forfeited(from: b, reason: "flood"))]
    #expect(try Handover.decide(.offered(to: b), term: 1, lost) == forfeit)
    #expect(try Handover.decide(.elsewhere(owner: b), term: 1, lost) == forfeit)
    #expect(try Handover.decide(.invited(by: b), term: 1, lost) == forfeit)
    #expect(try Handover.decide(.owned, term: 1, lost) == [])
    #expect(try Handover.decide(.offered(to: a), term: 1, lost) == [])
    #expect(try Handover.decide(.elsewhere(owner: a), term: 1, lost) == [])
  }
}
