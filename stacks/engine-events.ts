/** What of Pulumi's event stream (`--json`) a person wants to see. */
export interface EngineEvent {
  readonly kind: 'progress' | 'error'
  readonly text: string
}

interface RawEvent {
  readonly diagnosticEvent?: { severity: string; message: string; urn?: string }
  readonly resourcePreEvent?: { metadata: { op: string; urn: string; type: string } }
}

const operations: Readonly<Record<string, string>> = {
  create: 'creating',
  update: 'updating',
  delete: 'deleting',
  replace: 'replacing',
}

/** Reads one line of the stream; undefined for what is of no interest, such as what Pulumi does for itself. */
export function readEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith('{')) return undefined
  const { diagnosticEvent, resourcePreEvent } = JSON.parse(line) as RawEvent
  if (diagnosticEvent) {
    const { severity, urn } = diagnosticEvent
    const text = diagnosticEvent.message.trim()
    // The stack's own line repeats only that something below it failed.
    if (severity === 'error') return text === 'update failed' ? undefined : { kind: 'error', text }
    return severity === 'info' && urn && text ? { kind: 'progress', text } : undefined
  }
  const { op, type, urn } = resourcePreEvent?.metadata ?? {}
  const verb = op === undefined ? undefined : operations[op]
  if (!verb || !type?.startsWith('wireproof-lab:')) return undefined
  return { kind: 'progress', text: `${verb} lab ${urn?.split('::').at(-1)}` }
}
