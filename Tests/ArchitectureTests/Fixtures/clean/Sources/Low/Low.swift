/// `try!` and Date() in a comment, and "fatalError()" in a string, are no code.
public struct Low {
  let told = "await Task { Date() } \(1 + 1)!"
  let actor: Actor
  public struct Actor {}
  static func != (a: Low, b: Low) -> Bool { !(a.told == b.told) }
}

/// A store protocol may wait.
protocol Store {
  func load() async throws -> Low
}
