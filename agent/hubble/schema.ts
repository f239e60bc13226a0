import { fileURLToPath } from 'node:url'
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { type UnknownField, unknownFields } from './unknown-fields.ts'

const directory = fileURLToPath(new URL('proto/', import.meta.url))

/** A request as it was understood, and what of it was not. */
export interface Request<Message> {
  readonly message: Message
  readonly unknown: readonly UnknownField[]
}

/** The services of the Hubble API, and the messages that are looked into. */
export interface Schema {
  /** Hands its handlers a {@link Request} each. */
  readonly observer: ServiceDefinition
  readonly health: ServiceDefinition
  readonly flow: protobuf.Type
}

/** Enum values and 64-bit integers as strings, and only the fields that were sent. */
const plain: protobuf.IConversionOptions = { enums: String, longs: String }

/** Reads the published protocol files: some 50 ms. */
export function loadSchema(): Schema {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => `${directory}${target}`
  root.loadSync(['observer/observer.proto', 'grpc/health/v1/health.proto'], { keepCase: true })
  root.resolveAll()
  return {
    observer: serviceDefinition(root.lookupService('observer.Observer')),
    health: serviceDefinition(root.lookupService('grpc.health.v1.Health')),
    flow: root.lookupType('flow.Flow'),
  }
}

function serviceDefinition(service: protobuf.Service): ServiceDefinition {
  const name = service.fullName.slice(1)
  return Object.fromEntries(
    service.methodsArray.map((method) => [method.name, methodDefinition(name, method)]),
  )
}

function methodDefinition(service: string, method: protobuf.Method): MethodDefinition<object, object> {
  const request = method.resolvedRequestType!
  const response = method.resolvedResponseType!
  return {
    path: `/${service}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: (message) => encode(request, message),
    requestDeserialize: (bytes): Request<object> => ({
      message: decode(request, bytes),
      unknown: unknownFields(request, bytes),
    }),
    responseSerialize: (message) => encode(response, message),
    responseDeserialize: (bytes) => decode(response, bytes),
  }
}

function encode(type: protobuf.Type, message: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(message)).finish())
}

function decode(type: protobuf.Type, bytes: Buffer): object {
  return type.toObject(type.decode(bytes), plain)
}
