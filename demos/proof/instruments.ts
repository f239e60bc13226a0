import { guestsOf } from './guests.ts'
import type { ArmView } from './observe.ts'
import type { RunFacts } from './run.ts'

/** Why an arm's wire captures cannot answer any question; undefined when they can. */
export function nothingToJudge(arm: ArmView): string | undefined {
  if (arm.wire.length === 0) return 'The wire captures hold no frame.'
  if (arm.account().sent.length === 0)
    return "No packet from a pod to another node is in the pods' captures, so the wire had nothing to carry."
  const expectsEsp = arm.facts.settings.encryptL3 && !arm.facts.sabotage
  if (expectsEsp && !arm.wire.some(({ frame }) => frame.esp))
    return `None of ${arm.wire.length.toLocaleString('en')} frames on the wire is ESP, though pods sent packets to other nodes.`
  return undefined
}

/** What the instruments of an arm missed, in words; empty when they vouch for having recorded everything. */
export function instrumentFaults(arm: ArmView, topology: Pick<RunFacts, 'nodes' | 'pods'>): string[] {
  const guests = guestsOf(arm)
  const expected = [
    ...[...topology.nodes, ...guests.nodes].map(({ name }) => `wire/${name}`),
    ...[...topology.pods, ...guests.pods].map(({ name }) => `pod/${name}`),
    ...(arm.facts.scope?.nodes ?? []).map((name) => `node/${name}`),
  ]
  const others = arm.facts.instruments.map(({ name }) => name).filter((name) => !expected.includes(name))
  return [...expected, ...others].flatMap((name) => {
    const instrument = arm.facts.instruments.find((each) => each.name === name)
    const recording = arm.recordings.find((each) => each.instrument === name)
    if (!instrument) return [`there was no instrument at ${name}`]
    const faults: string[] = []
    const { captured, passed, dropped } = instrument
    if (dropped > 0) faults.push(`${name} dropped ${dropped}`)
    if (captured < passed) faults.push(`${name} saw ${passed} pass and captured ${captured}`)
    const recorded = recording?.frames.length ?? 0
    if (recorded !== captured) faults.push(`${name} captured ${captured} and its file holds ${recorded}`)
    if (recording?.problem !== undefined) faults.push(`${name}: ${recording.problem}`)
    const cut = recording?.frames.filter(({ data, length }) => data.length < length).length ?? 0
    if (cut > 0) faults.push(`${name} cut ${cut} frames short`)
    return faults
  })
}
