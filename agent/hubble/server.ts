import {
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { isLoss } from '../api.ts'
import { historyCapacity } from '../monitor/history.ts'
import { version } from '../version.ts'
import { namespace } from './endpoint.ts'
import { type GetFlowsRequest, getFlows } from './get-flows.ts'
import { Refusal } from './refusal.ts'
import { loadSchema, type Request } from './schema.ts'
import type { ObserverSource } from './source.ts'

const largestRequest = 1 << 20
const mostStreams = 100

const minute = 60_000
const hour = 60 * minute

/** The Hubble Observer API, and the health check that the `hubble` command asks for first. Methods left out are UNIMPLEMENTED. */
export function createHubbleServer(source: ObserverSource): Server {
  const schema = loadSchema()
  const server = new Server({
    'grpc.max_receive_message_length': largestRequest,
    'grpc.max_concurrent_streams': mostStreams,
  })
  const self = () => ({
    version: `wireproof ${version}`,
    num_flows: source.history().size,
    max_flows: historyCapacity,
    seen_flows: source.told(),
    uptime_ns: `${BigInt(Math.round(process.uptime() * 1e9))}`,
  })
  server.addService(schema.observer, {
    GetFlows: (call: ServerWritableStream<Request<GetFlowsRequest>, object>) => {
      getFlows(source, schema.flow, call).then(
        () => call.end(),
        (error: Error) => call.emit('error', asStatus(error)),
      )
    },
    ServerStatus: answer(() => ({ ...self(), flows_rate: flowsPerSecond(source) })),
    GetNodes: answer(() => ({ nodes: nodes(source, self()) })),
    GetNamespaces: answer(() => ({ namespaces: sawPods(source) ? [{ namespace }] : [] })),
  })
  server.addService(schema.health, { Check: check })
  return server
}

function answer(tell: () => object) {
  return (_call: ServerUnaryCall<unknown, object>, callback: sendUnaryData<object>) => callback(null, tell())
}

/** No name asks for the whole server; the `hubble` command asks for a service by a name that is not the protocol's. */
const healthy = ['', 'hubble.server.Observer', 'observer.Observer']

function check(
  { request }: ServerUnaryCall<Request<{ readonly service?: string }>, object>,
  callback: sendUnaryData<object>,
): void {
  const { service = '' } = request.message
  if (healthy.includes(service)) callback(null, { status: 'SERVING' })
  else callback(new Refusal(status.NOT_FOUND, `there is no service ${service}`))
}

/** An agent sees the flows of its own node only; of the others it knows that they are there. */
function nodes(source: ObserverSource, self: object): object[] {
  return source
    .nodes()
    .map(({ name, underlay }) =>
      name === source.node
        ? { name, address: underlay, state: 'NODE_CONNECTED', ...self }
        : { name, address: underlay, state: 'UNKNOWN_NODE_STATE' },
    )
}

/** Over the last minute, or the part of it that is remembered. */
function flowsPerSecond(source: ObserverSource): number {
  const now = Date.now()
  const { records, forgotten } = source.history().since(BigInt(now - minute) * 1_000_000n)
  const oldest = records[0]
  const milliseconds = forgotten > 0 && oldest ? now - Number(BigInt(oldest.time) / 1_000_000n) : minute
  return records.length / (Math.max(milliseconds, 1) / 1000)
}

/** Whether there were flows of pods within the last hour: pods are all in one namespace. */
function sawPods(source: ObserverSource): boolean {
  return source
    .history()
    .since(BigInt(Date.now() - hour) * 1_000_000n)
    .records.some((record) => !isLoss(record) && (record.sourcePod ?? record.destinationPod) !== undefined)
}

function asStatus(error: Error): Refusal {
  return error instanceof Refusal ? error : new Refusal(status.INTERNAL, error.message)
}
