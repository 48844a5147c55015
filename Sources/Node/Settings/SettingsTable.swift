import CityCore

/// One setting: its key in the file, what it holds, and how it is read. The environment variable is
/// the key in capitals with `CITYBEACON_` before it and `_` for each dot.
struct SettingsKey: Sendable {
  let name: String
  let help: String
  /// Takes the text of the value; says what is wrong with it, or nil.
  let apply: @Sendable (String, inout NodeSettings) -> String?
  /// For lists: takes every element.
  var isList = false

  var environmentName: String {
    "CITYBEACON_" + name.uppercased().replacing(".", with: "_")
  }
}

extension SettingsKey {
  /// Every key there is. Unknown ones are faults.
  static let all: [SettingsKey] = [
    text("node.id", "unique id, lower-case letters, digits, - and _", \.node.id) {
      NodeID(rawValue: $0) == nil
        ? "must be 1...64 lower-case letters, digits, - or _, and begin with a letter or digit"
        : nil
    },
    SettingsKey(name: "node.level", help: "province, city, district, street or community") {
      text, settings in
      guard let level = Level(rawValue: text) else {
        return "must be one of " + Level.allCases.map(\.rawValue).joined(separator: ", ")
      }
      settings.node.level = level
      return nil
    },
    text("node.name.zh", "name in Chinese", \.node.nameZh),
    text("node.name.en", "name in English", \.node.nameEn),
    text("node.jurisdiction", "GB/T 2260 code, 2, 4, 6, 9 or 12 digits", \.node.jurisdiction) {
      AdminCode(rawValue: $0) == nil ? "must be a code of 2, 4, 6, 9 or 12 digits" : nil
    },
    flag("node.department", "a department that is a node of its own", \.node.department),
    SettingsKey(name: "node.zone", help: "offset from UTC, such as +08:00") { text, settings in
      guard let seconds = zoneOffset(text) else { return "must be an offset such as +08:00" }
      settings.node.zoneOffset = seconds
      return nil
    },
    flag(
      "node.acceptsOffers", "accept escalated and delegated cases without a person",
      \.node.acceptsOffers),
    text("data", "folder of everything the node keeps", \.data),
    text("http.host", "address that the console and API listen on", \.http.host),
    number("http.port", "port; 0 for any", 0...65_535, \.http.port),
    number(
      "http.maximumConnections", "open connections", 1...1_000_000, \.http.maximumConnections),
    number(
      "http.maximumConnectionsPerAddress", "open connections of one address", 1...1_000_000,
      \.http.maximumConnectionsPerAddress),
    number(
      "http.requestsPerSecond", "of one principal or address; 0 for no limit", 0...10_000_000,
      \.http.requestsPerSecond),
    optional(
      "http.tls.certificate", "PEM file of the certificate and its chain", \.web.tlsCertificate),
    optional("http.tls.key", "PEM file of its key, mode 0600", \.web.tlsKey),
    flag(
      "http.tls.atProxy", "browsers come by TLS through a proxy on this machine",
      \.web.tlsAtProxy),
    list("http.hostNames", "names that clients may call this node by", \.web.hostNames),
    list(
      "http.trustedProxies", "addresses and ranges whose X-Forwarded-For counts",
      \.web.trustedProxies),
    text("link.host", "address that links listen on", \.link.host),
    number("link.port", "port; 0 for any", 0...65_535, \.link.port),
    number(
      "link.maximumConnections", "open connections", 1...1_000_000, \.link.maximumConnections),
    optional("link.advertised", "host:port that neighbours dial", \.linkAdvertised),
    number(
      "telemetry.retentionDays", "days that readings are kept", 1...36_500,
      \.telemetry.retentionDays),
    number(
      "retention.messageDays", "days that sent and given up messages are kept", 1...36_500,
      \.retention.messageDays),
    number(
      "retention.accessDays", "days that ended tokens and invitations are kept", 1...36_500,
      \.retention.accessDays),
    optional("outbound.smtp.host", "mail server", \.outbound.smtpHost),
    number("outbound.smtp.port", "its port", 1...65_535, \.outbound.smtpPort),
    text("outbound.smtp.security", "none, starttls or tls", \.outbound.smtpSecurity) {
      ["none", "starttls", "tls"].contains($0) ? nil : "must be none, starttls or tls"
    },
    optional("outbound.smtp.user", "login", \.outbound.smtpUser),
    optional(
      "outbound.smtp.passwordFile", "file that holds the password", \.outbound.smtpPasswordFile),
    optional("outbound.smtp.from", "sender's address", \.outbound.smtpFrom),
    list("outbound.smtp.to", "recipients' addresses", \.outbound.smtpTo),
    list(
      "outbound.allow",
      "every host, *.domain, address or range, with or without :port, that may be reached",
      \.outbound.allow),
    number(
      "outbound.unacknowledgedAfter", "seconds before an unacknowledged alarm is sent out",
      1...86_400, \.outbound.unacknowledgedAfter),
    text("log.level", "debug, info, notice, warning or error", \.log.level) {
      ["debug", "info", "notice", "warning", "error"].contains($0)
        ? nil : "must be debug, info, notice, warning or error"
    },
    text("log.format", "text or json", \.log.format) {
      ["text", "json"].contains($0) ? nil : "must be text or json"
    },
    number(
      "access.sessionIdleMinutes", "minutes before an idle session ends", 1...10_080,
      \.access.sessionIdleMinutes),
    number("access.sessionHours", "hours before any session ends", 1...720, \.access.sessionHours),
    flag("access.openMetrics", "/metrics without a credential on loopback", \.access.openMetrics),
    number(
      "access.passwordCost", "base-two logarithm of scrypt's N", 10...20, \.access.passwordCost),
    list("packs", "folders of scenario packs", \.packs),
  ]

