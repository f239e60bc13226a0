import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from 'tcpdump-parse'
import { type ArmName, isSabotage } from './arms.ts'
import { judged, stateOf, surprises } from './judged.ts'
import { observe } from './observe.ts'
import { opener } from './opener.ts'
import { armOf, inject, provenRun, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { esp, ethernet, ipv4, routed, tcp, udp, unreachable, vxlan } from './synthetic-packet.ts'
import { judge } from './verdict.ts'

function associationsOf(run: SyntheticRun, arm: ArmName) {
  return run.associations.find((each) => each.arm === arm)!
}

/** The ESP frames of a wire port, with what each holds, ready to be sealed anew. */
function espFrames(run: SyntheticRun, arm: ArmName, instrument: string) {
  const open = opener(associationsOf(run, arm))
  return recordingOf(run, arm, instrument).frames.flatMap((captured) => {
    const opened = open.open(decode(captured.data, 1))
    if (!opened.ok) return []
    const sa = associationsOf(run, arm).after.find(({ spi }) => spi === opened.spi)!
    return [{ captured, inner: opened.inner, sa, sequence: opened.sequence, iv: opened.iv.readBigUInt64BE() }]
  })
}

function reseal(
  frame: ReturnType<typeof espFrames>[number],
  change: { sequence?: number; iv?: bigint; inner?: Buffer },
): void {
  const { captured, sa, sequence, iv, inner } = { ...frame, ...change }
  captured.data = ethernet(esp(inner, { ...sa, sequence, iv }))
  captured.length = captured.data.length
}

test('a run in which all is as it must be is PROVEN, and each arm shows what it is for', () => {
  const judgement = judged()
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  assert.deepEqual(
    Object.values(judgement.arms).map(({ verdict }) => verdict),
    ['LEAK', 'PROVEN', 'LEAK', 'PROVEN'],
  )
})

test('a run whose sequence numbers pass the 32 bits that are sent is PROVEN, and counted by all of their bits', () => {
  const across = provenRun({ sent: (5n << 32n) - 4n })
  const judgement = judge(observe(across))
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  const sequences = [...observe(across).arms.get('encrypted')!.wire].flatMap(({ opened }) =>
    opened?.ok ? [opened.sequenceHigh] : [],
  )
  assert.deepEqual(new Set(sequences), new Set([4, 5]))
})

test('a kernel that says it has not passed that line is not believed', () => {
  const run = provenRun({ sent: (5n << 32n) - 4n })
  for (const sa of associationsOf(run, 'encrypted').after)
    sa.sequence = `${BigInt(sa.sequence) & 0xffff_ffffn}`
  assert.ok(surprises(judge(observe(run))).some((each) => each.startsWith('encrypted/wire.counted')))
})

test('four times as many packets take not much more than four times as long to judge', () => {
  const quickest = (canariesPerPair: number) => {
    const run = provenRun({ canariesPerPair })
    const tries = [1, 2, 3].map(() => {
      const begun = performance.now()
      assert.equal(judge(observe(run)).verdict, 'PROVEN')
      return performance.now() - begun
    })
    return Math.min(...tries)
  }
  const [few, many] = [quickest(2), quickest(8)]
  assert.ok(many < 10 * few, `${Math.round(few)} ms, and of four times as many ${Math.round(many)} ms`)
})

const podPacket = ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('nothing known')), 63)

