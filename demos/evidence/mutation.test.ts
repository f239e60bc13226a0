import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { decode } from 'tcpdump-parse'
import { type CheckId, checkIds, judge, observe } from '../proof/index.ts'
import { surprises } from '../proof/judged.ts'
import { opener } from '../proof/opener.ts'
import { armOf, provenRun, recordingOf, recount, type SyntheticRun } from '../proof/synthetic.ts'
import { strangersPort } from '../proof/synthetic-arm.ts'
import { esp, ethernet, ipv4, routed, udp } from '../proof/synthetic-packet.ts'
import { leaveBundle } from './signed-bundle.ts'
import { verifyBundle } from './verify.ts'

// Who can sign can sign anything; what he cannot is make the captures, counters and keys of a bundle agree with a lie. Each
// mutation alters one packet, one counter or one key, and leaves every claim, digest and signature in order.
const scratch = mkdtempSync(join(tmpdir(), 'wireproof-mutation-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const everything = { changes: ['rotate', 'policy', 'spoof', 'churn'], services: true } as const

const sealedFrames = (run: SyntheticRun, instrument: string) => {
  const associations = run.associations.find(({ arm }) => arm === 'encrypted')!
  const open = opener(associations)
  return recordingOf(run, 'encrypted', instrument).frames.flatMap((captured) => {
    const opened = open.open(decode(captured.data, 1))
    const sa = associations.after.find(({ spi }) => opened.ok && spi === opened.spi)
    return opened.ok && sa ? [{ captured, opened, sa }] : []
  })
}

const mutations: Readonly<
  Record<CheckId, { readonly what: string; change(run: SyntheticRun): void; notices: string }>
> = {
  'app.delivered': {
    what: 'one packet of a canary is not what its receiver got',
    change: (run) => {
      const { token, toPod } = armOf(run, 'encrypted').canaries.find(({ protocol }) => protocol === 'udp')!
      const frame = recordingOf(run, 'encrypted', `pod/${toPod}`).frames.find(({ data }) =>
        data.includes(token),
      )!
      frame.data[frame.data.indexOf(token)]! ^= 1
    },
    notices: 'encrypted/app.delivered: fails',
  },
  'app.lossless': {
    what: 'one packet of a stream is not what its receiver got',
    change: (run) => {
      const { token, toPod } = armOf(run, 'rotate').streams![0]!
      const frame = recordingOf(run, 'rotate', `pod/${toPod}`).frames.find(({ data }) =>
        data.includes(`${token} 5 `),
      )!
      frame.data[frame.data.indexOf(token)]! ^= 1
    },
    notices: 'rotate/app.lossless: fails',
  },
  'policy.enforced': {
    what: 'one packet that was denied as it arrived is in its receiver’s capture',
    change: (run) => {
      const { denials } = armOf(run, 'policy').change!
      const { pod, inForce } = denials!.find(({ direction }) => direction === 'ingress')!
      const { token, toPod } = armOf(run, 'policy').streams!.find(({ fromPod }) => fromPod === pod)!
      const denied = recordingOf(run, 'policy', `pod/${pod}`).frames.find(
        ({ data, time }) => time > BigInt(inForce) && data.includes(token),
      )!
      const { frames } = recordingOf(run, 'policy', `pod/${toPod}`)
      const index = frames.findIndex(({ time }) => time > denied.time)
      frames.splice(index, 0, { ...denied, time: denied.time + 1n })
      recount(run, 'policy', `pod/${toPod}`)
    },
    notices: 'policy/policy.enforced: fails',
  },
  'intruders.stopped': {
    what: 'one packet that an intruder sent is in a pod’s capture',
    change: (run) => {
      const { toPod } = armOf(run, 'spoof').change!.attempts!.find(({ kind }) => kind === 'clear')!
      const { frames } = recordingOf(run, 'spoof', strangersPort)
      recordingOf(run, 'spoof', `pod/${toPod}`).frames.push({ ...frames[0]! })
      recount(run, 'spoof', `pod/${toPod}`)
    },
    notices: 'spoof/intruders.stopped: fails',
  },
  'addresses.apart': {
    what: 'one association of an heir is its predecessor’s',
    change: (run) => {
      const { after } = run.associations.find(({ arm }) => arm === 'churn')!
      after.find(({ node, direction }) => node === 'g2' && direction === 'out')!.node = 'g1'
    },
    notices: 'churn/addresses.apart: fails',
  },
  'wire.no-cleartext': {
    what: 'one packet that is not a pod’s has the address of a pod',
    change: (run) => {
      const [frame] = recordingOf(run, 'encrypted', 'wire/a').frames
      frame!.data = ethernet(routed(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('in clear'))), 1))
      frame!.length = frame!.data.length
    },
    notices: 'encrypted/wire.no-cleartext: fails',
  },
  'wire.no-canary': {
    what: 'one packet between nodes carries a canary, backwards',
    change: (run) => {
      const { token } = armOf(run, 'encrypted').canaries[0]!
      const [frame] = recordingOf(run, 'encrypted', 'wire/a').frames
      const backwards = Buffer.from(token).reverse()
      frame!.data = ethernet(ipv4('192.168.0.1', '192.168.0.2', 17, udp(9, 9, backwards)))
      frame!.length = frame!.data.length
    },
    notices: 'encrypted/wire.no-canary: fails',
  },
  'wire.authentic': {
    what: 'one key of a receiver is another',
    change: (run) => {
      const { before, after } = run.associations.find(({ arm }) => arm === 'encrypted')!
      for (const sa of [...before, ...after])
        if (sa.node === 'b' && sa.direction === 'in' && sa.source === '192.168.0.1')
          sa.key = `00${sa.key.slice(2)}`
    },
    notices: 'encrypted/wire.authentic: fails',
  },
  'wire.complete': {
    what: 'one packet that a pod sent has another byte at its end',
    change: (run) => {
      const frame = recordingOf(run, 'encrypted', 'pod/a1').frames.find(({ data }) => data[23] === 17)!
      frame.data = Buffer.from(frame.data)
      frame.data[frame.data.length - 1]! ^= 1
    },
    notices: 'encrypted/wire.complete: fails',
  },
  'wire.unique': {
    what: 'one packet uses the nonce of another',
    change: (run) => {
      const [first, ...others] = sealedFrames(run, 'wire/a')
      const second = others.find(({ sa }) => sa === first!.sa)
      const { captured, opened, sa } = second!
      const iv = first!.opened.iv.readBigUInt64BE()
      captured.data = ethernet(esp(opened.inner, { ...sa, sequence: opened.sequence, iv }))
    },
    notices: 'encrypted/wire.unique: fails',
  },
  'wire.counted': {
    what: 'one counter is lower by a packet',
    change: (run) => {
      const { after } = run.associations.find(({ arm }) => arm === 'encrypted')!
      after.find(({ direction }) => direction === 'out')!.packets--
    },
    notices: 'encrypted/wire.counted: fails',
  },
  'control.seen': {
    what: 'one canary is missing at its sender’s port in the control arm',
    change: (run) => {
      const { token } = armOf(run, 'control').canaries.find(({ protocol }) => protocol === 'udp')!
      const recording = recordingOf(run, 'control', 'wire/a')
      recording.frames = recording.frames.filter(({ data }) => !data.includes(token))
      recount(run, 'control', 'wire/a')
    },
    notices: 'control/control.seen: fails',
  },
  'scope.side-by-side': {
    what: 'one canary that no policy covers was never sent in clear',
    change: (run) => {
      const { token } = armOf(run, 'services').canaries.find(
        ({ fromPod, toPod, protocol }) => fromPod === 'a1' && toPod === 'c1' && protocol === 'udp',
      )!
      for (const instrument of ['wire/a', 'pod/a1', 'pod/c1']) {
        const [frame] = recordingOf(run, 'services', instrument).frames.filter(({ data }) =>
          data.includes(token),
        )
        if (instrument === 'pod/c1') continue
        const at = frame!.data.indexOf(token)
        frame!.data = Buffer.from(frame!.data)
        frame!.data[at]! ^= 1
      }
    },
    notices: 'services/scope.side-by-side: fails',
  },
  'sabotage.caught': {
    what: 'one counter of what the strict agent dropped is nought',
    change: (run) => {
      armOf(run, 'policies-deleted/strict').countersAfter.a = {}
    },
    notices: 'policies-deleted/strict/sabotage.caught: fails',
  },
}

describe('a lie in a bundle that is signed and whole is found by exactly one check', () => {
  for (const id of checkIds) {
    const { what, change, notices } = mutations[id]
    test(`${id}: ${what}`, async () => {
      const proven = observe(provenRun(everything))
      const claims = judge(proven)
      assert.equal(claims.verdict, 'PROVEN')
      const run = provenRun(everything)
      change(run)
      const directory = join(scratch, id)
      await leaveBundle(directory, run, { claims })
      const { verdict, judgement, differences } = await verifyBundle(directory)
      assert.deepEqual(surprises(judgement), [notices])
      assert.notEqual(verdict, 'PROVEN')
      assert.match(differences[0] ?? '', /^evidence\.json: claims PROVEN, and the captures say/)
      const named = differences.filter((difference) => difference.includes('claims "'))
      assert.equal(named.length, 1)
      assert.ok(named[0]!.includes(notices.slice(0, notices.indexOf(': '))), named[0])
    })
  }
})
