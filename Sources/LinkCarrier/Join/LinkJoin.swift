public import CityCore
public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The child's side of joining and renewing.
public enum LinkJoin {
  /// Asks the inviting parent for a certificate. Repeat it with the same `key` and `request` until
  /// it answers: the parent gives the same answer again.
  /// - Parameters:
  ///   - key: A name, chosen once for this join.
  ///   - node: What this node says of itself: one JSON value.
  /// - Returns: The identity to dial with, who the parent is, and what it says of itself.
  /// - Throws: `link-refused` when the other end is not the one that invited, or does not accept;
  ///   `refused` when the invitation has expired; `unavailable` when it cannot be reached.
  public static func join(
    _ invitation: Invitation, key: String, request: CertificateRequest, node: [UInt8],
    now: UTCTime, group: any EventLoopGroup, limits: LinkLimits = LinkLimits()
  ) async throws(Problem) -> (identity: NodeIdentity, parent: NodeID, grant: JoinGrant) {
    guard now < invitation.expires else {
      throw Problem(.refused, "the invitation expired at \(invitation.expires)")
    }
    let context = try LinkTLS.joining()
    let pin = PinnedAuthority(pin: invitation.caSHA256)
    let body = try JoinMessages.join(
      invitation: invitation, key: key, csrPEM: request.csrPEM, node: node)
    let answer = try await LinkRequest.post(
      body, to: invitation.address, path: JoinMessages.joinPath, group: group, limits: limits,
      refusal: { pin.problem },
      tls: {
        try NIOSSLClientHandler(
          context: context, serverHostname: nil,
          customVerificationCallback: { pin.verify($0, $1) })
      })
    let grant = try JoinMessages.readGrant(answer.body)
    let identity = try NodeIdentity(request: request, chainPEM: grant.chainPEM)
    guard identity.certificate.caFingerprint == invitation.caSHA256 else {
      throw Problem(.linkRefused, "the certificate is of another authority than the invitation's")
    }
    guard let parent = answer.peer else {
      throw Problem(.linkRefused, "the other end showed no certificate")
    }
    return (identity, parent, grant)
  }

  /// Asks the parent for the next certificate, with the present one.
  /// - Throws: `link-refused` when it is revoked, `unavailable` when the parent cannot be reached.
  public static func renew(
    _ identity: NodeIdentity, request: CertificateRequest, at address: LinkAddress,
    parent: NodeID, group: any EventLoopGroup, limits: LinkLimits = LinkLimits()
  ) async throws(Problem) -> NodeIdentity {
    let context = try LinkTLS.dialling(identity)
    let answer = try await LinkRequest.post(
      try JoinMessages.renew(csrPEM: request.csrPEM), to: address, path: JoinMessages.renewPath,
      group: group, limits: limits, refusal: { nil },
      tls: { try NIOSSLClientHandler(context: context, serverHostname: nil) })
    let next = try NodeIdentity(
      request: request, chainPEM: try JoinMessages.readRenewed(answer.body))
    guard answer.peer == parent, next.node == identity.node,
      next.certificate.caFingerprint == identity.certificate.caFingerprint
    else { throw Problem(.linkRefused, "the renewed certificate is not for this node and parent") }
    return next
  }
}

/// One HTTPS request on a connection of its own.
enum LinkRequest {
  struct Answer: Sendable {
    let body: [UInt8]
    /// Who answered, as its certificate says.
    let peer: NodeID?
  }

  /// - Parameter refusal: Why our own check of the certificate failed, if it did.
  static func post(
    _ body: [UInt8], to address: LinkAddress, path: String, group: any EventLoopGroup,
    limits: LinkLimits, refusal: @Sendable () -> Problem?,
    tls: @escaping @Sendable () throws -> NIOSSLClientHandler
  ) async throws(Problem) -> Answer {
    let loop = group.next()
    let outcome = loop.makePromise(of: Answer.self)
    let host = address.description
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(limits.handshake.amount)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(Deadline(limits.request.amount))
          try pipeline.addHandler(try tls())
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(
            PostHandler(host: host, path: path, body: body, outcome: outcome))
        }
      }
    do {
      let channel = try await bootstrap.connect(host: address.host, port: address.port).get()
      channel.closeFuture.whenComplete { _ in
        outcome.fail(Problem(.unavailable, "\(address) closed the connection"))
      }
      return try await outcome.futureResult.get()
    } catch {
      outcome.fail(error)
      throw refusal() ?? LinkDialer.problem(error, address)
    }
  }
}

private final class PostHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart
  private static let longestAnswer = 128 << 10

  private let host: String
  private let path: String
  private let body: [UInt8]
  private let outcome: EventLoopPromise<LinkRequest.Answer>
  private var status = 502
  private var answer: [UInt8] = []

  init(
    host: String, path: String, body: [UInt8], outcome: EventLoopPromise<LinkRequest.Answer>
  ) {
    self.host = host
    self.path = path
    self.body = body
    self.outcome = outcome
  }

  /// Written now, sent when TLS has verified the other end: the secret never leaves before.
  func channelActive(context: ChannelHandlerContext) {
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
    head.headers = [
      "host": host, "content-type": "application/json", "content-length": "\(body.count)",
      "connection": "close",
    ]
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): status = Int(head.status.code)
    case .body(let buffer):
      guard answer.count + buffer.readableBytes <= Self.longestAnswer else {
        outcome.fail(Problem(.tooLarge, "the answer is over \(Self.longestAnswer) bytes"))
        context.close(promise: nil)
        return
      }
      answer.append(contentsOf: buffer.readableBytesView)
    case .end:
      if status == 200 {
        // The authority was checked by TLS; here only the name counts.
        let peer = try? LinkTLS.peer(of: context.channel, authority: .zero)
        outcome.succeed(LinkRequest.Answer(body: answer, peer: peer?.node))
      } else {
        outcome.fail(ProblemBody.problem(status: status, body: answer))
      }
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    outcome.fail(error)
    context.close(promise: nil)
  }
}
