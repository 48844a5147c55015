import AsyncHTTPClient
import CityCore
import NIOCore
import NIOHTTP1
import NIOSSL

/// Posts one message to one endpoint, once.
struct WebhookSender: Sendable {
  static let usualPorts: Set<Int> = [443]
  /// Bytes of an answer that are read before the rest is left.
  private static let longestAnswer = 64 << 10

  let destinations: OutboundGuard
  let times: OutboundTimes
  let trustRootsPEM: String?
  let group: any EventLoopGroup

  func send(
    _ delivery: Delivery, to target: WebhookTarget, now: UTCTime
  ) async throws(DeliveryFailure) {
    let url = target.url
    let body = try CloudEvent.body(delivery)
    let address = try await destinations.destination(
      host: url.host, port: url.port, usual: Self.usualPorts)
    guard url.isEncrypted || address.isLoopback else {
      throw DeliveryFailure(.refusedHere, "plain HTTP is for loopback only")
    }
    var request = HTTPClientRequest(url: url.description)
    request.method = .POST
    request.headers = [
      "content-type": CloudEvent.mediaType,
      "user-agent": "CityBeacon",
      WebhookSignature.header: WebhookSignature.value(
        body: body, secrets: target.secrets, time: now),
    ]
    request.body = .bytes(ByteBuffer(bytes: body))
    try judge(try await answer(request, host: url.host, address: address))
  }

  private struct Answer {
    let status: Int
    let retryAfter: Int?
  }

  /// A client for one request: it must connect to the address that was checked and to no other, and
  /// must not keep connections that a later change of the allow-list would forbid.
  private func answer(
    _ request: HTTPClientRequest, host: String, address: IPAddress
  ) async throws(DeliveryFailure) -> Answer {
    let client = HTTPClient(
      eventLoopGroupProvider: .shared(group), configuration: try configuration(host, address))
    var outcome: Result<Answer, DeliveryFailure>
    do {
      let response = try await client.execute(request, timeout: times.whole.amount)
      var read = 0
      for try await part in response.body {
        read += part.readableBytes
        if read > Self.longestAnswer { break }
      }
      let wait = response.headers.first(name: "retry-after").flatMap { Int($0) }
      outcome = .success(Answer(status: Int(response.status.code), retryAfter: wait))
    } catch {
      outcome = .failure(Self.failure(error, host))
    }
    try? await client.shutdown()
    return try outcome.get()
  }

  private func configuration(
    _ host: String, _ address: IPAddress
  ) throws(DeliveryFailure) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let pem = trustRootsPEM {
      guard let roots = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)) else {
        throw DeliveryFailure(.refusedHere, "the trusted certificates cannot be read")
      }
      tls.additionalTrustRoots = [.certificates(roots)]
    }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: times.connect.amount, read: times.reply.amount),
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.maximumUsesPerConnection = 1
    if IPAddress(host) == nil { configuration.dnsOverride = [host: address.description] }
    return configuration
  }

  private func judge(_ answer: Answer) throws(DeliveryFailure) {
    switch answer.status {
    case 200..<300: return
    case 300..<400:
      throw DeliveryFailure(.passing, "answered \(answer.status); redirections are not followed")
    case 400, 410, 413, 415, 422:
      throw DeliveryFailure(.unwanted, "answered \(answer.status)")
    default:
      throw DeliveryFailure(
        .passing, "answered \(answer.status)", retryAfter: answer.retryAfter)
    }
  }

  private static func failure(_ error: any Error, _ host: String) -> DeliveryFailure {
    switch error {
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      DeliveryFailure(.passing, "TLS with \(host) failed")
    case let error as HTTPClientError:
      DeliveryFailure(.passing, "\(host) did not answer: \(error.shortDescription)")
    case is CancellationError: DeliveryFailure(.passing, "interrupted")
    default: DeliveryFailure(.passing, "\(host) cannot be reached")
    }
  }
}
