import type { ServerWritableStream } from '@grpc/grpc-js'
import type protobuf from 'protobufjs'
import { type FlowRecord, isLoss } from '../api.ts'
import type { FlowHistory } from '../monitor/history.ts'
import { choose, isFollowed, isOver, type Wanted } from './choose.ts'
import { parseFieldMask } from './field-mask.ts'
import { type FlowFilter, parseFilters } from './filter.ts'
import { flowResponse, lossResponse, nanoseconds, type Timestamp } from './message.ts'
import { FlowQueue } from './queue.ts'
import { invalid, unimplemented } from './refusal.ts'
import type { Request } from './schema.ts'
import type { ObserverSource } from './source.ts'

/** observer.GetFlowsRequest */
export interface GetFlowsRequest {
  readonly number?: string
  readonly first?: boolean
  readonly follow?: boolean
  readonly blacklist?: readonly FlowFilter[]
  readonly whitelist?: readonly FlowFilter[]
  readonly since?: Timestamp
  readonly until?: Timestamp
  readonly field_mask?: { readonly paths?: readonly string[] }
  readonly extensions?: unknown
}

interface Question extends Wanted {
  readonly follow: boolean
  readonly mask: (message: object) => object
}

/** Answers GetFlows: what has been, then, with `follow`, what comes. Resolves when there is no more to say. */
export async function getFlows(
  source: ObserverSource,
  flow: protobuf.Type,
  call: ServerWritableStream<Request<GetFlowsRequest>, object>,
): Promise<void> {
  const question = parse(call.request, flow)
  // Nothing can come between looking back and listening: both happen before anybody else runs.
  const history = source.history()
  const past = remembered(history, source.node, question)
  const queue = new FlowQueue(source.node, () => source.lostToReader(1))
  const stop = question.follow
    ? history.subscribe((record) => {
        if (isOver(record, question)) queue.end()
        else if (isFollowed(record, question)) queue.push(record)
      })
    : undefined
  call.once('cancelled', () => queue.end())
  try {
    for (const record of past) await write(call, record, question)
    if (question.follow) for await (const record of queue) await write(call, record, question)
  } finally {
    stop?.()
  }
}

/** @throws Refusal */
function parse({ message, unknown }: Request<GetFlowsRequest>, flow: protobuf.Type): Question {
  const [stranger] = unknown
  if (stranger) {
    const where = [...stranger.path, `field ${stranger.number}`].join('.')
    throw unimplemented(`${where} of the request is newer than this agent, which does not know it`)
  }
  if (message.extensions !== undefined) throw unimplemented('extensions of a request are not supported')
  const { first = false, follow = false } = message
  if (first && follow) throw invalid('first cannot be combined with follow')
  return {
    matches: parseFilters(message.whitelist ?? [], message.blacklist ?? []),
    mask: parseFieldMask(flow, message.field_mask?.paths ?? []),
    // What does not fit a number is beyond every history.
    number: Number(message.number ?? 0),
    first,
    follow,
    since: message.since && nanoseconds(message.since),
    until: message.until && nanoseconds(message.until),
  }
}

function remembered(history: FlowHistory, node: string, question: Question): readonly FlowRecord[] {
  if (question.since === undefined) {
    const onlyNew = question.follow && question.number === 0
    return onlyNew ? [] : choose(history.last(history.size), question)
  }
  const { records, forgotten } = history.since(question.since)
  const chosen = choose(records, question)
  if (forgotten === 0) return chosen
  const time = records[0]?.time ?? `${question.since}`
  return [{ time, node, where: 'history', lost: forgotten }, ...chosen]
}

/** Resolves when the client can take more, or is gone. */
async function write(
  call: ServerWritableStream<unknown, object>,
  record: FlowRecord,
  { mask }: Question,
): Promise<void> {
  if (call.cancelled) return
  const response = isLoss(record) ? lossResponse(record) : flowResponse(record, mask)
  if (call.write(response)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      call.off('drain', done).off('cancelled', done)
      resolve()
    }
    call.once('drain', done).once('cancelled', done)
  })
}
