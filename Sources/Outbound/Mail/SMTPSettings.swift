public import CityCore

/// The mail server that this node hands its mail to.
public struct SMTPSettings: Hashable, Sendable, CustomReflectable {
  public enum Security: String, Hashable, Sendable, CaseIterable {
    /// Encrypted after EHLO; a server that does not offer it is refused.
    case startTLS = "starttls"
    /// Encrypted from the first byte.
    case tls
    /// Not encrypted: loopback only.
    case none
  }
  public let host: String
  public let port: Int
  public let security: Security
  /// Both or neither.
  let username: String?
  let password: String?
  /// Who the mail is from.
  public let sender: MailAddress
  /// What we call ourselves in EHLO.
  public let name: String

  /// - Throws: `configuration`, naming the key.
  public init(
    host: String, port: Int, security: Security, username: String? = nil, password: String? = nil,
    sender: MailAddress, name: String = "citybeacon.invalid"
  ) throws(Problem) {
    func check(_ isFine: Bool, _ key: String, _ reason: String) throws(Problem) {
      guard isFine else {
        throw Problem(
          .configuration, "the settings for mail are faulty",
          faults: [.init(at: key, reason: reason)])
      }
    }
    try check(
      HostName.isValid(host.lowercased()) || IPAddress(host) != nil, "host", "is no host name")
    try check((1...65_535).contains(port), "port", "must be 1...65535")
    try check((username == nil) == (password == nil), "password", "goes with a username")
    try check(HostName.isValid(name.lowercased()), "name", "is no host name")
    for (key, text) in [("username", username ?? ""), ("password", password ?? "")] {
      try check(!text.utf8.contains(0) && text.utf8.count <= 255, key, "is too long or has a NUL")
    }
    self.host = host.lowercased()
    self.port = port
    self.security = security
    self.username = username
    self.password = password
    self.sender = sender
    self.name = name
  }

  /// Keeps the credentials out of `dump`.
  public var customMirror: Mirror {
    Mirror(self, children: ["host": host, "port": port, "security": security])
  }
}
