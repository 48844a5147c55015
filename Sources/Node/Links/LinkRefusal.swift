import CityCore
import LinkCarrier

/// The words in which one end says why it does not want the other, as ``LinkTrouble`` shows them.
enum LinkRefusal {
  /// Where a refusal at the handshake has its word.
  static let pointer = "/certificate"

  private static let words: Set<String> = [
    "unknown-neighbour", "revoked", "lost", "certificate-replaced", "twin", "silent", "replaced",
    "rolled-back", "protocol",
  ]

  /// Whether every connection ends with it, and none is wanted any more.
  static func isForGood(_ code: String) -> Bool { code == "revoked" || code == "lost" }

  /// Of a connection that ended: the word at the end of the other side's goodbye, if it is one.
  static func code(_ reason: LinkCloseReason) -> String {
    if let word = reason.detail.split(separator: " ").last.map(String.init), words.contains(word) {
      return word
    }
    return reason.kind == .silent ? "silent" : "closed"
  }

  /// Of an attempt that failed.
  static func code(_ problem: Problem) -> String {
    if let fault = problem.faults.first(where: { $0.at == pointer }), words.contains(fault.reason) {
      return fault.reason
    }
    return problem.code == .unavailable ? "unreachable" : problem.code.name
  }
}