/** Each changes one thing in a proven run; exactly one check must notice. */
const mutations: readonly {
  readonly what: string
  readonly change: (run: SyntheticRun) => void
  readonly notices: string
  readonly verdict: 'LEAK' | 'INCONCLUSIVE'
}[] = [
  {
    what: 'a canary that did not arrive',
    change: (run) => {
      armOf(run, 'encrypted').canaries[3]!.delivered = false
    },
    notices: 'encrypted/app.delivered: fails',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'a canary that arrived altered',
    change: (run) => {
      armOf(run, 'encrypted').canaries[3]!.unchanged = false
    },
    notices: 'encrypted/app.delivered: fails',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'a canary said to have arrived that the receiver never got',
    change: (run) => {
      const canary = armOf(run, 'encrypted').canaries.find(({ toPod }) => toPod === 'b1')!
      const recording = recordingOf(run, 'encrypted', `pod/${canary.toPod}`)
      recording.frames = recording.frames.filter(({ data }) => !data.includes(canary.token))
      recount(run, 'encrypted', `pod/${canary.toPod}`)
    },
    notices: 'encrypted/app.delivered: fails',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'one packet of a pod in clear',
    change: (run) => inject(run, 'encrypted', 'wire/a', ethernet(podPacket)),
    notices: 'encrypted/wire.no-cleartext: fails',
    verdict: 'LEAK',
  },
  {
    what: 'one packet of a pod inside VXLAN',
    change: (run) =>
      inject(
        run,
        'encrypted',
        'wire/b',
        ethernet(ipv4('192.168.0.2', '192.168.0.3', 17, udp(1, 4789, vxlan(ethernet(podPacket))))),
      ),
    notices: 'encrypted/wire.no-cleartext: fails',
    verdict: 'LEAK',
  },
  {
    what: 'an ICMP error that quotes a packet of a pod',
    change: (run) =>
      inject(
        run,
        'encrypted',
        'wire/b',
        ethernet(ipv4('192.168.0.2', '192.168.0.1', 1, unreachable(podPacket.subarray(0, 28)))),
      ),
    notices: 'encrypted/wire.no-cleartext: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a pod packet in a frame of an unknown type',
    change: (run) => inject(run, 'encrypted', 'wire/c', ethernet(podPacket, 0x88b5)),
    notices: 'encrypted/wire.no-cleartext: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a canary, base64, between the nodes themselves',
    change: (run) => {
      const text = Buffer.from(`x${armOf(run, 'encrypted').canaries[0]!.token}`).toString('base64')
      inject(
        run,
        'encrypted',
        'wire/a',
        ethernet(ipv4('192.168.0.1', '192.168.0.2', 17, udp(1, 2, Buffer.from(text)))),
      )
    },
    notices: 'encrypted/wire.no-canary: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a canary split over two TCP segments between the nodes',
    change: (run) => {
      const { token } = armOf(run, 'encrypted').canaries[0]!
      const segment = (sequence: number, text: string) =>
        ethernet(ipv4('192.168.0.1', '192.168.0.2', 6, tcp(1, 2, sequence, Buffer.from(text))))
      inject(run, 'encrypted', 'wire/a', segment(100, token.slice(0, 15)))
      const { frames } = recordingOf(run, 'encrypted', 'wire/a')
      const data = segment(115, token.slice(15))
      frames.push({ time: frames.at(-1)!.time + 1n, data, length: data.length })
      recount(run, 'encrypted', 'wire/a')
    },
    notices: 'encrypted/wire.no-canary: fails',
    verdict: 'LEAK',
  },
  {
    what: 'an ESP packet of an SA that no node has',
    change: (run) => {
      const [sa] = associationsOf(run, 'encrypted').after
      inject(run, 'encrypted', 'wire/a', ethernet(esp(podPacket, { ...sa!, spi: 0xbad, sequence: 1 })))
    },
    notices: 'encrypted/wire.authentic: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a packet whose pod sent other bytes',
    change: (run) => {
      const sent = recordingOf(run, 'encrypted', 'pod/a1').frames.find(({ data }) => data[23] === 17)!
      sent.data = Buffer.from(sent.data)
      sent.data[sent.data.length - 1]! ^= 1
    },
    notices: 'encrypted/wire.complete: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a packet that two routers forwarded',
    change: (run) => {
      const [frame] = espFrames(run, 'encrypted', 'wire/a')
      reseal(frame!, { inner: routed(frame!.inner, 1) })
    },
    notices: 'encrypted/wire.complete: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a sequence number used twice',
    change: (run) => {
      const [first, ...others] = espFrames(run, 'encrypted', 'wire/a')
      const second = others.find(({ sa }) => sa.spi === first!.sa.spi)!
      reseal(second, { sequence: first!.sequence })
    },
    notices: 'encrypted/wire.unique: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a nonce used twice under a key',
    change: (run) => {
      const [first, ...others] = espFrames(run, 'encrypted', 'wire/a')
      const second = others.find(({ sa }) => sa.spi === first!.sa.spi)!
      reseal(second, { iv: first!.iv })
    },
    notices: 'encrypted/wire.unique: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a nonce of an earlier arm used again',
    change: (run) => {
      const [earlier] = espFrames(run, 'encrypted', 'wire/b')
      const later = espFrames(run, 'policies-deleted/strict', 'wire/b').find(
        ({ sa }) => sa.spi === earlier!.sa.spi,
      )!
      reseal(later, { iv: earlier!.iv })
    },
    notices: 'policies-deleted/strict/wire.unique: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a kernel that counted one packet less than was captured',
    change: (run) => {
      associationsOf(run, 'encrypted').after.find(({ direction }) => direction === 'out')!.packets--
    },
    notices: 'encrypted/wire.counted: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a packet under a key of the sender that its kernel never sent',
    change: (run) => {
      const [frame] = espFrames(run, 'encrypted', 'wire/a')
      const [arp] = recordingOf(run, 'encrypted', 'wire/a').frames
      const sent = recordingOf(run, 'encrypted', 'pod/a1').frames
      const packet = ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('sent by hand')))
      const seal = { ...frame!.sa, sequence: 9999, iv: 1n << 60n }
      arp!.data = ethernet(esp(routed(packet, 1), seal))
      arp!.length = arp!.data.length
      arp!.time = sent.at(-1)!.time
      sent.push({ time: sent.at(-1)!.time, data: ethernet(packet), length: packet.length + 14 })
      recount(run, 'encrypted', 'pod/a1')
    },
    notices: 'encrypted/wire.counted: fails',
    verdict: 'LEAK',
  },
  {
    what: 'a kernel that counted one byte more than was captured',
    change: (run) => {
      associationsOf(run, 'encrypted').after.find(({ direction }) => direction === 'out')!.bytes++
    },
    notices: 'encrypted/wire.counted: inconclusive',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'a receiver that counted a packet nobody captured',
    change: (run) => {
      associationsOf(run, 'encrypted').after.find(({ direction }) => direction === 'in')!.packets++
    },
    notices: 'encrypted/wire.counted: inconclusive',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'an instrument that dropped a frame',
    change: (run) => {
      armOf(run, 'encrypted').instruments[0]!.dropped = 1
    },
    notices: 'encrypted/wire.counted: inconclusive',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'an instrument that captured less than passed its interface',
    change: (run) => {
      armOf(run, 'encrypted').instruments[0]!.passed++
    },
    notices: 'encrypted/wire.counted: inconclusive',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'a control in which one canary was not seen at its sender',
    change: (run) => {
      const { token } = armOf(run, 'control').canaries[0]!
      const recording = recordingOf(run, 'control', 'wire/a')
      recording.frames = recording.frames.filter(({ data }) => !data.includes(token))
      recount(run, 'control', 'wire/a')
    },
    notices: 'control/control.seen: fails',
    verdict: 'INCONCLUSIVE',
  },
  {
    what: 'a control that ran encrypted',
    change: (run) => {
      armOf(run, 'control').settings.encryptL3 = true
    },
    notices: 'control/control.seen: inconclusive',
    verdict: 'INCONCLUSIVE',
  },
]

