public import CityCore

/// Leave to see personal data of one resource, once. The caller writes it to the audit trail in the
/// same commit in which the data is read; without that entry nothing may be shown.
public struct UnmaskLeave: Hashable, Sendable {
  public let principal: PrincipalID
  public let grant: Grant
  public let resource: Resource
  public let reason: String
  public let time: UTCTime
}

extension AccessPolicy {
  /// Characters that a reason has at least, blanks not counted.
  public static let shortestReason = 4
  /// UTF-8 bytes that a reason has at most.
  public static let longestReason = 1_000

  /// Decides whether somebody may see personal data in clear.
  /// - Parameter resource: the case or person it belongs to; its data class counts as personal.
  /// - Throws: `invalid` without a proper reason; `forbidden` or `not-found` when not permitted.
  public func unmask(
    _ principal: Principal, _ resource: Resource, reason: String, now: UTCTime
  ) throws(Problem) -> UnmaskLeave {
    var personal = resource
    personal.dataClass = .personal
    let grant = try decide(principal, .unmask, personal, now: now).require(hiding: true)
    let letters = reason.filter { !$0.isWhitespace }.count
    guard letters >= Self.shortestReason, reason.utf8.count <= Self.longestReason,
      !FieldRules.hasControl(reason)
    else {
      throw Problem(
        .invalid, "unmasking needs a reason",
        faults: [
          .init(
            at: "/reason",
            reason:
              "at least \(Self.shortestReason) characters, at most \(Self.longestReason) bytes")
        ])
    }
    return UnmaskLeave(
      principal: principal.id, grant: grant, resource: personal, reason: reason, time: now)
  }
}
