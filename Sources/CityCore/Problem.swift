/// An error that a person or a program can act upon (RFC 9457). Domains throw it, `Web` turns it
/// into a response, the command line prints it; nobody builds one from free text elsewhere.
public struct Problem: Error, Sendable, Equatable {
  /// Stable, from ``Code``; clients switch on it.
  public let code: Code
  /// What happened this time, without personal data or secrets.
  public let detail: String
  /// One entry for each faulty part of the input.
  public let faults: [Fault]
  /// Seconds after which trying again makes sense.
  public let retryAfter: Int?

  public init(_ code: Code, _ detail: String, faults: [Fault] = [], retryAfter: Int? = nil) {
    self.code = code
    self.detail = detail
    self.faults = faults
    self.retryAfter = retryAfter
  }

  /// Where in the input, and what is wrong there.
  public struct Fault: Sendable, Equatable, Codable {
    /// A JSON Pointer (RFC 6901), a row number, or `file:line: key`.
    public let at: String
    public let reason: String
    public init(at: String, reason: String) {
      self.at = at
      self.reason = reason
    }
  }

  /// The table of codes. Codes are never renamed or reused; `docs/problems.md` is made from it.
  public struct Code: Sendable, Hashable {
    public let name: String
    /// The HTTP status.
    public let status: Int
    public let title: String
    /// What the user can do.
    public let remedy: String

    private init(_ name: String, _ status: Int, _ title: String, _ remedy: String) {
      self.name = name
      self.status = status
      self.title = title
      self.remedy = remedy
    }

    public static let malformed = Code(
      "malformed", 400, "The body cannot be read",
      "Send well-formed UTF-8 JSON of the documented shape.")
    public static let invalid = Code(
      "invalid", 422, "Some values are not acceptable", "Correct the listed faults and send again.")
    public static let unauthenticated = Code(
      "unauthenticated", 401, "No valid credential", "Log in, or send a valid bearer token.")
    public static let forbidden = Code(
      "forbidden", 403, "Not permitted", "Ask an administrator for the role that this needs.")
    /// Also given for what exists but may not be known to exist.
    public static let notFound = Code(
      "not-found", 404, "No such thing", "Check the identifier; it may lie in another jurisdiction."
    )
    public static let methodNotAllowed = Code(
      "method-not-allowed", 405, "The method does not apply here", "See the OpenAPI document.")
    public static let notAcceptable = Code(
      "not-acceptable", 406, "No such representation", "Ask for a documented media type.")
    public static let requestTimeout = Code(
      "request-timeout", 408, "The request did not arrive in time",
      "Send it again, faster or in smaller parts.")
    public static let conflict = Code(
      "conflict", 409, "It has changed since you looked",
      "Load it again and repeat what still applies.")
    public static let refused = Code(
      "refused", 409, "The rules do not allow this now",
      "Read the reason; choose an allowed action.")
    public static let duplicate = Code(
      "duplicate", 409, "It exists already", "Use the existing one.")
    public static let keyReused = Code(
      "idempotency-key-reused", 409, "This Idempotency-Key came with another request",
      "Use a new key for a new request.")
    public static let tooLarge = Code(
      "too-large", 413, "Too large", "Send less at once; the limit is in the detail.")
    public static let unsupportedMedia = Code(
      "unsupported-media-type", 415, "This media type is not understood",
      "Send a documented media type.")
    public static let tooMany = Code(
      "too-many-requests", 429, "Too many requests", "Wait as long as Retry-After says.")
    public static let headersTooLarge = Code(
      "headers-too-large", 431, "The header fields are too large", "Send fewer or shorter fields.")
    public static let storageFull = Code(
      "storage-full", 507, "The disk of this node is full",
      "Nothing was stored. Free space on the node, then send again.")
    public static let unavailable = Code(
      "unavailable", 503, "Not available now", "Try again later.")
    public static let quarantined = Code(
      "quarantined", 503, "This node was restored and waits for its neighbours",
      "Reading works. Wait until all neighbours answered, or let an administrator override.")
    public static let notOwner = Code(
      "not-owner", 409, "Another node owns this", "Act at the owning node, or send it a request.")
    public static let internalFault = Code(
      "internal", 500, "A fault of this node", "Report the request id to the administrator.")
    public static let configuration = Code(
      "configuration", 422, "The settings are faulty", "Correct the named file, line and key.")
    public static let corrupted = Code(
      "corrupted", 500, "Stored data fails its check",
      "Run `citybeacon journal verify`; restore a backup.")
    public static let linkRefused = Code(
      "link-refused", 403, "The neighbour refuses this", "See the link's page for the reason.")
  }
}

extension Problem: CustomStringConvertible {
  public var description: String {
    let lines = faults.prefix(20).map { "\n  \($0.at): \($0.reason)" }.joined()
    return "\(code.title): \(detail)\(lines)"
  }
}
