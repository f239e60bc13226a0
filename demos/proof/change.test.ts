import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { botchOf, changeKinds, mishapOf } from './change.ts'
import { sealedCounter } from './change-made.ts'
import { judged, stateOf, surprises } from './judged.ts'
import { courseOf } from './moments.ts'
import { observe } from './observe.ts'
import { armOf, provenRun, recordingOf, recount, type SyntheticRun } from './synthetic.ts'

const changes = ['rotate'] as const
const arm = 'rotate'

test('a run in which something changed under traffic, rightly and botched, is PROVEN', () => {
  for (const kind of changeKinds) {
    const judgement = judged(undefined, { changes: [kind] })
    assert.deepEqual(surprises(judgement), [])
    assert.equal(judgement.verdict, 'PROVEN')
    assert.equal(judgement.arms[kind]!.verdict, 'PROVEN')
    const botched = mishapOf(botchOf(kind)) === 'leak' ? 'LEAK' : 'INCONCLUSIVE'
    assert.equal(judgement.arms[botchOf(kind)]!.verdict, botched)
  }
})

test('the arm with everything in order may be left out where one with a change takes its place, and no other', () => {
  const without = (...names: string[]) =>
    judged(
      (run) => {
        run.facts.arms = run.facts.arms.filter(({ name }) => !names.includes(name))
      },
      { changes },
    )
  assert.equal(without('encrypted').verdict, 'PROVEN')
  assert.match(without('rotate/hasty').says, /The run has no rotate\/hasty arm/)
  assert.match(without('encrypted', 'rotate').says, /The run has no encrypted arm/)
})

const streamOf = (run: SyntheticRun) => armOf(run, arm).streams![0]!

/** Where the datagram with this number is in what an instrument recorded. */
function indexOf(run: SyntheticRun, instrument: string, number: number): number {
  return recordingOf(run, arm, instrument).frames.findIndex(({ data }) =>
    data.includes(`${streamOf(run).token} ${number} `),
  )
}

function associationsOf(run: SyntheticRun) {
  return run.associations.find((each) => each.arm === arm)!
}

/** Each changes one thing in a proven run; exactly one check must notice. */
const mutations: readonly {
  readonly what: string
  readonly change: (run: SyntheticRun) => void
  readonly notices: string
  readonly says: RegExp
}[] = [
  {
    what: 'a datagram that did not arrive',
    change: (run) => {
      const at = `pod/${streamOf(run).toPod}`
      recordingOf(run, arm, at).frames.splice(indexOf(run, at, 3), 1)
      recount(run, arm, at)
    },
    notices: 'rotate/app.lossless: fails',
    says: /^1 datagram of 36 datagrams of 6 streams was lost, the first from a1 to b1, number 3/,
  },
  {
    what: 'a datagram that arrived twice',
    change: (run) => {
      const at = `pod/${streamOf(run).toPod}`
      const { frames } = recordingOf(run, arm, at)
      const index = indexOf(run, at, 3)
      frames.splice(index, 0, { ...frames[index]! })
      recount(run, arm, at)
    },
    notices: 'rotate/app.lossless: fails',
    says: /^1 of 36 datagrams of 6 streams arrived, or were answered, twice/,
  },
  {
    what: 'a datagram that nobody sent',
    change: (run) => {
      const { token, toPod } = streamOf(run)
      const at = `pod/${toPod}`
      const { frames } = recordingOf(run, arm, at)
      const copy = { ...frames[indexOf(run, at, 3)]! }
      copy.data = Buffer.from(copy.data)
      copy.data.write(`${token} 9 `, copy.data.indexOf(token))
      frames.push(copy)
      recount(run, arm, at)
    },
    notices: 'rotate/app.lossless: fails',
    says: /^1 datagram arrived that nobody is seen to send/,
  },
  {
    what: 'a program that says that it sent more',
    change: (run) => {
      streamOf(run).sent++
    },
    notices: 'rotate/app.lossless: inconclusive',
    says: /had 7 datagrams, and its capture shows 6/,
  },
  {
    what: 'a change that was announced and not made',
    change: (run) => {
      armOf(run, arm).change!.moments = []
    },
    notices: 'rotate/app.lossless: inconclusive',
    says: /^Nothing changed in this arm/,
  },
  {
    what: 'more rotations than the wire shows',
    change: (run) => {
      const change = armOf(run, arm).change!
      change.rounds = 3
      change.moments.splice(1, 0, { ...change.moments[0]! })
    },
    notices: 'rotate/app.lossless: inconclusive',
    says: /^The wire shows 2 changes of an SPI, and 3 rotations are said to have been/,
  },
  {
    what: 'a change when nobody sent any more',
    change: (run) => {
      armOf(run, arm).change!.moments.at(-1)!.at = armOf(run, arm).ended
    },
    notices: 'rotate/app.lossless: inconclusive',
    says: /^Not all of the change happened while/,
  },
  {
    what: 'the streams of one node not sent',
    change: (run) => {
      const facts = armOf(run, arm)
      facts.streams = facts.streams!.filter(({ fromPod }) => fromPod !== 'c1')
    },
    notices: 'rotate/app.lossless: inconclusive',
    says: /^No stream was sent from c's pods/,
  },
  {
    what: 'old associations as they were before their last packets',
    change: (run) => {
      const { before, after } = associationsOf(run)
      const known = new Set(before.map(({ key }) => key))
      const old = after.find(({ direction, key }) => direction === 'out' && known.has(key))!
      Object.assign(old, {
        packets: old.packets - 1,
        bytes: old.bytes - 66,
        sequence: `${BigInt(old.sequence) - 1n}`,
      })
    },
    notices: 'rotate/wire.counted: fails',
    says: /was captured, and is none of those counted/,
  },
  {
    what: 'one new association that was never read at its receiver',
    change: (run) => {
      const found = associationsOf(run)
      const { after } = found
      found.after = after.filter((sa) => sa !== after.findLast(({ direction }) => direction === 'in'))
    },
    notices: 'rotate/wire.authentic: fails',
    says: /verify under a key that not both ends hold/,
  },
]