for (const { what, change, notices, verdict } of mutations)
  test(`${what}: ${notices}, and nothing else`, () => {
    const judgement = judged(change)
    assert.deepEqual(surprises(judgement), [notices])
    assert.equal(judgement.verdict, verdict)
  })

test('a flipped bit in an ESP packet fails the authenticity check and leaves unsaid what the packet held', () => {
  const judgement = judged((run) => {
    const [frame] = espFrames(run, 'encrypted', 'wire/a')
    frame!.captured.data[60]! ^= 1
  })
  assert.deepEqual(surprises(judgement), [
    'encrypted/wire.authentic: fails',
    'encrypted/wire.complete: inconclusive',
    'encrypted/wire.counted: inconclusive',
  ])
  assert.equal(judgement.verdict, 'LEAK')
})

test('a leak in strict mode is a LEAK though the arm was sabotaged', () => {
  const judgement = judged((run) => inject(run, 'policies-deleted/strict', 'wire/a', ethernet(podPacket)))
  assert.equal(judgement.verdict, 'LEAK')
  assert.equal(judgement.arms['policies-deleted/strict']?.verdict, 'LEAK')
  assert.equal(stateOf(judgement, 'policies-deleted/strict', 'sabotage.caught').state, 'fails')
})

/** Ways in which a run shows less than it must: none of them may pass. */
const blindnesses: Record<string, (run: SyntheticRun) => void> = {
  'a wire capture that is not of the wire': (run) => {
    for (const recording of run.recordings)
      if (recording.instrument === 'wire/a')
        recording.frames = recordingOf(run, recording.arm, 'pod/c1').frames.map((frame) => ({ ...frame }))
    for (const { name } of run.facts.arms) recount(run, name, 'wire/a')
  },
  'wire captures of an interface on which nothing happens': (run) => {
    for (const recording of run.recordings)
      if (recording.instrument.startsWith('wire/')) {
        recording.frames = []
        recount(run, recording.arm, recording.instrument)
      }
  },
  'a capture whose end is missing': (run) => {
    recordingOf(run, 'encrypted', 'wire/b').frames.splice(-5)
  },
  'a capture whose end is missing, with numbers that say otherwise': (run) => {
    recordingOf(run, 'encrypted', 'wire/b').frames.splice(-5)
    recount(run, 'encrypted', 'wire/b')
  },
  'a capture file that ends within a frame': (run) => {
    recordingOf(run, 'encrypted', 'wire/b').problem = 'the file ends within a record'
  },
  'frames cut short': (run) => {
    for (const frame of recordingOf(run, 'encrypted', 'wire/b').frames)
      frame.data = frame.data.subarray(0, 60)
  },
  'no traffic in the encrypted arm': (run) => {
    for (const recording of run.recordings)
      if (recording.arm === 'encrypted') {
        recording.frames = recording.frames.filter(({ data }) => data.readUInt16BE(12) === 0x0806)
        recount(run, 'encrypted', recording.instrument)
      }
    const associations = associationsOf(run, 'encrypted')
    associations.after = structuredClone(associations.before)
    armOf(run, 'encrypted').canaries = []
  },
  'no security associations': (run) => {
    for (const each of run.associations) each.before = each.after = []
  },
  'the security association of one pair of nodes missing': (run) => {
    const associations = associationsOf(run, 'encrypted')
    associations.after = associations.after.filter(({ spi }) => spi !== 0x1002)
    associations.before = associations.before.filter(({ spi }) => spi !== 0x1002)
  },
  'a wrong key in the security associations': (run) => {
    for (const list of [associationsOf(run, 'encrypted').before, associationsOf(run, 'encrypted').after])
      for (const sa of list) sa.key = `00${sa.key.slice(2)}`
  },
  'a wire port without an instrument': (run) => {
    armOf(run, 'encrypted').instruments = armOf(run, 'encrypted').instruments.filter(
      ({ name }) => name !== 'wire/c',
    )
    run.recordings = run.recordings.filter(
      ({ arm, instrument }) => arm !== 'encrypted' || instrument !== 'wire/c',
    )
  },
  'encryption off in the encrypted arm': (run) => {
    for (const instrument of ['wire/a', 'wire/b', 'wire/c'])
      recordingOf(run, 'encrypted', instrument).frames = recordingOf(run, 'control', instrument).frames
  },
  'no control': (run) => {
    run.facts.arms = run.facts.arms.filter(({ name }) => name !== 'control')
  },
  'no sabotage': (run) => {
    run.facts.arms = run.facts.arms.filter(({ name }) => !isSabotage(name))
  },
  'no sabotage in strict mode': (run) => {
    run.facts.arms = run.facts.arms.filter(({ name }) => !name.endsWith('/strict'))
  },
  'a sabotage that was none': (run) => {
    for (const arm of ['policies-deleted/permissive', 'policies-deleted/strict'] as const)
      delete armOf(run, arm).sabotage
  },
  'nothing at all': (run) => {
    run.facts.arms = []
    run.recordings = []
    run.associations = []
  },
}

