// swift-tools-version: 6.2
import Foundation
import PackageDescription

// MARK: - The ranks, as data
//
// A target imports only targets of a lower rank, plus the edges named here. The same table is
// read by `Tests/ArchitectureTests`, which also checks what the files really import.
// ARCHITECTURE.md#ranks explains each row.
//
// SwiftPM caches what this file evaluates to by its text and environment: nothing here may depend
// on which files exist.

/// One target of the package, with its rank and what it may stand on.
struct Room {
  let name: String
  let rank: Int
  /// A command instead of a library.
  var isProgram = false
  /// Targets of this package, of lower rank.
  var uses: [String] = []
  /// Named exceptions: targets of the same rank.
  var edges: [String] = []
  /// Products of other packages.
  var products: [Target.Dependency] = []
  var resources: [Resource] = []
  /// Its tests stand on the test kit, and so on everything up to rank 3.
  var isTestedWithKit: Bool { rank >= 3 || ["Journal", "Linkage"].contains(name) }
}

func product(_ name: String, _ package: String) -> Target.Dependency {
  .product(name: name, package: package)
}

let crypto = product("Crypto", "swift-crypto")
let cryptoExtras = product("CryptoExtras", "swift-crypto")
let logging = product("Logging", "swift-log")
let metrics = product("Metrics", "swift-metrics")
let hummingbird = product("Hummingbird", "hummingbird")
let nioCore = product("NIOCore", "swift-nio")
let nioPosix = product("NIOPosix", "swift-nio")
let nioHTTP1 = product("NIOHTTP1", "swift-nio")
let nioWebSocket = product("NIOWebSocket", "swift-nio")
let nioFoundation = product("NIOFoundationCompat", "swift-nio")
let nioSSL = product("NIOSSL", "swift-nio-ssl")
let x509 = product("X509", "swift-certificates")
let asn1 = product("SwiftASN1", "swift-asn1")
let httpTypes = product("HTTPTypes", "swift-http-types")

let rooms: [Room] = [
  Room(name: "CityCore", rank: 0),
  Room(name: "CityJSON", rank: 0, products: ["CSimdjson"]),
  Room(name: "Geo", rank: 1, uses: ["CityCore", "CityJSON"]),
  Room(name: "Journal", rank: 1, uses: ["CityCore", "CityJSON"], products: [crypto]),
  Room(name: "Access", rank: 1, uses: ["CityCore", "CityJSON"], products: [crypto, cryptoExtras]),
  Room(name: "Devices", rank: 2, uses: ["CityCore", "CityJSON", "Geo"]),
  Room(name: "Warnings", rank: 2, uses: ["CityCore", "CityJSON", "Geo", "Journal"]),
  Room(name: "Incidents", rank: 2, uses: ["CityCore", "CityJSON", "Geo", "Journal"]),
  Room(name: "Linkage", rank: 2, uses: ["CityCore", "CityJSON", "Journal", "Access"]),
  Room(
    name: "Operations", rank: 3,
    uses: [
      "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
      "Linkage",
    ], products: [logging, metrics]),
  Room(
    name: "Web", rank: 4, uses: ["CityCore", "CityJSON", "Access", "Operations"],
    products: [
      hummingbird, nioCore, nioHTTP1, nioPosix, nioSSL, httpTypes, logging, metrics, "CZlib",
    ]),
  Room(
    name: "HTTPAPI", rank: 4,
    uses: [
      "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
      "Linkage", "Operations",
    ], edges: ["Web"], products: [hummingbird, httpTypes, nioCore, logging]),
  Room(
    name: "Console", rank: 4,
    uses: [
      "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
      "Linkage",
      "Operations",
    ], edges: ["Web"],
    products: [hummingbird, httpTypes, nioCore, product("Mustache", "swift-mustache"), logging],
    resources: [.copy("Resources")]),
  Room(
    name: "LinkCarrier", rank: 4, uses: ["CityCore", "CityJSON", "Linkage", "Operations"],
    products: [
      nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, nioFoundation, x509, asn1, crypto,
      cryptoExtras, logging, metrics,
    ]),
  Room(
    name: "Outbound", rank: 4, uses: ["CityCore", "CityJSON", "Operations"],
    products: [
      product("AsyncHTTPClient", "async-http-client"), nioCore, nioPosix, nioSSL, nioHTTP1, crypto,
      logging, metrics,
    ]),
  Room(
    name: "StoreSQLite", rank: 4,
    uses: [
      "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
      "Linkage", "Operations",
    ], products: [product("GRDB", "GRDB.swift"), product("GRDBSQLite", "GRDB.swift")]),
  Room(
    name: "Node", rank: 5,
    uses: [
      "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
      "Linkage", "Operations", "Web", "HTTPAPI", "Console", "LinkCarrier", "Outbound",
      "StoreSQLite",
    ],
    products: [
      product("Yams", "Yams"), logging, metrics, crypto, nioCore, nioPosix,
      product("ServiceLifecycle", "swift-service-lifecycle"),
      product("UnixSignals", "swift-service-lifecycle"),
    ], resources: [.copy("Resources")]),
  Room(
    name: "citybeacon", rank: 6, isProgram: true,
    uses: ["CityCore", "CityJSON", "Devices", "Node"],
    products: [
      product("ArgumentParser", "swift-argument-parser"),
      product("AsyncHTTPClient", "async-http-client"), nioCore, nioHTTP1, logging,
    ]),
]

