import { ESP_SECRETS, type EspSa, espDsb, PcapngWriter } from 'tcpdump-parse'
import { inOrder, kindOf, type RunView } from '../proof/index.ts'
import { comments } from './comment.ts'

/**
 * Merges the recordings of all arms into one pcapng file, in the order of time, each frame with a comment. With `keys`
 * they go into a secrets block before the frames.
 */
export async function writeMerged(
  path: string,
  run: RunView,
  kind: 'wire' | 'pod',
  keys?: readonly EspSa[],
): Promise<void> {
  const writer = new PcapngWriter(path, {
    hardware: run.material.facts.kernel.machine,
    application: 'wireproof',
  })
  try {
    const frames = inOrder(run.material.recordings, kind)
    const interfaces = new Map<object, number>()
    for (const recording of run.material.recordings)
      if (kindOf(recording.instrument) === kind)
        interfaces.set(
          recording,
          writer.addInterface({
            name: `${recording.arm}/${recording.instrument}`,
            description: describe(recording.instrument),
            linkType: recording.linkType,
          }),
        )
    if (keys) writer.addSecrets(ESP_SECRETS, espDsb(keys))
    const says = comments(run, kind)
    frames.forEach(({ recording, frame }, index) => {
      const comment = says.get(index + 1)
      writer.writePacket({
        interface: interfaces.get(recording)!,
        time: frame.time,
        data: frame.data,
        length: frame.length,
        ...(comment !== undefined && { comment }),
      })
    })
  } finally {
    await writer.close()
  }
}

function describe(instrument: string): string {
  const [kind, name] = instrument.split('/')
  if (kind === 'wire') return `What node ${name} put on the wire, seen at a bridge port that no agent owns`
  return kind === 'pod'
    ? `Both directions at pod ${name}`
    : `What reached node ${name}: as it came, and once more where it was decrypted`
}
