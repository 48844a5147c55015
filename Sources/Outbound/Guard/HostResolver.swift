import CityCore
import Glibc
import NIOPosix

/// Turns names into addresses.
public protocol HostResolver: Sendable {
  /// - Returns: In the order of preference; empty when the name leads nowhere.
  func addresses(of host: String) async -> [IPAddress]
}

/// The operating system's resolver, off the event loops.
public struct SystemResolver: HostResolver {
  public init() {}

  public func addresses(of host: String) async -> [IPAddress] {
    if let literal = IPAddress(host) { return [literal] }
    let found = try? await NIOThreadPool.singleton.runIfActive { Self.lookUp(host) }
    return found ?? []
  }

  private static func lookUp(_ host: String) -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ai_addr.flatMap({ self.address($0, family: entry.ai_family) }),
        !addresses.contains(address)
      {
        addresses.append(address)
      }
      next = entry.ai_next
    }
    return addresses
  }

  private static func address(
    _ pointer: UnsafeMutablePointer<sockaddr>, family: Int32
  ) -> IPAddress? {
    switch family {
    case AF_INET:
      pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
        withUnsafeBytes(of: socket.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
      }
    case AF_INET6:
      pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { socket in
        withUnsafeBytes(of: socket.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
      }
    default: nil
    }
  }
}

/// The one gate through which everything leaves: allow-list first, then the name is resolved once,
/// then the addresses are checked; what comes out is connected to, and the name is not asked again.
struct OutboundGuard: Sendable {
  let allowList: AllowList
  let resolver: any HostResolver

  /// - Throws: A failure that stays until somebody changes the settings when the destination is not
  ///   allowed, a passing one when the name does not resolve.
  func destination(
    host: String, port: Int, usual: Set<Int>
  ) async throws(DeliveryFailure) -> IPAddress {
    guard allowList.permits(host: host, port: port, usual: usual) else {
      throw DeliveryFailure(.refusedHere, "\(host):\(port) is not on the allow-list")
    }
    let addresses = await resolver.addresses(of: host)
    guard !addresses.isEmpty else {
      throw DeliveryFailure(.passing, "\(host) has no address")
    }
    guard let address = addresses.first(where: { allowList.permits($0, port: port, usual: usual) })
    else {
      throw DeliveryFailure(
        .refusedHere, "\(host) leads to \(addresses[0]), which is not public and not listed")
    }
    return address
  }
}
