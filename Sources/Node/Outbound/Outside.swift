import CityCore
import FoundationEssentials
import Journal
import Logging
import NIOPosix
import Operations
import Outbound

/// The way out of the building: webhooks and mail, each worked off by itself, so that a slow receiver
/// of the one does not hold up the other.
struct Outside: Sendable {
  let allowList: AllowList
  let secrets: WebhookSecrets
  private let webhooks: WebhookDeliveries
  private let webhookWorker: DeliveryWorker
  /// Nil when this node sends no mail.
  private let mailWorker: DeliveryWorker?

  /// - Throws: ``Problem`` `configuration`, naming the setting.
  init(
    _ settings: NodeSettings.Outbound, masterKey: [UInt8], engine: CommandEngine,
    clock: any Clock64, group: MultiThreadedEventLoopGroup, logger: Logger
  ) throws(Problem) {
    allowList = try AllowList(settings.allow)
    secrets = try WebhookSecrets(masterKey: masterKey)
    let mail = try Self.mail(settings, allowList)
    let outbound = OutboundSettings(allowList: allowList, smtp: mail?.server)
    let service = OutboundService(settings: outbound, group: group, logger: logger)
    webhooks = WebhookDeliveries(engine: engine, secrets: secrets, logger: logger)
    webhookWorker = DeliveryWorker(service: service, store: webhooks, clock: clock)
    mailWorker = mail.map { mail in
      DeliveryWorker(
        service: service,
        store: MailDeliveries(
          engine: engine, target: mail.target, longestWait: outbound.retry.giveUp),
        clock: clock)
    }
  }

  /// Works until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await webhookWorker.run() }
      if let mailWorker { tasks.addTask { await mailWorker.run() } }
    }
  }

  /// Events became durable. Cheap: it is called on the writer thread.
  func wake(_ events: [PositionedEvent]) {
    webhookWorker.wake()
    // A new alarm comes with such an event, or within seconds.
    if events.contains(where: { $0.event.kind.hasSuffix(".outboundRequired") }) {
      mailWorker?.wake()
    }
  }

  /// The webhooks were changed.
  func webhooksChanged() {
    webhooks.changed()
    webhookWorker.wake()
  }

  func desk(_ city: CityNode) -> WebhookDesk {
    WebhookDesk(
      city: city, allowList: allowList, secrets: secrets, changed: { webhooksChanged() },
      rewinding: { webhooks.forget($0) })
  }

  // MARK: - Settings

  private static func mail(
    _ settings: NodeSettings.Outbound, _ allowList: AllowList
  ) throws(Problem) -> (server: SMTPSettings, target: MailTarget)? {
    guard let host = settings.smtpHost else { return nil }
    guard let security = SMTPSettings.Security(rawValue: settings.smtpSecurity) else {
      throw Problem(
        .configuration, "outbound.smtp.security must be none, starttls or tls")
    }
    let server = try SMTPSettings(
      host: host, port: settings.smtpPort, security: security, username: settings.smtpUser,
      password: try settings.smtpPasswordFile.map { path throws(Problem) in
        try password(path)
      }, sender: try MailAddress(settings.smtpFrom ?? ""))
    guard allowList.permits(host: server.host, port: server.port, usual: []) else {
      throw Problem(
        .configuration, "outbound.allow must list the mail server \(server.host):\(server.port)")
    }
    var recipients: [MailAddress] = []
    for address in settings.smtpTo { recipients.append(try MailAddress(address)) }
    return (server, try MailTarget(recipients: recipients))
  }

  /// The first line of a file that nobody else may read.
  private static func password(_ path: String) throws(Problem) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let mode = attributes?[.posixPermissions] as? Int,
      let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else { throw Problem(.configuration, "outbound.smtp.passwordFile: \(path) cannot be read") }
    guard mode & 0o077 == 0 else {
      throw Problem(
        .configuration, "outbound.smtp.passwordFile: \(path) is readable by others: chmod 600 it")
    }
    return String(text.prefix { !$0.isNewline })
  }
}
