/// What the rules allow: the rows that people decide upon. A row goes when its reason goes.
struct Charter: Codable, Sendable {
  /// Edges between targets of one rank: target → what it may stand on.
  var edges: [String: [String]] = [:]
  /// The composition root, which alone knows the targets of the rank below it.
  var compositionRoot: String?
  /// Products of other packages by target; `*` at the end stands for any ending.
  var libraries: [String: [String]] = [:]
  /// Modules of a product whose name is not the product's.
  var modules: [String: [String]] = [:]
  /// Modules of the toolchain that pure targets may import, by target; `*` stands for every one.
  var pureModules: [String: [String]] = [:]
  /// Lines of one file.
  var fileLength = 700
  /// Files that are longer, with their length: it may shrink, never grow.
  var longFiles: [String: Int] = [:]
  /// Targets of tests that mirror no target.
  var freeTests: [String] = []
  /// Shipped targets that other suites test.
  var testedElsewhere: [String] = []
  /// Pure files that keep a cache under a lock: it changes how fast they answer, never what.
  var caches: [String] = []
  /// Files that may use the system's generator.
  var randomSources: [String] = []
  /// Documents with a table of the targets (`| rank | target |`).
  var tables: [String] = []
  /// Documents whose type and file names must be there.
  var namingDocuments: [String] = []
  /// Types of others that these documents name.
  var foreignNames: [String] = []
  /// The document that describes each target under a heading of its name.
  var codeMap: String?
  /// The document that explains each rule under its anchor.
  var style: String?
  var changelog: String?
  /// The enum of named crash points, and the document with a row for each.
  var crashPointFile: String?
  var crashPointDocument: String?
  /// Generated blocks that the tests of a target write and compare.
  var blocksElsewhere: [String] = []

  static let cityBeacon = Charter(
    edges: ["HTTPAPI": ["Web"], "Console": ["Web"]],
    compositionRoot: "Node",
    libraries: [
      "CityJSON": ["CSimdjson"],
      "Journal": ["Crypto"],
      "Access": ["Crypto", "CryptoExtras"],
      "Operations": ["Logging", "Metrics"],
      "Web": ["Hummingbird*", "NIO*", "HTTPTypes", "Logging", "Metrics", "CZlib"],
      "HTTPAPI": ["Hummingbird*", "HTTPTypes", "NIOCore", "Logging"],
      "Console": ["Hummingbird*", "HTTPTypes", "NIOCore", "Mustache", "Logging"],
      "LinkCarrier": ["NIO*", "X509", "SwiftASN1", "Crypto", "CryptoExtras", "Logging", "Metrics"],
      "Outbound": ["AsyncHTTPClient", "NIO*", "Crypto", "Logging", "Metrics"],
      "StoreSQLite": ["GRDB", "GRDBSQLite"],
      "Node": [
        "Yams", "Logging", "Metrics", "ServiceLifecycle", "UnixSignals", "Crypto", "NIO*",
      ],
      "citybeacon": ["ArgumentParser", "AsyncHTTPClient", "NIO*", "Logging"],
    ],
    modules: ["Hummingbird": ["HummingbirdCore"], "Metrics": ["CoreMetrics"]],
    pureModules: [
      "*": ["FoundationEssentials"], "Geo": ["Glibc"], "CityJSON": ["Synchronization"],
    ],
    freeTests: ["ArchitectureTests", "FuzzTests", "SimulatorTests"],
    testedElsewhere: ["citybeacon"],
    caches: ["Sources/CityJSON/ParserPool.swift"],
    randomSources: ["Sources/CityCore/Sources.swift"],
    tables: ["README.md", "README.zh-CN.md", "ARCHITECTURE.md"],
    namingDocuments: ["ARCHITECTURE.md", "docs/vocabulary.md"],
    foreignNames: ["Mutex"],
    codeMap: "ARCHITECTURE.md",
    style: "STYLE.md",
    changelog: "CHANGELOG.md",
    crashPointFile: "Sources/Operations/Engine/CrashPoint.swift",
    crashPointDocument: "docs/failures.md",
    blocksElsewhere: [
      "case diagram", "case table", "hand-over", "permissions", "release policy", "settings",
    ])
}

extension Charter {
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func value<T: Decodable>(_ key: CodingKeys, or fallback: T) throws -> T {
      try container.decodeIfPresent(T.self, forKey: key) ?? fallback
    }
    self.init()
    edges = try value(.edges, or: edges)
    compositionRoot = try value(.compositionRoot, or: compositionRoot)
    libraries = try value(.libraries, or: libraries)
    modules = try value(.modules, or: modules)
    pureModules = try value(.pureModules, or: pureModules)
    fileLength = try value(.fileLength, or: fileLength)
    longFiles = try value(.longFiles, or: longFiles)
    freeTests = try value(.freeTests, or: freeTests)
    testedElsewhere = try value(.testedElsewhere, or: testedElsewhere)
    caches = try value(.caches, or: caches)
    randomSources = try value(.randomSources, or: randomSources)
    tables = try value(.tables, or: tables)
    namingDocuments = try value(.namingDocuments, or: namingDocuments)
    foreignNames = try value(.foreignNames, or: foreignNames)
    codeMap = try value(.codeMap, or: codeMap)
    style = try value(.style, or: style)
    changelog = try value(.changelog, or: changelog)
    crashPointFile = try container.decodeIfPresent(String.self, forKey: .crashPointFile)
    crashPointDocument = try container.decodeIfPresent(String.self, forKey: .crashPointDocument)
    blocksElsewhere = try value(.blocksElsewhere, or: blocksElsewhere)
  }
}
