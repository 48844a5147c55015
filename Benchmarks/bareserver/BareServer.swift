import CityJSON
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix

/// What single readings are set against: Hummingbird as it comes, which parses the same bodies with
/// the same parser, drops them and gives the same answer.
@main
struct BareServer {
  static func main() async throws {
    let router = Router()
    router.post("/api/v1/readings") { request, _ in
      let body = try await request.body.collect(upTo: 1 << 20)
      let rows = try body.withUnsafeReadableBytes {
        try JSONReadings.parse($0, ndjson: false, refused: { _ in }, body: { _ in })
      }
      guard rows == 1 else { throw HTTPError(.badRequest) }
      return Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: answer))
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    var logger = Logger(label: "bareserver")
    logger.logLevel = .error
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        print("port \(channel.localAddress?.port ?? 0)")
        // Whoever started us reads it from a file.
        flush()
      }, eventLoopGroupProvider: .shared(group), logger: logger)
    try await application.runService()
  }

  private static let answer = ByteBuffer(
    string: #"{"accepted":1,"duplicates":0,"rejected":[]}"#)
}
