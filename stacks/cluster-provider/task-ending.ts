/** As much of a pod as tells how its task ended. */
export interface TaskPod {
  readonly status?: {
    readonly phase?: string
    readonly message?: string
    readonly containerStatuses?: readonly {
      readonly state?: {
        readonly waiting?: { readonly reason?: string; readonly message?: string }
        readonly terminated?: {
          readonly exitCode: number
          readonly reason?: string
          readonly message?: string
        }
      }
    }[]
  }
}

export type Ending =
  | { readonly kind: 'running' }
  /** With what the task has reported. */
  | { readonly kind: 'done'; readonly report: string }
  /** With the end of a sentence that begins with the node. */
  | { readonly kind: 'failed'; readonly why: string }

/** What a kubelet says while it goes on trying what will not get better by itself. */
const hopeless = /^(ErrImage|ImagePull|InvalidImage|CreateContainer|RunContainer)/

export function endingOf({ status }: TaskPod): Ending {
  const { waiting, terminated } = status?.containerStatuses?.[0]?.state ?? {}
  if (terminated?.exitCode === 0) return { kind: 'done', report: terminated.message ?? '' }
  if (terminated) {
    const said = terminated.message?.trim() || terminated.reason
    return { kind: 'failed', why: `ended with ${terminated.exitCode}: ${said}` }
  }
  if (waiting?.reason?.match(/Image/))
    return { kind: 'failed', why: `cannot have the image: ${waiting.message ?? waiting.reason}` }
  if (waiting?.reason?.match(hopeless))
    return { kind: 'failed', why: `cannot start it: ${waiting.message ?? waiting.reason}` }
  if (status?.phase === 'Failed') return { kind: 'failed', why: status.message ?? 'does not take it' }
  return { kind: 'running' }
}
