/**
 * What the datapath's programs cost: the time of each on the packet it sees most (BPF_PROG_TEST_RUN, the least of 40
 * means), and the instructions the verifier followed to take it. In the kernel it is started in; needs root.
 *
 *     node bench/programs.ts
 *     node lab/vm/run.ts --kernel qemu:6.1 -- node bench/programs.ts
 */
import { readFileSync } from 'node:fs'
import { socketBuffer } from '@wireproof/libbpf'
import { Datapath, decryptedFrom, here, type ProgramName, testDevice, there } from '../bpf/test/datapath.ts'
import { datagram, ethernet, ipv4, protocols } from '../bpf/test/frames.ts'
import { table } from './timing.ts'

const esp = (source: string, destination: string) =>
  ethernet('ipv4', ipv4({ source, destination }, protocols.esp, Buffer.alloc(64)))

interface Case {
  readonly what: string
  readonly program: ProgramName
  readonly data: Buffer
  readonly mark?: number
  /** As counted: another decision would be another path through the program. */
  readonly decision: string
}

/** A packet's way from pod to pod on another node. */
const way: readonly Case[] = [
  {
    what: 'from_pod',
    program: 'from_pod',
    data: datagram({ source: here.pod, destination: there.pod }),
    decision: 'from-pod/encrypted/protected',
  },
  {
    what: 'to_wire, ESP',
    program: 'to_wire',
    data: esp(here.underlay, there.underlay),
    decision: 'to-wire/encrypted/protected',
  },
  {
    what: 'from_wire, ESP',
    program: 'from_wire',
    data: esp(there.underlay, here.underlay),
    decision: 'from-wire/encrypted/protected',
  },
  {
    what: 'from_wire, decrypted',
    program: 'from_wire',
    data: datagram({ source: there.pod, destination: here.pod }),
    mark: decryptedFrom(there.id),
    decision: 'from-wire/decrypted/protected',
  },
  {
    what: 'to_pod',
    program: 'to_pod',
    data: datagram({ source: there.pod, destination: here.pod }),
    mark: decryptedFrom(there.id),
    decision: 'to-pod/decrypted/protected',
  },
]

if (process.geteuid?.() !== 0) {
  process.stderr.write('this benchmark loads BPF programs\n  Run it as root.\n')
  process.exit(3)
}
using datapath = new Datapath('strict')
datapath.placePod(here.pod)
let total = 0
const rows = way.map(({ what, program, data, mark = 0, decision }) => {
  const outcome = datapath.run(program, data, mark)
  if (outcome.decision !== decision) throw new Error(`${what}: ${outcome.decision}, not ${decision}`)
  const context = socketBuffer({ mark, device: testDevice })
  const loaded = datapath.object.program(program)
  const times = Array.from({ length: 40 }, () => loaded.testRun({ data, context, repeat: 10_000 }).durationNs)
  const least = Math.min(...times)
  total += least
  return [what, `${least}`, loaded.verifiedInstructions.toLocaleString('en')]
})
rows.push(['a packet, from pod to pod', `${total}`, ''])
const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
console.log(table([`Linux ${release}`, 'ns', 'verified insns'], rows))
