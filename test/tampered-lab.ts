import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import type { CapturePoint, Lab } from '../lab/lab.ts'
import { startCapture, type Vantage } from '../lab/namespaces/capture.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'

/** The lab with some of its methods replaced; the replacements may call the sound ones. */
export function tampered(lab: Lab, change: (lab: Lab) => Partial<Lab>): Lab {
  const sound = new Proxy(lab, {
    get: (target, key) => {
      const value = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const changes = change(sound)
  return new Proxy(sound, { get: (target, key) => Reflect.get(key in changes ? changes : target, key) })
}

/** Runs a command on a node as a saboteur beside the lab would. */
export async function on(lab: Lab, target: string, ...argv: string[]): Promise<void> {
  const child = lab.spawn(target, argv)
  const [code, said] = await Promise.all([child.exit, text(child.stderr)])
  assert.equal(code, 0, `${argv.join(' ')} on ${target}: ${said}`)
}

/** A lab whose instruments listen elsewhere than they say. */
export function listeningElsewhere(lab: NetnsLab, elsewhere: (vantage: Vantage) => Partial<Vantage>): Lab {
  return tampered(lab, () => ({
    capture: (directory, signal) =>
      startCapture(
        () => lab.vantages().map((vantage) => ({ ...vantage, ...elsewhere(vantage) })),
        directory,
        signal,
      ),
  }))
}

/** The points with one of them changed. */
export function withPoint(
  points: readonly CapturePoint[],
  name: string,
  change: (point: CapturePoint) => Partial<CapturePoint>,
): CapturePoint[] {
  assert.ok(points.some((point) => point.name === name))
  return points.map((point) => (point.name === name ? { ...point, ...change(point) } : point))
}

/** Offsets at which the records of a pcap file begin, and at the end its size. */
export function recordOffsets(pcap: Buffer): number[] {
  const offsets = [24]
  // tcpdump writes the byte order of the machine: little-endian on all that the lab runs on.
  for (let at = 24; at < pcap.length; offsets.push(at)) at += 16 + pcap.readUInt32LE(at + 8)
  return offsets
}
