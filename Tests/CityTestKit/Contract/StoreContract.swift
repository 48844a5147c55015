import CityCore

/// What every store must do, as sentences that throw a ``ContractBreach`` when they do not hold. Each
/// function takes a store in which nothing of what it asks about was written yet, inside a
/// transaction that the caller may keep or undo.
public enum StoreContract {
  /// - Throws: ``ContractBreach`` with the sentence.
  static func expect(_ sentence: String, _ holds: () throws -> Bool) throws {
    guard try holds() else { throw ContractBreach(sentence: sentence) }
  }

  /// The same for two values, which are named when they differ.
  static func expect<Value: Equatable>(
    _ sentence: String, _ found: Value, is wanted: Value
  ) throws {
    guard found == wanted else {
      throw ContractBreach(sentence: "\(sentence)\n  found \(found)\n  instead of \(wanted)")
    }
  }

  /// That `body` throws a problem with this code.
  static func expect(
    _ sentence: String, throws code: Problem.Code, _ body: () throws -> Void
  ) throws {
    do {
      try body()
    } catch let problem as Problem where problem.code == code {
      return
    }
    throw ContractBreach(sentence: sentence)
  }
}

/// A store does not do what every store must.
public struct ContractBreach: Error, CustomStringConvertible {
  public let sentence: String
  public var description: String { "the store breaks its contract: \(sentence)" }
}
