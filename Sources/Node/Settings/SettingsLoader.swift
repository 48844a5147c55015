public import CityCore
import Outbound
import Web
import Yams

/// Reads settings from their sources and reports every fault at once.
public struct SettingsLoader: Sendable {
  public init() {}

  /// - Parameters:
  ///   - file: name, for messages, and text of the YAML file; nil for none.
  ///   - environment: variables; only those that begin with `CITYBEACON_` are looked at.
  ///   - flags: `key=value`, in the order given.
  /// - Throws: ``Problem`` `configuration` with one fault for each mistake, each naming file, line
  ///   and key, or the variable, or the flag.
  public func load(
    file: (name: String, text: String)?, environment: [String: String], flags: [String]
  ) throws(Problem) -> NodeSettings {
    var settings = NodeSettings()
    var faults: [Problem.Fault] = []
    var lines: [String: Int] = [:]
    if let file { read(file.name, file.text, into: &settings, lines: &lines, faults: &faults) }
    for key in SettingsKey.all {
      guard let value = environment[key.environmentName] else { continue }
      lines[key.name] = nil
      if let reason = key.apply(value, &settings) {
        faults.append(.init(at: key.environmentName, reason: reason))
      }
    }
    for name in environment.keys.sorted()
    where name.hasPrefix("CITYBEACON_") && !Self.reserved.contains(name)
      && !SettingsKey.all.contains(where: { $0.environmentName == name })
    {
      faults.append(.init(at: name, reason: "is not a setting"))
    }
    for flag in flags {
      let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let key = SettingsKey.all.first(where: { $0.name == parts[0] }) else {
        faults.append(.init(at: "--set \(flag)", reason: "is not key=value of a known key"))
        continue
      }
      lines[key.name] = nil
      if let reason = key.apply(String(parts[1]), &settings) {
        faults.append(.init(at: "--set \(parts[0])", reason: reason))
      }
    }
    let name = file?.name ?? "settings"
    // What a variable or a flag has set is named by its key alone.
    check(
      settings, at: { key in lines[key].map { "\(name):\($0): \(key)" } ?? "\(name): \(key)" },
      faults: &faults)
    guard faults.isEmpty else {
      throw Problem(
        .configuration, "\(faults.count) fault\(faults.count == 1 ? "" : "s") in the settings",
        faults: faults)
    }
    return settings
  }

  /// Variables that are not settings.
  private static let reserved: Set<String> = {
    var names: Set<String> = [
      "CITYBEACON_RANK", "CITYBEACON_TOKEN", "CITYBEACON_PASSWORD", "CITYBEACON_BACKUP_KEY",
    ]
    #if DEBUG
      names.insert("CITYBEACON_CRASH_AT")
    #endif
    return names
  }()

  private func check(
    _ settings: NodeSettings, at: (String) -> String, faults: inout [Problem.Fault]
  ) {
    func require(_ missing: Bool, _ key: String) {
      guard missing, !faults.contains(where: { $0.at.hasSuffix(key) }) else { return }
      faults.append(.init(at: at(key), reason: "must be set"))
    }
    require(settings.node.id.isEmpty, "node.id")
    require(settings.node.jurisdiction.isEmpty, "node.jurisdiction")
    require(settings.node.nameZh.isEmpty, "node.name.zh")
    require(settings.node.nameEn.isEmpty, "node.name.en")
    if settings.outbound.smtpHost != nil {
      require(settings.outbound.smtpFrom == nil, "outbound.smtp.from")
      require(settings.outbound.smtpTo.isEmpty, "outbound.smtp.to")
    }
    for address in settings.outbound.allow where (try? AllowList([address])) == nil {
      faults.append(
        .init(
          at: at("outbound.allow"),
          reason: "\(address) is not a host, *.domain, address or range, with or without :port"))
    }
    checkWeb(settings, at: at, faults: &faults)
  }

  private func checkWeb(
    _ settings: NodeSettings, at: (String) -> String, faults: inout [Problem.Fault]
  ) {
    var listener = ListenerSettings()
    listener.host = settings.http.host
    let web = settings.web
    if (web.tlsCertificate == nil) != (web.tlsKey == nil) {
      let missing = web.tlsKey == nil ? "http.tls.key" : "http.tls.certificate"
      faults.append(.init(at: at(missing), reason: "must be set with the other one"))
    }
    if !listener.isLoopback, web.tlsCertificate == nil {
      faults.append(
        .init(
          at: at("http.host"),
          reason: "plain HTTP is for loopback only: set http.tls.certificate and http.tls.key, or"
            + " listen on 127.0.0.1 behind a proxy"))
    }
    for proxy in web.trustedProxies where TrustedProxies([proxy]) == nil {
      faults.append(
        .init(
          at: at("http.trustedProxies"), reason: "\(proxy) is no address and no range"))
    }
  }

  private func read(
    _ name: String, _ text: String, into settings: inout NodeSettings, lines: inout [String: Int],
    faults: inout [Problem.Fault]
  ) {
    do throws(Problem) {
      guard let root = try YAMLText.compose(file: name, text: text) else { return }
      walk(root, path: "", name: name, settings: &settings, lines: &lines, faults: &faults)
    } catch {
      faults += error.faults.isEmpty ? [.init(at: name, reason: error.detail)] : error.faults
    }
  }

  private func walk(
    _ node: Yams.Node, path: String, name: String, settings: inout NodeSettings,
    lines: inout [String: Int], faults: inout [Problem.Fault]
  ) {
    let at = "\(name):\(node.mark?.line ?? 0): \(path.isEmpty ? "(root)" : path)"
    if let key = SettingsKey.all.first(where: { $0.name == path }) {
      lines[path] = node.mark?.line
      let value: String
      switch node {
      case .scalar(let scalar): value = scalar.string
      case .sequence(let sequence) where key.isList:
        let elements = sequence.map { $0.scalar?.string }
        guard elements.allSatisfy({ $0 != nil && $0?.contains(",") == false }) else {
          faults.append(.init(at: at, reason: "must be a list of plain texts"))
          return
        }
        value = elements.compactMap { $0 }.joined(separator: ",")
      case .sequence, .mapping, .alias:
        faults.append(.init(at: at, reason: "must be a single value: \(key.help)"))
        return
      }
      if let reason = key.apply(value, &settings) { faults.append(.init(at: at, reason: reason)) }
      return
    }
    guard case .mapping(let mapping) = node else {
      faults.append(.init(at: at, reason: "is not a setting"))
      return
    }
    guard
      path.isEmpty || SettingsKey.all.contains(where: { $0.name.hasPrefix(path + ".") })
    else {
      faults.append(.init(at: at, reason: "is not a setting"))
      return
    }
    var seen: Set<String> = []
    for (key, value) in mapping {
      guard let part = key.scalar?.string else {
        faults.append(.init(at: at, reason: "has a key that is no text"))
        continue
      }
      let inner = path.isEmpty ? part : path + "." + part
      guard seen.insert(part).inserted else {
        faults.append(.init(at: "\(name):\(key.mark?.line ?? 0): \(inner)", reason: "stands twice"))
        continue
      }
      walk(
        value, path: inner, name: name, settings: &settings, lines: &lines, faults: &faults)
    }
  }
}
