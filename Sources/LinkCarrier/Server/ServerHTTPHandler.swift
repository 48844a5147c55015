import CityCore
import Logging
import NIOCore
import NIOHTTP1

/// The HTTP face of a link port: joins and renewals, and a clear refusal for everything else. One
/// request for each connection.
final class ServerHTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Route {
    case join
    case renew(PeerIdentity)
  }

  private enum State {
    case waiting
    case body(Route, [UInt8])
    case answered
  }

  private let server: ServerShared
  private let authority: Digest32
  private let deadline: Deadline
  private var state = State.waiting
  /// Why the upgrader, which stands before us, refused the request that comes next.
  private var upgradeRefusal: Problem?

  init(server: ServerShared, authority: Digest32, deadline: Deadline) {
    self.server = server
    self.authority = authority
    self.deadline = deadline
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      guard case .waiting = state else { return }
      do throws(Problem) {
        let route = try route(head, context)
        deadline.extend(context.channel, to: server.core.limits.request.amount)
        state = .body(route, [])
      } catch {
        refuse(error, context)
      }
    case .body(let buffer):
      guard case .body(let route, var bytes) = state else { return }
      // Taken out while it grows, so that it is not copied for every part.
      state = .answered
      guard bytes.count + buffer.readableBytes <= server.core.limits.requestBody else {
        refuse(tooLarge, context)
        return
      }
      bytes.append(contentsOf: buffer.readableBytesView)
      state = .body(route, bytes)
    case .end:
      guard case .body(let route, let bytes) = state else { return }
      state = .answered
      handle(route, bytes, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let problem = error as? Problem {
      upgradeRefusal = problem
      return
    }
    server.core.logger.debug("connection to the link port failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  private var tooLarge: Problem {
    Problem(.tooLarge, "a body here has at most \(server.core.limits.requestBody) bytes")
  }

  private func route(
    _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) throws(Problem) -> Route {
    if let upgradeRefusal { throw upgradeRefusal }
    switch head.uri {
    case WebSocketUpgrade.path:
      throw Problem(.refused, "this is a WebSocket; ask for an upgrade")
    case JoinMessages.joinPath, JoinMessages.renewPath:
      guard head.method == .POST else { throw Problem(.methodNotAllowed, "POST it") }
      let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
      guard length <= server.core.limits.requestBody else { throw tooLarge }
      guard head.uri == JoinMessages.renewPath else { return .join }
      return .renew(try server.core.admit(context.channel, authority: authority))
    default:
      // Who is nobody yet learns nothing about what is here.
      throw Problem(.notFound, "nothing is served there")
    }
  }

  private func handle(_ route: Route, _ body: [UInt8], _ context: ChannelHandlerContext) {
    let address = context.channel.remoteAddress?.ipAddress ?? "unknown"
    let answer = context.eventLoop.makePromise(of: [UInt8].self)
    let server = server
    answer.completeWithTask {
      switch route {
      case .join: try await server.join(body, from: address)
      case .renew(let peer): try await server.renew(peer, body)
      }
    }
    answer.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let bytes):
        self.answer(.ok, "application/json", bytes, retryAfter: nil, context)
      case .failure(let error):
        let unforeseen = Problem(.internalFault, "the request could not be served")
        self.refuse(error as? Problem ?? unforeseen, context)
      }
    }
  }

  private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
    LinkMetrics.shared.refused(problem.code.name)
    state = .answered
    answer(
      HTTPResponseStatus(statusCode: problem.code.status), ProblemBody.mediaType,
      ProblemBody.bytes(problem), retryAfter: problem.retryAfter, context)
  }

  private func answer(
    _ status: HTTPResponseStatus, _ type: String, _ body: [UInt8], retryAfter: Int?,
    _ context: ChannelHandlerContext
  ) {
    var headers: HTTPHeaders = [
      "content-type": type, "content-length": "\(body.count)", "connection": "close",
      "cache-control": "no-store",
    ]
    if let retryAfter { headers.add(name: "retry-after", value: "\(retryAfter)") }
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    let written = context.eventLoop.makePromise(of: Void.self)
    let bound = context.loopBound
    written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
  }
}
