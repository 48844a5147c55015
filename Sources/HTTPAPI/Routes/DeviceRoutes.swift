import Access
import CityCore
import CityJSON
import Devices
import Hummingbird
import Web

/// Devices, their latest values and their history.
struct DeviceRoutes {
  let devices: any DevicesPort
  let readings: (any HistoryPort)?

  var operations: [Operation] {
    let own = [list, device, register, change]
    guard let readings else { return own }
    return own + [latest(readings), history(readings), buckets(readings)]
  }

  private static let property = Schema.object([
    "name": .string(pattern: "^[A-Za-z][A-Za-z0-9_-]{0,63}$"), "unit?": .string(),
    "minimum?": .number, "maximum?": .number, "dataClass?": .oneOf(DataClass.self),
  ])
  private static let schema = Schema.object([
    "id": .thing("dev"), "name": .label, "kind": .string(), "place?": .coordinate,
    "jurisdiction": .adminCode, "organisation": .name, "properties": .array(property),
    "source?": .string(), "externalId?": .string(), "status": .oneOf(DeviceStatus.self),
    "staleAfter": .integer().described("Seconds."), "created": .time, "version": .integer(),
  ])
  private static let registration = Schema.object([
    "id?": .string(length: 1...64), "name": .label, "kind": .name, "place?": .place,
    "jurisdiction?": .adminCode, "organisation?": .name,
    "properties": .array(property, count: 1...64), "source?": .name,
    "externalId?": .string(length: 1...200), "staleAfter?": .integer(1...31_536_000),
    "status?": .oneOf(DeviceStatus.self),
  ])

  private var list: Operation {
    .get(
      "listDevices", "/devices", "devices", "Devices.", access: .permission(.readDevices),
      parameters: Operation.page + [
        .init("jurisdiction", .adminCode, "In or below it."),
        .init("organisation", .name, "Of this organisation."),
        .init("kind", .name, "Of this kind."),
        .init("status", .oneOf(DeviceStatus.self), "In this state."),
        .init("text", .string(length: 1...100), "In the name or id."),
      ], answer: .ok("A page.", .object(["items": .array(Self.schema), "next?": .string()]))
    ) { [devices] _, context in
      let query = context.query
      let filter = DeviceFilter(
        jurisdiction: try query.value("jurisdiction"),
        organisation: try query.value("organisation"), kind: query["kind"],
        status: try query.value("status"), text: query["text"])
      let page = try await devices.devices(
        filter, try query.page(), by: try context.principal())
      return .page(try page.items.map(Self.show), next: page.next)
    }
  }

  private var device: Operation {
    .get(
      "getDevice", "/devices/{id}", "devices", "One device.", access: .permission(.readDevices),
      answer: .ok("The device.", Self.schema)
    ) { [devices] _, context in
      let device = try await devices.device(
        try context.thing("dev"), by: try context.principal())
      return .json(try Self.show(device))
    }
  }

  private var register: Operation {
    .change(
      .post, "registerDevice", "/devices", "devices",
      "Registers a device; with the source and externalId of a known one, changes that.",
      access: .permission(.manageDevices), body: Self.registration,
      answer: .created("The device; 200 when it was known.", Self.schema)
    ) { [devices] request, context in
      let wanted = try await context.decode(DeviceRegistration.self, from: request)
      let made = try await devices.register(wanted, by: try context.principal())
      return .json(try Self.show(made.device), status: made.isNew ? .created : .ok)
    }
  }

  private var change: Operation {
    .change(
      .put, "changeDevice", "/devices/{id}", "devices", "Changes a device.",
      access: .permission(.manageDevices), body: Self.registration,
      answer: .ok("The device.", Self.schema)
    ) { [devices] request, context in
      let id = try context.thing("dev")
      let wanted = try await context.decode(DeviceRegistration.self, from: request)
      return .json(try Self.show(try await devices.change(id, wanted, by: try context.principal())))
    }
  }

  // MARK: - Values

  private func latest(_ readings: any HistoryPort) -> Operation {
    .get(
      "latestValues", "/devices/{id}/latest", "devices", "The newest value of each property.",
      access: .permission(.readReadings),
      answer: .ok(
        "One item for each property that was ever measured; age in seconds.",
        .object([
          "items": .array(
            .object([
              "property": .string(), "value": .number, "unit": .string(), "time": .time,
              "origin?": .name, "age": .integer(),
            ]))
        ]))
    ) { [devices] _, context in
      let id = try context.thing("dev")
      let mayRead = try await devices.readable(id, by: try context.principal())
      let values = try await readings.latest(id).filter { mayRead($0.property) }
      return .page(
        try values.map { reading in
          var value = try JSON.value(of: reading)
          value["age"] = .int(max(0, (context.received - reading.time).microseconds / 1_000_000))
          return try JSON.encode(value)
        }, next: nil)
    }
  }

  private static let span: [Operation.Parameter] = [
    .init("property", .string(length: 1...64), "Which property.", required: true),
    .init("from", .time, "From this time on; a day before `to`."),
    .init("to", .time, "Before this time; now."),
  ]

  private func history(_ readings: any HistoryPort) -> Operation {
    .get(
      "history", "/devices/{id}/history", "devices", "Measured values, oldest first.",
      access: .permission(.readReadings), parameters: Self.span + Operation.page,
      answer: .ok(
        "A page.",
        .object([
          "items": .array(.object(["time": .time, "value": .number])), "next?": .string(),
        ]))
    ) { [devices] _, context in
      let (property, from, to) = try Self.span(context)
      let id = try context.thing("dev")
      guard try await devices.readable(id, by: try context.principal())(property) else {
        throw Problem(.notFound, "nothing is measured there")
      }
      return try .page(
        try await readings.history(
          id, property: property, from: from, to: to, try context.query.page(default: 500)))
    }
  }

  private func buckets(_ readings: any HistoryPort) -> Operation {
    .get(
      "downsample", "/devices/{id}/buckets", "devices",
      "Minimum, maximum, mean and last value of each step.", access: .permission(.readReadings),
      parameters: Self.span + [
        .init("step", .integer(1...31_536_000), "Seconds of one step.", required: true)
      ],
      answer: .ok(
        "The steps that hold values.",
        .object([
          "items": .array(
            .object([
              "start": .time, "min": .number, "max": .number, "mean": .number, "last": .number,
              "lastTime": .time, "count": .integer(),
            ]))
        ]))
    ) { [devices] _, context in
      let (property, from, to) = try Self.span(context)
      let step = try context.query.integer("step", in: 1...31_536_000, default: 60)
      let id = try context.thing("dev")
      guard try await devices.readable(id, by: try context.principal())(property) else {
        throw Problem(.notFound, "nothing is measured there")
      }
      let buckets = try await readings.downsample(
        id, property: property, from: from, to: to, step: .seconds(Int64(step)))
      return try .page(Page(items: buckets))
    }
  }

  private static func span(
    _ context: CityRequestContext
  ) throws(Problem) -> (property: String, from: UTCTime, to: UTCTime) {
    let to = try context.query.time("to") ?? context.received
    let from = try context.query.time("from") ?? to - .days(1)
    guard from < to else { throw Query.fault("from", "must lie before to") }
    guard let property = context.query["property"], PropertyName.isValid(property) else {
      throw Query.fault("property", "is no name of a property")
    }
    return (property, from, to)
  }

  /// A device with its silence in seconds, as it is registered.
  private static func show(_ device: Device) throws -> [UInt8] {
    var value = try JSON.value(of: device)
    value["staleAfter"] = .int(device.staleAfter.microseconds / 1_000_000)
    return try JSON.encode(value)
  }
}
