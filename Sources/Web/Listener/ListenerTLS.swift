public import CityCore
import Glibc
import NIOCore
import NIOSSL

/// The certificate that a listener shows, and its key, as PEM files.
public struct ListenerTLS: Sendable {
  private let context: NIOSSLContext

  /// Reads and checks both files: TLS 1.2 or newer, HTTP/1.1.
  /// - Throws: `configuration` naming the file, when it cannot be read, holds no PEM, or the two do
  ///   not belong together, or others may read the key.
  public init(certificates: String, key: String) throws(Problem) {
    var facts = stat()
    guard stat(key, &facts) == 0 else {
      throw Problem(.configuration, "\(key) cannot be read")
    }
    guard facts.st_mode & 0o077 == 0 else {
      throw Problem(.configuration, "\(key) is readable by others: chmod 600 it")
    }
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(certificates) } catch {
      throw Problem(.configuration, "\(certificates) holds no certificates as PEM")
    }
    guard !chain.isEmpty else {
      throw Problem(.configuration, "\(certificates) holds no certificates as PEM")
    }
    let privateKey: NIOSSLPrivateKey
    do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
      throw Problem(.configuration, "\(key) holds no private key as PEM")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    do { context = try NIOSSLContext(configuration: configuration) } catch {
      throw Problem(.configuration, "\(key) is not the key of \(certificates)")
    }
  }

  /// Puts TLS in front of whatever stands in a channel.
  func secure(_ channel: any Channel) throws {
    try channel.pipeline.syncOperations.addHandler(
      NIOSSLServerHandler(context: context), position: .first)
  }
}

extension ListenerSettings {
  /// Serves by TLS.
  public mutating func use(_ tls: ListenerTLS) {
    transport = { channel in try tls.secure(channel) }
    isSecure = true
  }
}