  private static func text(
    _ name: String, _ help: String, _ path: any WritableKeyPath<NodeSettings, String> & Sendable,
    check: @escaping @Sendable (String) -> String? = { $0.isEmpty ? "must not be empty" : nil }
  ) -> SettingsKey {
    SettingsKey(name: name, help: help) { text, settings in
      if let fault = check(text) { return fault }
      settings[keyPath: path] = text
      return nil
    }
  }

  private static func optional(
    _ name: String, _ help: String, _ path: any WritableKeyPath<NodeSettings, String?> & Sendable
  ) -> SettingsKey {
    SettingsKey(name: name, help: help) { text, settings in
      settings[keyPath: path] = text.isEmpty ? nil : text
      return nil
    }
  }

  private static func number(
    _ name: String, _ help: String, _ range: ClosedRange<Int>,
    _ path: any WritableKeyPath<NodeSettings, Int> & Sendable
  ) -> SettingsKey {
    SettingsKey(name: name, help: help) { text, settings in
      guard let value = Int(text), range.contains(value) else {
        return "must be a whole number in \(range.lowerBound)...\(range.upperBound)"
      }
      settings[keyPath: path] = value
      return nil
    }
  }

  private static func flag(
    _ name: String, _ help: String, _ path: any WritableKeyPath<NodeSettings, Bool> & Sendable
  ) -> SettingsKey {
    SettingsKey(name: name, help: help) { text, settings in
      guard let value = Bool(text) else { return "must be true or false" }
      settings[keyPath: path] = value
      return nil
    }
  }

  private static func list(
    _ name: String, _ help: String, _ path: any WritableKeyPath<NodeSettings, [String]> & Sendable
  ) -> SettingsKey {
    SettingsKey(
      name: name, help: help,
      apply: { text, settings in
        settings[keyPath: path] = text.split(separator: ",").map {
          String($0.trimming { $0 == " " })
        }
        return nil
      }, isList: true)
  }

  private static func zoneOffset(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes[0] == 0x2B || bytes[0] == 0x2D, bytes[3] == 0x3A,
      let hours = Int(text.dropFirst().prefix(2)), let minutes = Int(text.suffix(2)), hours <= 14,
      minutes < 60
    else { return nil }
    return (hours * 3600 + minutes * 60) * (bytes[0] == 0x2B ? 1 : -1)
  }
}

extension Substring {
  func trimming(_ isTrimmed: (Character) -> Bool) -> Substring {
    var text = drop(while: isTrimmed)
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return text
  }
}
