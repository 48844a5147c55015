public import CityCore

/// Everything that is set before a node starts. Read from a YAML file, then the environment, then
/// flags; each later source wins. What may change while it runs lies in packs and documents.
public struct NodeSettings: Sendable, Hashable {
  public var node = Identity()
  /// The folder of everything this node keeps.
  public var data = "data"
  public var http = Listener(port: 7400)
  public var web = Web()
  public var link = Listener(port: 7401)
  /// What neighbours dial, `host:port`; by default the link listener's own address.
  public var linkAdvertised: String?
  public var telemetry = Telemetry()
  public var retention = Retention()
  public var outbound = Outbound()
  public var log = Log()
  public var access = AccessSettings()
  /// Folders of scenario packs that are applied at start when they are new.
  public var packs: [String] = []

  public struct Identity: Sendable, Hashable {
    public var id = ""
    public var level = Level.street
    public var nameZh = ""
    public var nameEn = ""
    public var jurisdiction = ""
    public var department = false
    /// Seconds east of UTC.
    public var zoneOffset = 8 * 3600
    /// Escalated and delegated cases are accepted by the node itself.
    public var acceptsOffers = false
  }

  public struct Listener: Sendable, Hashable {
    public var host = "127.0.0.1"
    /// 0 for any free one; `ports.json` in the data folder tells which.
    public var port: Int
    public var maximumConnections = 4_096
    public var maximumConnectionsPerAddress = 1_024
    /// Requests a second of one principal or address; 0 for no limit.
    public var requestsPerSecond = 50_000
  }

  /// How the console and the API are reached; keys `http.…`.
  public struct Web: Sendable, Hashable {
    /// PEM files: the certificate with its chain, and its key, which its owner alone may read.
    public var tlsCertificate: String?
    public var tlsKey: String?
    /// Browsers come by TLS, through a proxy on this machine.
    public var tlsAtProxy = false
    /// Names in `Host`, beside `localhost` and literal addresses.
    public var hostNames: [String] = []
    /// Addresses and ranges whose `X-Forwarded-For` counts.
    public var trustedProxies: [String] = []
  }

  public struct Telemetry: Sendable, Hashable {
    /// Days that readings are kept.
    public var retentionDays = 400
  }

  /// How long what nobody needs any more is still kept.
  public struct Retention: Sendable, Hashable {
    /// Days of messages that were sent or given up.
    public var messageDays = 90
    /// Days of tokens and invitations after they ended.
    public var accessDays = 30
  }

  public struct Outbound: Sendable, Hashable {
    public var smtpHost: String?
    public var smtpPort = 587
    /// `none`, `starttls`, `tls`.
    public var smtpSecurity = "starttls"
    public var smtpUser: String?
    /// A file that holds the password and nothing else.
    public var smtpPasswordFile: String?
    public var smtpFrom: String?
    /// Who is told of unacknowledged red and orange orders and warnings.
    public var smtpTo: [String] = []
    /// Everything that this node may reach from the inside: `hooks.example.org`, `*.example.org`,
    /// `10.1.2.3:2525`, `10.0.0.0/8`, `[fd00::1]`. What is not listed is refused; an address that is
    /// not public must itself be listed, by number.
    public var allow: [String] = []
    /// Seconds without an acknowledgement after which a red or orange order or warning is sent out.
    public var unacknowledgedAfter = 120
  }

  public struct Log: Sendable, Hashable {
    /// `debug`, `info`, `notice`, `warning`, `error`.
    public var level = "info"
    /// `json` or `text`.
    public var format = "text"
  }

  public struct AccessSettings: Sendable, Hashable {
    /// Minutes without a request after which a session ends.
    public var sessionIdleMinutes = 60
    public var sessionHours = 12
    /// `/metrics` needs no credential when the listener is bound to loopback.
    public var openMetrics = false
    /// CPU cost of a password: the base-two logarithm of scrypt's N.
    public var passwordCost = 15
  }

  public init() {}
}
