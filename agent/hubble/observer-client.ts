import {
  Client,
  type ClientReadableStream,
  credentials,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js'
import type { GetFlowsRequest } from './get-flows.ts'
import { loadSchema } from './schema.ts'

/** A message as the `hubble` command shows it with `-o json`, but for times. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into messages of all kinds.
export type Message = any

/** What a stream of answers ended with. */
export interface Ended {
  readonly messages: readonly Message[]
  readonly status: Pick<StatusObject, 'code' | 'details'>
}

const schema = loadSchema()
const services = { 'observer.Observer': schema.observer, 'grpc.health.v1.Health': schema.health }

/** A Hubble client, for tests: the same protocol as the `hubble` command speaks. */
export class ObserverClient {
  readonly #client: Client

  /** @param target such as `unix:///run/n1.sock` and `localhost:4244`. */
  constructor(target: string, credential = credentials.createInsecure()) {
    this.#client = new Client(target, credential)
  }

  call(service: keyof typeof services, name: string, request: object = {}): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = services[service][name]!
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer),
      )
    })
  }

  /** Until the server has said everything. */
  flows(request: GetFlowsRequest | Buffer): Promise<Ended> {
    return ended(this.follow(request))
  }

  /** @param request a buffer is sent as it is. */
  follow(request: GetFlowsRequest | Buffer, method = 'GetFlows'): ClientReadableStream<Message> {
    const { path, requestSerialize, responseDeserialize } = schema.observer[method]!
    const serialize = (value: object) => (Buffer.isBuffer(value) ? value : requestSerialize(value))
    return this.#client.makeServerStreamRequest(path, serialize, responseDeserialize, request)
  }

  close(): void {
    this.#client.close()
  }
}

/** Collects a stream to its end, however it ends. */
export function ended(stream: ClientReadableStream<Message>): Promise<Ended> {
  return new Promise((resolve) => {
    const messages: Message[] = []
    let failure: ServiceError | undefined
    stream.on('data', (message: Message) => messages.push(message))
    stream.on('error', (error: ServiceError) => (failure = error))
    stream.on('status', (status: StatusObject) => resolve({ messages, status: failure ?? status }))
  })
}