for (const [what, change] of Object.entries(blindnesses))
  test(`${what} is never PROVEN`, () => {
    const judgement = judged(change)
    assert.notEqual(judgement.verdict, 'PROVEN')
    assert.match(judgement.says, /\w+.*\.$/)
  })

for (const arm of provenRun().facts.arms.map(({ name }) => name))
  test(`the ${arm} arm without any frame is never PROVEN`, () => {
    const judgement = judged((run) => {
      for (const recording of run.recordings) if (recording.arm === arm) recording.frames = []
    })
    assert.notEqual(judgement.verdict, 'PROVEN')
  })

test('offending frames are named by their place in the merged capture', () => {
  const run = provenRun()
  inject(run, 'encrypted', 'wire/a', ethernet(podPacket))
  const view = observe(run)
  const [frame] = stateOf(judge(view), 'encrypted', 'wire.no-cleartext').offenders
  assert.equal(frame?.interface, 'encrypted/wire/a')
  const wire = [...view.arms.values()].flatMap((arm) => arm.wire)
  assert.ok(wire[frame!.frame - 1]!.data.equals(ethernet(podPacket)))
  assert.match(frame!.why, /UDP 10\.0\.1\.2:9 → 10\.0\.2\.2:9 in clear/)
})

test('what was captured before the kernels were asked, or after, is not held against them', () => {
  const judgement = judged((run) => {
    const { readings } = armOf(run, 'encrypted')
    const { frames } = recordingOf(run, 'encrypted', 'wire/a')
    const open = opener(associationsOf(run, 'encrypted'))
    const sealed = frames.filter(({ data }) => open.open(decode(data, 1)).ok)
    const last = sealed.at(-1)!
    const { spi, inner } = open.open(decode(last.data, 1)) as { spi: number; inner: Buffer }
    readings.after = { from: `${last.time}`, to: `${last.time}` }
    for (const sa of associationsOf(run, 'encrypted').after)
      if (sa.spi === spi) {
        sa.packets--
        sa.sequence = `${BigInt(sa.sequence) - 1n}`
        sa.bytes -= inner.length
      }
  })
  assert.deepEqual(surprises(judgement), [])
  assert.equal(stateOf(judgement, 'encrypted', 'wire.counted').numbers.beforeOrAfterReadings, 1)
})