describe('of a run with a change exactly one check notices', () => {
  for (const { what, change, notices, says } of mutations)
    test(what, () => {
      const judgement = judged(change, { changes })
      assert.deepEqual(surprises(judgement), [notices])
      assert.notEqual(judgement.verdict, 'PROVEN')
      const [id = ''] = notices.slice(arm.length + 1).split(': ')
      assert.match(stateOf(judgement, arm, id as 'app.lossless').says, says)
    })
})

describe('where there was no way through', () => {
  const partitioned = (change: (run: SyntheticRun) => void) => {
    const judgement = judged(change, { changes: ['partition'] })
    assert.notEqual(judgement.verdict, 'PROVEN')
    assert.equal(surprises(judgement).length, 1)
    return stateOf(judgement, 'partition', 'app.lossless')
  }
  const outagesOf = (run: SyntheticRun) => armOf(run, 'partition').change!.outages!

  test('what was sent then is lost, and counted apart', () => {
    const { numbers, state } = stateOf(
      judged(undefined, { changes: ['partition'] }),
      'partition',
      'app.lossless',
    )
    assert.equal(state, 'holds')
    assert.deepEqual([numbers.lost, numbers.cutOff], [0, 6])
  })

  test('what was sent at another time must not be', () => {
    const { state, says } = partitioned((run) => {
      for (const outage of outagesOf(run)) {
        outage.from = `${BigInt(outage.from) - 2_000_000_000n}`
        outage.to = `${BigInt(outage.to) - 2_000_000_000n}`
      }
    })
    assert.equal(state, 'fails')
    assert.match(says, /^6 datagrams of 36 datagrams of 6 streams were lost/)
  })

  test('a cut that cost nothing was none', () => {
    const { state, says } = partitioned((run) => {
      const later = outagesOf(run).at(-1)!
      later.from = `${BigInt(later.from) + 2_000_000_000n}`
      later.to = `${BigInt(later.to) + 2_000_000_000n}`
    })
    assert.equal(state, 'inconclusive')
    assert.match(says, /it was not cut/)
  })

  test('fewer cuts than are said to have been are not enough', () => {
    assert.match(partitioned((run) => void outagesOf(run).pop()).says, /cut 1 times, and 2 are said/)
  })
})

test('an agent that has counted all that its pods sent was not replaced', () => {
  const counting = (run: SyntheticRun) => {
    for (const { name, node } of run.facts.pods) {
      const { frames } = recordingOf(run, 'restart', `pod/${name}`)
      const counters = armOf(run, 'restart').countersAfter
      const before = counters[node]?.[sealedCounter]?.packets ?? 0
      counters[node] = { [sealedCounter]: { packets: before + frames.length, bytes: 1 } }
    }
  }
  const judgement = judged(counting, { changes: ['restart'] })
  assert.deepEqual(surprises(judgement), ['restart/app.lossless: inconclusive'])
  assert.match(stateOf(judgement, 'restart', 'app.lossless').says, /^No agent was replaced/)
})

