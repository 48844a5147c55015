import CityCore
import Crypto
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The opening handshake of RFC 6455, both ends. Own upgraders rather than NIO's, because theirs
/// bring a frame encoder that writes every small message on its own.
enum WebSocketUpgrade {
  static let path = "/link/v1"
  static let token = "websocket"

  /// What the server answers to a client's key (RFC 6455 section 4.2.2).
  static func accept(_ key: String) -> String {
    let digest = Insecure.SHA1.hash(
      data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
    return Data(digest).base64EncodedString()
  }

  /// Sixteen random bytes.
  static func newKey() -> String {
    var random = SystemRandom()
    return Data(random.bytes(16)).base64EncodedString()
  }

  /// The handlers of an open link, behind whatever carries the bytes.
  static func open(
    _ channel: any Channel, peer: PeerIdentity, side: LinkConnection.Side, core: LinkCore
  ) throws {
    let meter = InboundMeter(channel.eventLoop)
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(meter)
    try pipeline.addHandler(
      ByteToMessageHandler(
        WebSocketFrameDecoder(maxFrameSize: max(core.limits.textFrame, core.limits.binaryFrame))))
    try pipeline.addHandler(
      LinkChannelHandler(
        peer: peer, side: side, handler: core.handler, limits: core.limits, meter: meter,
        registry: core.registry, logger: core.logger))
  }
}

/// What every connection of one server or dialler shares.
struct LinkCore: Sendable {
  let handler: any LinkHandler
  let limits: LinkLimits
  let registry: ConnectionRegistry
  let logger: Logger

  /// Who the other end is and that it may be here.
  func admit(_ channel: any Channel, authority: Digest32) throws(Problem) -> PeerIdentity {
    let peer = try LinkTLS.peer(of: channel, authority: authority)
    if let problem = handler.admits(peer) { throw problem }
    return peer
  }
}

/// The accepting end.
struct LinkServerUpgrader: HTTPServerProtocolUpgrader, Sendable {
  let supportedProtocol = WebSocketUpgrade.token
  let requiredUpgradeHeaders: [String] = []
  let core: LinkCore
  let authority: Digest32

  func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    channel.eventLoop.makeCompletedFuture {
      guard upgradeRequest.uri == WebSocketUpgrade.path, upgradeRequest.method == .GET else {
        throw Problem(.notFound, "no link is served there")
      }
      _ = try core.admit(channel, authority: authority)
      let keys = upgradeRequest.headers[canonicalForm: "sec-websocket-key"]
      guard upgradeRequest.headers[canonicalForm: "sec-websocket-version"] == ["13"],
        keys.count == 1, let key = keys.first, key.utf8.count <= 64
      else { throw Problem(.malformed, "this is no WebSocket handshake of version 13") }
      var headers = initialResponseHeaders
      headers.replaceOrAdd(name: "upgrade", value: WebSocketUpgrade.token)
      headers.replaceOrAdd(name: "connection", value: "upgrade")
      headers.add(name: "sec-websocket-accept", value: WebSocketUpgrade.accept(String(key)))
      return headers
    }
  }

  func upgrade(
    context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead
  ) -> EventLoopFuture<Void> {
    context.eventLoop.makeCompletedFuture {
      let channel = context.channel
      let peer = try core.admit(channel, authority: authority)
      try channel.pipeline.syncOperations.handler(type: Deadline.self).cancel()
      try WebSocketUpgrade.open(channel, peer: peer, side: .accepted, core: core)
    }
  }
}

/// The dialling end.
struct LinkClientUpgrader: NIOHTTPClientProtocolUpgrader, Sendable {
  let supportedProtocol = WebSocketUpgrade.token
  let requiredUpgradeHeaders: [String] = []
  let key = WebSocketUpgrade.newKey()
  let core: LinkCore
  let authority: Digest32
  let parent: NodeID
  let outcome: EventLoopPromise<Void>

  func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
    upgradeRequestHeaders.add(name: "sec-websocket-key", value: key)
    upgradeRequestHeaders.add(name: "sec-websocket-version", value: "13")
  }

  func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
    upgradeResponse.headers["sec-websocket-accept"] == [WebSocketUpgrade.accept(key)]
  }

  func upgrade(
    context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    let channel = context.channel
    do {
      let peer = try core.admit(channel, authority: authority)
      guard peer.node == parent else {
        throw Problem(.linkRefused, "there is \(peer.node), not \(parent)")
      }
      try channel.pipeline.syncOperations.handler(type: Deadline.self).cancel()
      try WebSocketUpgrade.open(channel, peer: peer, side: .dialled, core: core)
      outcome.succeed()
      return context.eventLoop.makeSucceededVoidFuture()
    } catch {
      outcome.fail(error)
      channel.close(promise: nil)
      return context.eventLoop.makeFailedFuture(error)
    }
  }
}
