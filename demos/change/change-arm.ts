import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ArmCast,
  endingWith,
  nowInNanoseconds,
  type PlayedArm,
  readAssociations,
  readCounters,
  readRefusals,
  recordedCanaries,
  settingsTitle,
} from '../arm.ts'
import type { Stage } from '../player/index.ts'
import {
  type ArmRecord,
  type Attempt,
  type BotchedArm,
  type Change as ChangeFacts,
  type ChangeKind,
  type Denial,
  isChange,
} from '../proof/index.ts'
import type { BackgroundStream } from '../workload/traffic.ts'
import { watchAssociations } from './association-watch.ts'
import type { Change, ChangeHands, Way } from './change.ts'
import { watchAll } from './dropped.ts'
import { Guests } from './guests.ts'
import { instantsFrom } from './instants.ts'

/** Streams go this long before the change begins and after it has ended. */
const quietMs = 300
/** Canaries go while it changes, and none of them may be lost. */
const patientMs = 8000
/** Where losses are what is expected they are waited for. */
const briefMs = 800

export interface ChangeArmPlan {
  readonly change: Change
  readonly name: ChangeKind | BotchedArm
  readonly rounds: number
  /** What random instants are drawn from; a fresh one where none is given. */
  readonly seed?: string
}

/**
 * Plays an arm in which something changes while all nodes' pods send: instruments, streams, canaries and the watch on the
 * security associations are the same for every change.
 */
export async function playChangeArm(stage: Stage, cast: ArmCast, plan: ChangeArmPlan): Promise<PlayedArm> {
  const { lab, workload, directory } = cast
  const { change, name, rounds, seed } = plan
  const way: Way = isChange(name) ? change.rightly : change.botched
  const instants = instantsFrom(seed)
  const settings = { encryptL3: true, strict: way.strict ?? true }
  const countersBefore = await stage.do(settingsTitle(settings), async () => {
    await lab.configure(settings)
    return readCounters(lab)
  })
  const started = nowInNanoseconds()
  const moments: { at: string; what: string }[] = []
  const outages: { from: string; to: string }[] = []
  const denials: Denial[] = []
  const attempts: Attempt[] = []
  const title = `While ${way.what(rounds)}, pods of every node send to every other`
  const { canaries, points, streams, sessions, dropped, guests, ...read } = await stage.do(
    title,
    async (task) => {
      const whileItLasts = endingWith(stage)
      const capture = await task.measure('start instruments', () =>
        lab.capture(join(directory, name.replaceAll('/', '-')), whileItLasts),
      )
      const before = await readAssociations(lab)
      const refusalsBefore = await readRefusals(lab)
      const watch = watchAssociations(lab, whileItLasts)
      const background = workload.startBackground(change.everyMs, { sessions: change.sessions ?? false })
      const witnesses = change.isWitnessed ? await watchAll(lab, whileItLasts) : undefined
      await sleep(quietMs, undefined, { signal: stage.signal })
      const deadlineMs = isChange(name) ? patientMs : briefMs
      const sending = workload.sendCanaries(name, { deadlineMs, signal: stage.signal })
      // Looked at below; when the change breaks first, that is what is told.
      sending.catch(() => {})
      const mark = (what: string) => void moments.push({ at: nowInNanoseconds(), what })
      const { look } = watch
      const guests = new Guests(
        { lab, workload, arm: name, everyMs: change.everyMs, mark, look },
        AbortSignal.any([stage.signal, whileItLasts]),
      )
      stage.afterwards('Send away who had joined', () => guests.sendAway())
      const hands: ChangeHands = {
        lab,
        workload,
        routes: background.routes,
        rounds,
        instants,
        task,
        afterwards: stage.afterwards,
        canariesSent: sending,
        mark,
        wasCut: (from) => void outages.push({ from, to: nowInNanoseconds() }),
        wasDenied: (denial) => void denials.push(denial),
        tried: (attempt) => void attempts.push(attempt),
        look,
        guests,
      }
      await task.measure('change', () => way.change(hands))
      const canaries = [...(await task.measure('canaries', () => sending)), ...guests.canaries]
      await sleep(quietMs, undefined, { signal: stage.signal })
      const { streams: ofHosts, sessions } = await task.measure('end streams', () =>
        background.end(stage.signal),
      )
      const streams = [...ofHosts, ...guests.streams]
      const dropped = await witnesses?.end()
      await task.measure('stop instruments', () => capture.quiet())
      const refusalsAfter = await readRefusals(lab)
      const from = nowInNanoseconds()
      const after = await watch.end()
      const reading = { from, to: nowInNanoseconds(1n) }
      const points = await task.measure('stop instruments', () => capture.stop())
      task.detail(tally(streams, after.length))
      return {
        canaries,
        points,
        streams,
        sessions,
        dropped,
        guests: guests.facts(),
        before,
        after,
        reading,
        refusalsBefore,
        refusalsAfter,
      }
    },
  )
  const facts: ChangeFacts = {
    what: way.what(rounds),
    rounds,
    moments,
    ...(outages.length > 0 && { outages }),
    ...(denials.length > 0 && { denials }),
    ...(attempts.length > 0 && { attempts }),
    ...(dropped && { dropped }),
    ...(guests && { guests }),
    ...(way.isRandom && { seed: instants.seed }),
  }
  const record: ArmRecord = {
    name,
    settings,
    change: facts,
    started,
    ended: nowInNanoseconds(),
    canaries: recordedCanaries(canaries),
    streams: streams.map(({ report: { sent, answered }, ...stream }) => ({ ...stream, sent, answered })),
    ...(change.sessions && {
      sessions: sessions.map(({ report: { sent, answered, port }, ...session }) => ({
        ...session,
        ...{ sent, answered, port },
      })),
    }),
    points,
    sasBefore: read.before.associations,
    sasAfter: read.after,
    readings: { before: read.before.reading, after: read.reading },
    countersBefore,
    countersAfter: await readCounters(lab),
    refusalsBefore: read.refusalsBefore,
    refusalsAfter: read.refusalsAfter,
  }
  return { record, points, canaries }
}

/** As the programs themselves counted; the captures have the last word. */
function tally(streams: readonly BackgroundStream[], associations: number): string {
  const sent = streams.reduce((sum, { report }) => sum + report.sent, 0)
  const lost = streams.reduce((sum, { report }) => sum + report.lost, 0)
  return `${sent.toLocaleString('en')} datagrams, ${lost} lost; ${associations} SAs`
}