test('a sequence number may come again under the same SPI and another key, and not under the same key', () => {
  const judgement = judged(undefined, { changes })
  const { numbers } = stateOf(judgement, arm, 'wire.unique')
  assert.equal(numbers.associations, 18)
  const again = judged(
    (run) => {
      const { frames } = recordingOf(run, arm, 'wire/a')
      frames.push({ ...frames.at(-1)!, time: frames.at(-1)!.time + 1n })
      recount(run, arm, 'wire/a')
    },
    { changes },
  )
  assert.equal(stateOf(again, arm, 'wire.unique').state, 'fails')
})

test('repetitions that no kernel refused were none, and without a replay window they have to arrive', () => {
  const silent = judged(
    (run) => {
      armOf(run, 'replay').refusalsAfter = {}
    },
    { changes: ['replay'] },
  )
  assert.deepEqual(surprises(silent), ['replay/app.lossless: inconclusive'])
  assert.match(stateOf(silent, 'replay', 'app.lossless').says, /^No kernel refused a repetition/)
  const harmless = judged(
    (run) => {
      const once = new Set<string>()
      for (const recording of run.recordings.filter(({ arm }) => arm === 'replay/unwindowed')) {
        once.clear()
        recording.frames = recording.frames.filter(({ data }) => {
          const key = data.toString('latin1')
          return !once.has(key) && once.add(key)
        })
        recount(run, 'replay/unwindowed', recording.instrument)
      }
    },
    { changes: ['replay'] },
  )
  assert.match(stateOf(harmless, 'replay/unwindowed', 'sabotage.caught').says, /^No datagram arrived twice/)
  assert.notEqual(harmless.verdict, 'PROVEN')
})

test('a leak under change that the captures do not show was none', () => {
  const judgement = judged(
    (run) => {
      for (const { frames, instrument } of run.recordings.filter(({ arm }) => arm === 'partition/open')) {
        if (!instrument.startsWith('wire/')) continue
        const sealed = frames.filter(({ data }) => data[23] === 50 || data.readUInt16BE(12) !== 0x0800)
        frames.splice(0, frames.length, ...sealed)
        recount(run, 'partition/open', instrument)
      }
    },
    { changes: ['partition'] },
  )
  assert.match(stateOf(judgement, 'partition/open', 'sabotage.caught').says, /show no frame in clear/)
  assert.notEqual(judgement.verdict, 'PROVEN')
})

describe('a botched change that shows otherwise than it must', () => {
  const botched = 'rotate/hasty'
  const mishaps: Record<string, { change: (run: SyntheticRun) => void; says: RegExp }> = {
    'does no harm': {
      change: (run) => {
        const sound = provenRun({ changes })
        for (const recording of run.recordings.filter((each) => each.arm === botched))
          recording.frames = recordingOf(sound, 'rotate', recording.instrument).frames
        const facts = armOf(run, botched)
        const { streams, change } = armOf(sound, 'rotate')
        Object.assign(facts, { streams, change })
        for (const { name } of facts.instruments) recount(run, botched, name)
      },
      says: /No datagram was lost/,
    },
    'is counted by no kernel': {
      change: (run) => {
        armOf(run, botched).refusalsAfter = {}
      },
      says: /no kernel counted a packet that it refused/,
    },
  }
  for (const [what, { change, says }] of Object.entries(mishaps))
    test(what, () => {
      const judgement = judged(change, { changes })
      assert.notEqual(judgement.verdict, 'PROVEN')
      assert.equal(stateOf(judgement, botched, 'sabotage.caught').state, 'fails')
      assert.match(stateOf(judgement, botched, 'sabotage.caught').says, says)
    })
})

test('the course of an arm has its first encrypted packet, no clear one, and the gap that a loss makes', () => {
  const { arms } = observe(provenRun({ changes }))
  const course = courseOf(arms.get(arm)!)!
  assert.equal(course.lastClear, undefined)
  assert.ok(course.firstEncrypted! < course.ends && course.begins < course.ends)
  assert.deepEqual([course.datagrams, course.lost], [36, 0])
  const botched = courseOf(arms.get('rotate/hasty')!)!
  assert.equal(botched.lost, 6)
  const length = ({ gap }: typeof course) => gap!.to - gap!.from
  assert.ok(length(botched) > length(course) / 2n)
  assert.equal(courseOf(arms.get('control')!), undefined)
})
