/// The steps of a case that have a time limit of their own.
public enum LimitStep: String, Codable, Sendable, CaseIterable {
  /// The check on site before filing: from the report.
  case confirm
  /// The command centre dispatches: from filing.
  case dispatch
  /// The unit opens the order: from dispatch.
  case accept
  /// The unit handles it and reports back: from dispatch, so that passing a case on wins no time.
  case handle
  /// The check on site before closing: from the unit's report.
  case verify
}
