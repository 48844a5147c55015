public import CityCore
public import Journal

/// Hand-over of a thing from node to node (上报/提级, 下派), as a pure state machine.
///
/// Ownership moves with the receiver's commit of `handover.accepted` and with nothing else. No time
/// limit reverts an offer: a withdrawal is a request, and whichever answer the receiver commits
/// first, acceptance or refusal, is final for that term.
public enum Handover {
  /// Where a node stands towards a thing.
  public enum Position: Hashable, Sendable {
    /// It holds nothing of it.
    case none
    case owned
    /// It owns it and has offered it.
    case offered(to: NodeID)
    /// Another node owns it and offers it to this one.
    case invited(by: NodeID)
    /// As `invited`, but this node has declined: it can never accept at this term.
    case declined(from: NodeID)
    /// Another node owns it.
    case elsewhere(owner: NodeID)
  }

  /// What may happen.
  public enum Input: Hashable, Sendable {
    // Said by people or rules of this node.
    case offer(to: NodeID, reason: String)
    case accept
    case decline(reason: String)
    case withdraw(reason: String)
    case declareLost(NodeID, reason: String)
    // Come from the other node, as directives.
    case declineArrived(from: NodeID, term: Int, reason: String)
    case withdrawalArrived(from: NodeID, term: Int, reason: String)
  }

  /// What the caller must do, all in one commit.
  public enum Output: Hashable, Sendable {
    case commit(CustodyEvent)
    /// Tell the other node, by a directive.
    case notify(NodeID, Notice, reason: String)
    /// Remember that this term is never accepted here.
    case rememberDeclined(term: Int)
  }

  public enum Notice: String, Hashable, Sendable, Codable {
    /// Receiver to sender: refused, or withdrawn as asked. The sender owns the thing again.
    case declined
    /// Sender to receiver: please let it go.
    case withdrawalRequested
    /// Receiver to sender: too late, it was accepted.
    case alreadyAccepted
  }

  /// Reads a node's position off what it holds.
  public static func position(
    of record: ThingRecord?, at node: NodeID, declinedTerm: Int
  ) -> Position {
    guard let record else { return .none }
    if record.owner == node {
      return record.offeredTo.map { .offered(to: $0) } ?? .owned
    }
    guard record.offeredTo == node else { return .elsewhere(owner: record.owner) }
    return declinedTerm >= record.term
      ? .declined(from: record.owner) : .invited(by: record.owner)
  }

  /// - Throws: ``Problem`` `refused` or `notOwner` for what a person may not do now. What arrives
  ///   from the other node and no longer applies gives no output instead.
  public static func decide(
    _ position: Position, term: Int, _ input: Input
  ) throws(Problem) -> [Output] {
    switch (position, input) {
    case (.owned, .offer(let to, let reason)):
      return [.commit(.offered(to: to, reason: reason))]
    case (.invited(let by), .accept):
      return [.commit(.accepted(from: by))]
    case (.invited(let by), .decline(let reason)):
      return [.rememberDeclined(term: term), .notify(by, .declined, reason: reason)]
    case (.offered(let to), .withdraw(let reason)):
      return [.notify(to, .withdrawalRequested, reason: reason)]

    case (.offered(let to), .declineArrived(let from, let declined, let reason)):
      return to == from && declined == term ? [.commit(.returned(reason: reason))] : []
    case (.invited(let by), .withdrawalArrived(let from, let asked, let reason)):
      return by == from && asked == term
        ? [.rememberDeclined(term: term), .notify(by, .declined, reason: reason)] : []
    case (.owned, .withdrawalArrived(let from, let asked, _)),
      (.offered, .withdrawalArrived(let from, let asked, _)):
      return asked < term ? [.notify(from, .alreadyAccepted, reason: "")] : []
    case (_, .declineArrived), (_, .withdrawalArrived): return []

    case (.offered(let to), .declareLost(let lost, let reason)) where to == lost:
      return [.commit(.forfeited(from: lost, reason: reason))]
    case (.elsewhere(let owner), .declareLost(let lost, let reason)) where owner == lost,
      (.invited(let owner), .declareLost(let lost, let reason)) where owner == lost,
      (.declined(let owner), .declareLost(let lost, let reason)) where owner == lost:
      return [.commit(.forfeited(from: lost, reason: reason))]
    case (_, .declareLost): return []

    case (.none, _): throw Problem(.notFound, "this node holds nothing of it")
    case (.offered(let to), .offer):
      throw Problem(.refused, "it is already offered to \(to)")
    case (.owned, .accept): throw Problem(.refused, "this node owns it already")
    case (.owned, .decline), (.owned, .withdraw), (.offered, .accept), (.offered, .decline):
      throw Problem(.refused, "no offer is open")
    case (.declined, _): throw Problem(.refused, "this offer was declined here; that is final")
    case (.invited(let by), _): throw Problem(.notOwner, "\(by) owns it and offers it to this node")
    case (.elsewhere(let owner), _): throw Problem(.notOwner, "\(owner) owns it")
    }
  }

  /// The table of `docs/link-protocol.md#hand-over`, made by asking ``decide(_:term:_:)``.
  public static var table: String {
    guard let a = NodeID(rawValue: "a"), let b = NodeID(rawValue: "b") else { return "" }
    let positions: [(String, Position)] = [
      ("none", .none), ("owned", .owned), ("offered", .offered(to: b)),
      ("invited", .invited(by: b)), ("declined", .declined(from: b)),
      ("elsewhere", .elsewhere(owner: b)),
    ]
    let inputs: [(String, Input)] = [
      ("offer", .offer(to: b, reason: "")), ("accept", .accept),
      ("decline", .decline(reason: "")), ("withdraw", .withdraw(reason: "")),
      ("other declines", .declineArrived(from: b, term: 1, reason: "")),
      ("other asks back", .withdrawalArrived(from: b, term: 1, reason: "")),
      ("other is lost", .declareLost(b, reason: "")),
    ]
    _ = a
    var lines = [
      "| position | " + inputs.map(\.0).joined(separator: " | ") + " |",
      "|---|" + inputs.map { _ in "---|" }.joined(),
    ]
    for (name, position) in positions {
      let cells = inputs.map { _, input -> String in
        do throws(Problem) {
          let outputs = try decide(position, term: 1, input)
          return outputs.isEmpty ? "-" : outputs.map(\.word).joined(separator: ", ")
        } catch {
          return "*\(error.code.name)*"
        }
      }
      lines.append("| \(name) | " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n")
  }
}

extension Handover.Output {
  fileprivate var word: String {
    switch self {
    case .commit(let event): event.kind
    case .notify(_, let notice, _): "tell: \(notice.rawValue)"
    case .rememberDeclined: "never accept this term"
    }
  }
}