/// `CITYBEACON_RANK=2 swift test` builds and tests only ranks 0-2: seconds instead of minutes
/// while working on the pure core.
let highestRank = Int(ProcessInfo.processInfo.environment["CITYBEACON_RANK"] ?? "") ?? 9

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

var targets: [Target] = [
  .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
  .systemLibrary(name: "CZlib"),
]

for room in rooms where room.rank <= highestRank {
  let dependencies = (room.uses + room.edges).map { .byName(name: $0) } + room.products
  targets.append(
    room.isProgram
      ? .executableTarget(
        name: room.name, dependencies: dependencies, resources: room.resources,
        swiftSettings: settings)
      : .target(
        name: room.name, dependencies: dependencies, resources: room.resources,
        swiftSettings: settings))
}

// Every library has its tests, and every folder of tests its Fixtures.
for room in rooms where room.rank <= highestRank && !room.isProgram {
  if room.isTestedWithKit && highestRank < 3 { continue }
  var dependencies: [Target.Dependency] =
    ([room.name, "DocumentKit"] + room.uses + room.edges).map { .byName(name: $0) }
    + room.products
  if room.isTestedWithKit { dependencies.append("CityTestKit") }
  if room.rank >= 4 { dependencies.append("HelperKit") }
  if ["Web", "LinkCarrier"].contains(room.name) {
    dependencies.append(product("NIOEmbedded", "swift-nio"))
  }
  targets.append(
    .testTarget(
      name: "\(room.name)Tests", dependencies: dependencies, resources: [.copy("Fixtures")],
      swiftSettings: settings))
}

targets += [
  // Compares the generated parts of the documents with the code.
  .target(name: "DocumentKit", path: "Tests/DocumentKit", swiftSettings: settings),
  .testTarget(
    name: "ArchitectureTests", dependencies: ["DocumentKit"], exclude: ["Fixtures"],
    swiftSettings: settings),
]

if highestRank >= 4 {
  // Programs that run beside tests, and folders that go away with them.
  targets.append(
    .target(
      name: "HelperKit", dependencies: ["CityJSON"], path: "Tests/HelperKit",
      resources: [.copy("Fixtures")], swiftSettings: settings))
}

if highestRank >= 3 {
  // The simulator, the manual clock, fixtures and the store contract. Nothing that ships uses it.
  targets.append(
    .target(
      name: "CityTestKit",
      dependencies: [
        "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings", "Incidents",
        "Linkage", "Operations", crypto,
      ], path: "Tests/CityTestKit", swiftSettings: settings))
  targets.append(
    .testTarget(
      name: "SimulatorTests",
      dependencies: [
        "CityTestKit", "CityCore", "CityJSON", "Journal", "Access", "Incidents", "Linkage",
        "Operations",
      ], swiftSettings: settings))
  targets.append(
    .executableTarget(
      name: "simulator",
      dependencies: [
        "CityTestKit", "CityCore", product("ArgumentParser", "swift-argument-parser"),
      ],
      path: "Benchmarks/simulator", swiftSettings: settings))
}

if highestRank >= 6 {
  // What script/bench runs. It starts the built `citybeacon`, and reaches below it only to measure
  // the parts that no socket shows.
  targets.append(
    .executableTarget(
      name: "bench",
      dependencies: [
        "CityCore", "CityJSON", "Journal", "Access", "Incidents", "Linkage", "Operations",
        "StoreSQLite", "Node", product("ArgumentParser", "swift-argument-parser"),
        product("GRDBSQLite", "GRDB.swift"),
      ],
      path: "Benchmarks/bench", swiftSettings: settings))
  targets.append(
    .executableTarget(
      name: "bareserver", dependencies: ["CityJSON", hummingbird, nioCore, nioPosix, logging],
      path: "Benchmarks/bareserver", swiftSettings: settings))
}

// libFuzzer drives the same targets that `FuzzTests` runs over their seeds: see `script/fuzz`.
let isFuzzing = ProcessInfo.processInfo.environment["CITYBEACON_FUZZ"] != nil
if highestRank >= 5 {
  let dependencies: [Target.Dependency] =
    [
      "CityTestKit", "CityCore", "CityJSON", "Geo", "Journal", "Access", "Devices", "Warnings",
      "Incidents", "Linkage", "Operations", "Web", "LinkCarrier", "Outbound", "Node",
    ] + [httpTypes, nioCore, product("NIOEmbedded", "swift-nio"), nioHTTP1, nioWebSocket]
  targets.append(
    isFuzzing
      ? .executableTarget(
        name: "fuzz", dependencies: dependencies, path: "Tests/FuzzTests",
        exclude: ["CorpusTests.swift", "Fixtures"], swiftSettings: settings)
      : .testTarget(
        name: "FuzzTests", dependencies: dependencies, exclude: ["Entry"],
        resources: [.copy("Fixtures")], swiftSettings: settings))
}

let package = Package(
  name: "CityBeacon",
  products: highestRank >= 6 ? [.executable(name: "citybeacon", targets: ["citybeacon"])] : [],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
