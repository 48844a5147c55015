public import CityCore
import Web

extension NodeSettings {
  /// Takes over what the settings say of TLS, names and proxies.
  /// - Throws: ``Problem`` `configuration` naming the file that cannot be used.
  func apply(to listener: inout ListenerSettings) throws(Problem) {
    if let certificate = web.tlsCertificate, let key = web.tlsKey {
      listener.use(try ListenerTLS(certificates: certificate, key: key))
    } else {
      listener.isSecure = web.tlsAtProxy
    }
    listener.hostNames = web.hostNames.map { $0.lowercased() }
    guard let proxies = TrustedProxies(web.trustedProxies) else {
      throw Problem(.configuration, "http.trustedProxies holds what is no address and no range")
    }
    listener.trustedProxies = proxies
  }

  /// Opens the files that the settings name, as starting does.
  /// - Throws: ``Problem`` `configuration`.
  public func checkFiles() throws(Problem) {
    var listener = ListenerSettings()
    listener.host = http.host
    try apply(to: &listener)
    try listener.validate()
  }
}
