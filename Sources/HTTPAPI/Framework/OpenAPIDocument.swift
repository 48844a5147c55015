import CityCore
import CityJSON
import HTTPTypes
import Web

/// The OpenAPI 3.1 document, made of the operations themselves.
enum OpenAPIDocument {
  static func make(_ operations: [Operation], components: [(String, Schema)]) -> JSONValue {
    var paths = JSONObject()
    for operation in operations {
      let key = Operation.prefix + operation.path
      var item = paths[key]?.objectValue ?? [:]
      item[operation.method.rawValue.lowercased()] = describe(operation)
      paths[key] = .object(item)
    }
    var schemas = JSONObject()
    for (name, schema) in components { schemas[name] = .object(schema.json) }
    let tags = operations.map(\.tag).reduce(into: [String]()) { list, tag in
      if !list.contains(tag) { list.append(tag) }
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "CityBeacon", "version": "1",
        "description": .string(introduction),
        "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
      ],
      "servers": [["url": "/"]],
      "tags": .array(tags.map { ["name": .string($0)] }),
      "security": [["token": []], ["session": []]],
      "paths": .object(paths),
      "components": [
        "schemas": .object(schemas),
        "securitySchemes": [
          "token": ["type": "http", "scheme": "bearer"],
          "session": [
            "type": "apiKey", "in": "cookie", "name": "citybeacon",
            "description":
              "Behind TLS the cookie is __Host-citybeacon. Unsafe requests need X-CSRF-Token.",
          ],
        ],
        "responses": [
          "Problem": [
            "description": "What went wrong and what can be done (RFC 9457).",
            "content": [
              "application/problem+json": [
                "schema": ["$ref": "#/components/schemas/Problem"]
              ]
            ],
          ]
        ],
      ],
    ]
  }

  private static let introduction =
    "The API of one node. Lists are paged: `next` of a page is `after` of the next. Every POST "
    + "takes an Idempotency-Key; the same key gives the same answer for a day. Times are RFC 3339 "
    + "in UTC, coordinates say their datum."

  private static func describe(_ operation: Operation) -> JSONValue {
    var out: JSONObject = [
      "operationId": .string(operation.id), "tags": [.string(operation.tag)],
      "summary": .string(operation.summary),
      "description": .string("Access: \(operation.access)."),
    ]
    if operation.access == .public { out["security"] = [] }
    let parameters =
      PathPattern(stringLiteral: operation.path).names.map(pathParameter)
      + operation.parameters.map(queryParameter)
      + (operation.idempotency == .none ? [] : [idempotencyKey])
    if !parameters.isEmpty { out["parameters"] = .array(parameters) }
    if operation.rule != .none { out["requestBody"] = body(operation) }
    out["responses"] = .object([
      String(operation.answer.status.code): answer(operation.answer),
      "default": ["$ref": "#/components/responses/Problem"],
    ])
    return .object(out)
  }

  private static func pathParameter(_ name: String) -> JSONValue {
    [
      "name": .string(name), "in": "path", "required": true,
      "schema": .object(Schema.string(length: 1...256).json),
    ]
  }

  private static func queryParameter(_ parameter: Operation.Parameter) -> JSONValue {
    var out: JSONObject = [
      "name": .string(parameter.name), "in": "query",
      "description": .string(parameter.meaning),
      "schema": .object(
        parameter.isRepeatable ? Schema.array(parameter.schema).json : parameter.schema.json),
    ]
    if parameter.isRequired { out["required"] = true }
    return .object(out)
  }

  private static let idempotencyKey: JSONValue = [
    "name": "Idempotency-Key", "in": "header",
    "description": "Names the request: sent again, it does nothing twice.",
    "schema": .object(Schema.string(pattern: "^[!#-+\\--\\[\\]-~]{1,128}$").json),
  ]

  private static func body(_ operation: Operation) -> JSONValue {
    let schema: JSONValue = .object((operation.body ?? .anything).json)
    let isBinary = operation.rule.types == ["*/*"]
    let types = isBinary ? ["application/octet-stream"] : operation.rule.types
    var content = JSONObject()
    for type in types {
      content[type] = ["schema": type == "application/json" ? schema : ["type": "string"]]
    }
    return ["required": .bool(!operation.rule.isOptional), "content": .object(content)]
  }

  private static func answer(_ answer: Operation.Answer) -> JSONValue {
    var out: JSONObject = ["description": .string(answer.meaning)]
    if let schema = answer.schema {
      out["content"] = .object([answer.mediaType: ["schema": .object(schema.json)]])
    }
    return .object(out)
  }
}
