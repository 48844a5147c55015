/// The rules that the package keeps. The raw value is the rule's anchor in STYLE.md.
enum Rule: String, CaseIterable, Sendable {
  /// Dependencies go down the ranks, or are named edges.
  case ranks
  /// A file imports only what its target declares.
  case imports
  /// A library of others stays in the targets that its row names.
  case libraries
  /// Nothing that ships stands on the test kit.
  case testKit = "test-kit"
  /// Ranks 0-2 neither wait, nor ask for the time, nor draw lots.
  case sansIO = "sans-io"
  /// The order of a set or dictionary reaches no output.
  case order
  /// What can crash a node or break isolation says why it is safe.
  case escapeHatches = "escape-hatches"
  /// Only the command line prints.
  case printing
  /// A file holds one idea.
  case fileLength = "file-length"
  /// Tests mirror targets.
  case testNames = "test-names"
  /// No test sleeps, and none is switched off.
  case honestTests = "honest-tests"
  /// Crash points are told of, proven, and compiled in debug builds alone.
  case crashPoints = "crash-points"
  /// The documents say what the manifest says.
  case documents
  /// A change is told to its users.
  case changelog
}

/// One place where a rule is broken.
struct Violation: Equatable, CustomStringConvertible, Sendable {
  let rule: Rule
  /// A target, a path, or `path:line`.
  let place: String
  let reason: String

  init(_ rule: Rule, _ place: String, _ reason: String) {
    self.rule = rule
    self.place = place
    self.reason = reason
  }

  /// `place: reason (STYLE.md#anchor)`.
  var description: String { "\(place): \(reason) (STYLE.md#\(rule.rawValue))" }
}
