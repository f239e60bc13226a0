import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from 'tcpdump-parse'
import { judged, stateOf, surprises } from './judged.ts'
import { opener } from './opener.ts'
import { armOf, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { esp, ethernet, fragmented, ipv4, udp } from './synthetic-packet.ts'

/** The first ESP packet of a wire port, and what it holds. */
function firstSealed(run: SyntheticRun) {
  const recording = recordingOf(run, 'encrypted', 'wire/a')
  const associations = run.associations.find(({ arm }) => arm === 'encrypted')!
  const open = opener(associations)
  for (const [index, captured] of recording.frames.entries()) {
    const opened = open.open(decode(captured.data, 1))
    if (!opened.ok) continue
    const ends = associations.after.filter(({ spi }) => spi === opened.spi)
    return { recording, index, captured, opened, ends }
  }
  throw new Error('no ESP packet')
}

/** Puts other frames in the place of one, a nanosecond apart. */
function replace(
  { recording, index, captured }: ReturnType<typeof firstSealed>,
  frames: readonly Buffer[],
): void {
  const instead = frames.map((data, place) => ({
    time: captured.time + BigInt(place),
    data,
    length: data.length,
  }))
  recording.frames.splice(index, 1, ...instead)
}

/** The node seals the fragments of the packet, one by one, instead of the packet. */
function cutUpBeforeSealing(run: SyntheticRun, pieces: (packet: Buffer) => Buffer[]): void {
  const sealed = firstSealed(run)
  const { opened, ends } = sealed
  const sent = recordingOf(run, 'encrypted', 'pod/a1').frames.find(({ data }) => data[23] === 17)!
  sent.data = ethernet(withoutDontFragment(sent.data.subarray(14)))
  const parts = pieces(withoutDontFragment(opened.inner))
  const last = ends[0]!.packets
  replace(
    sealed,
    parts.map((part, place) =>
      ethernet(esp(part, { ...ends[0]!, sequence: place === 0 ? opened.sequence : last + place })),
    ),
  )
  for (const end of ends) {
    end.packets += parts.length - 1
    end.sequence = `${Number(end.sequence) + parts.length - 1}`
    end.bytes += parts.reduce((sum, part) => sum + part.length, 0) - opened.inner.length
  }
  recount(run, 'encrypted', 'wire/a')
}

test('a packet that its node cut up before it sealed it is found again, and said to be', () => {
  const judgement = judged((run) => cutUpBeforeSealing(run, (packet) => fragmented(packet, 24)))
  assert.deepEqual(surprises(judgement), [])
  const { numbers, says } = stateOf(judgement, 'encrypted', 'wire.complete')
  assert.equal(numbers.reassembled, 1)
  assert.match(says, /1 of them put together from fragments/)
})

test('a packet of which one fragment is missing is missing', () => {
  const judgement = judged((run) => cutUpBeforeSealing(run, (packet) => fragmented(packet, 24).slice(0, -1)))
  assert.deepEqual(surprises(judgement), ['encrypted/wire.complete: fails'])
  assert.match(stateOf(judgement, 'encrypted', 'wire.complete').says, /1 missing, \d extra/)
})

test('a packet of which one fragment was changed is missing', () => {
  const judgement = judged((run) =>
    cutUpBeforeSealing(run, (packet) => {
      const pieces = fragmented(packet, 24)
      pieces[1]![25]! ^= 1
      return pieces
    }),
  )
  assert.deepEqual(surprises(judgement), ['encrypted/wire.complete: fails'])
})

test('a packet that its pod sent in fragments is found again where its node sealed it whole', () => {
  const judgement = judged((run) => {
    const recording = recordingOf(run, 'encrypted', 'pod/a1')
    const index = recording.frames.findIndex(({ data }) => data[23] === 17)
    const captured = recording.frames[index]!
    const packet = withoutDontFragment(captured.data.subarray(14))
    const sealed = firstSealed(run)
    const onWire = withoutDontFragment(sealed.opened.inner)
    replace(sealed, [ethernet(esp(onWire, { ...sealed.ends[0]!, sequence: sealed.opened.sequence }))])
    const pieces = fragmented(packet, 24).map((data) => ethernet(data))
    recording.frames.splice(
      index,
      1,
      ...pieces.map((data, place) => ({ time: captured.time + BigInt(place), data, length: data.length })),
    )
    recount(run, 'encrypted', 'pod/a1')
  })
  assert.deepEqual(surprises(judgement), [])
  assert.match(stateOf(judgement, 'encrypted', 'wire.complete').says, /put together from fragments/)
})

test('an ESP packet in fragments is verified when it is whole, and left open when it is not', () => {
  const inPieces = (pieces: (packet: Buffer) => Buffer[]) =>
    judged((run) => {
      const sealed = firstSealed(run)
      const packet = withoutDontFragment(sealed.captured.data.subarray(14))
      replace(
        sealed,
        pieces(packet).map((piece) => ethernet(piece)),
      )
      recount(run, 'encrypted', 'wire/a')
    })
  const whole = inPieces((packet) => fragmented(packet, 48))
  assert.deepEqual(surprises(whole), [])
  assert.ok(stateOf(whole, 'encrypted', 'wire.authentic').numbers.fragments! > 1)
  const lacking = inPieces((packet) => fragmented(packet, 48).slice(1))
  assert.equal(stateOf(lacking, 'encrypted', 'wire.authentic').state, 'inconclusive')
  assert.notEqual(lacking.verdict, 'PROVEN')
})

test('a checksum that does not follow from the time to live is told', () => {
  const judgement = judged((run) => {
    const sealed = firstSealed(run)
    const inner = Buffer.from(sealed.opened.inner)
    inner[10]! ^= 1
    replace(sealed, [ethernet(esp(inner, { ...sealed.ends[0]!, sequence: sealed.opened.sequence }))])
  })
  assert.deepEqual(surprises(judgement), ['encrypted/wire.complete: fails'])
  assert.match(stateOf(judgement, 'encrypted', 'wire.complete').says, /1 with a wrong checksum/)
})

test('a canary that shows only when fragments are put together is found', () => {
  const judgement = judged((run) => {
    const { token } = armOf(run, 'encrypted').canaries[0]!
    const packet = withoutDontFragment(
      ipv4('192.168.0.1', '192.168.0.2', 17, udp(1, 2, Buffer.from(`before ${token} after`))),
    )
    const recording = recordingOf(run, 'encrypted', 'wire/a')
    const { time } = recording.frames.at(-1)!
    for (const [place, piece] of fragmented(packet, 24).entries()) {
      const data = ethernet(piece)
      recording.frames.push({ time: time + BigInt(place + 1), data, length: data.length })
    }
    recount(run, 'encrypted', 'wire/a')
  })
  assert.deepEqual(surprises(judgement), ['encrypted/wire.no-canary: fails'])
  assert.match(stateOf(judgement, 'encrypted', 'wire.no-canary').says, /of a packet in fragments/)
})

function withoutDontFragment(packet: Buffer): Buffer {
  const copy = Buffer.from(packet)
  copy[6]! &= ~0x40
  return ipv4(
    [...copy.subarray(12, 16)].join('.'),
    [...copy.subarray(16, 20)].join('.'),
    copy[9]!,
    copy.subarray(20),
    copy[8]!,
    { dontFragment: false },
  )
}