test('a control whose instruments lost packets controls nothing', () => {
  const judgement = judged((run) => {
    armOf(run, 'control').instruments.find(({ name }) => name === 'wire/b')!.dropped = 1
  })
  assert.deepEqual(surprises(judgement), ['control/control.seen: inconclusive'])
  assert.equal(judgement.verdict, 'INCONCLUSIVE')
})

test('of a node whose pods were silent nothing is known', () => {
  const judgement = judged((run) => {
    const arm = armOf(run, 'encrypted')
    arm.canaries = arm.canaries.filter(({ fromPod }) => !fromPod.startsWith('b'))
  })
  assert.equal(judgement.verdict, 'INCONCLUSIVE')
  assert.match(judgement.says, /^app\.delivered is inconclusive.*from b's pods/)
})

for (const direction of ['out', 'in'] as const)
  test(`a key that only one end of a security association holds is a LEAK: ${direction}`, () => {
    const judgement = judged((run) => {
      const { before, after } = associationsOf(run, 'encrypted')
      for (const sa of [...before, ...after])
        if (sa.node === 'b' && sa.direction === direction) sa.key = sa.key.split('').reverse().join('')
    })
    assert.equal(judgement.verdict, 'LEAK')
    assert.match(
      stateOf(judgement, 'encrypted', 'wire.authentic').says,
      direction === 'out' ? /the sender, .* does not hold/ : /the receiver, .* does not hold/,
    )
  })
