public import CityCore
public import Logging
import Metrics
public import NIOCore

/// Sends messages out of the federation, by signed webhook and by mail, to who is on the allow-list
/// and to nobody else.
public struct OutboundService: Sendable {
  let settings: OutboundSettings
  let logger: Logger
  private let destinations: OutboundGuard
  private let group: any EventLoopGroup

  public init(
    settings: OutboundSettings, resolver: any HostResolver = SystemResolver(),
    group: any EventLoopGroup, logger: Logger
  ) {
    self.settings = settings
    self.group = group
    self.logger = logger
    destinations = OutboundGuard(allowList: settings.allowList, resolver: resolver)
  }

  /// Tries once. Returns when the other end has taken the message.
  /// - Throws: ``DeliveryFailure``; the message may have arrived all the same, which is why its id
  ///   stays the same when it is tried again.
  public func deliver(_ delivery: Delivery, now: UTCTime) async throws(DeliveryFailure) {
    switch delivery.target {
    case .webhook(let target):
      let sender = WebhookSender(
        destinations: destinations, times: settings.times, trustRootsPEM: settings.trustRootsPEM,
        group: group)
      try await sender.send(delivery, to: target, now: now)
    case .mail(let target):
      try await mail(delivery, to: target, now: now)
    }
  }

  private func mail(
    _ delivery: Delivery, to target: MailTarget, now: UTCTime
  ) async throws(DeliveryFailure) {
    guard let smtp = settings.smtp else {
      throw DeliveryFailure(.refusedHere, "this node has no mail server")
    }
    let mail = try MailComposer.bytes(
      delivery.message, endpoint: delivery.endpoint, from: smtp.sender, to: target.recipients,
      now: now)
    let client = SMTPClient(
      settings: smtp, destinations: destinations, times: settings.times,
      trustRootsPEM: settings.trustRootsPEM, group: group)
    let refused = try await client.send(mail, to: target.recipients)
    if !refused.isEmpty {
      logger.warning(
        "the mail server did not want every recipient",
        metadata: ["endpoint": "\(delivery.endpoint)", "refused": "\(refused.count)"])
    }
  }

  /// Counts an outcome; `kind` is `delivered` or a kind of failure.
  static func count(_ target: OutboundTarget, _ kind: String) {
    let channel =
      switch target {
      case .webhook: "webhook"
      case .mail: "mail"
      }
    Counter(
      label: "citybeacon_outbound_total", dimensions: [("channel", channel), ("outcome", kind)]
    ).increment()
  }
}
