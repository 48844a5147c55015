public import CityCore
public import CoreMetrics
public import Logging
public import NIOCore
public import NIOPosix

/// What a web server is given.
public struct WebServices: Sendable {
  public var authenticator: any Authenticator
  public var clock: any Clock64
  public var requestIDs: any RequestIDSource
  public var events: EventHub
  public var metrics: any MetricsFactory
  public var logger: Logger
  public var eventLoops: any EventLoopGroup
  /// The log says every request, at `debug`.
  public var logsRequests = false

  public init(
    authenticator: any Authenticator, clock: any Clock64, requestIDs: any RequestIDSource,
    events: EventHub, metrics: any MetricsFactory, logger: Logger,
    eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) {
    self.authenticator = authenticator
    self.clock = clock
    self.requestIDs = requestIDs
    self.events = events
    self.metrics = metrics
    self.logger = logger
    self.eventLoops = eventLoops
  }
}
