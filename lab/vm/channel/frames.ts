/**
 * The messages between whoever wants a command run and whoever runs it: over a guest's serial line and over a keeper's
 * socket alike. A frame is a length (4 bytes), a kind (1), a command's number (4) and a payload.
 */
export const frameKind = {
  /** To the runner: begin a command; the payload is a {@link Start} in JSON. */
  start: 1,
  stdin: 2,
  stdinEnd: 3,
  /** To the runner: a signal's name, for the command's process group. */
  signal: 4,
  /** To the runner: `<columns>x<rows>`. */
  resize: 5,
  ping: 6,
  /** To the runner: the results of a command have been fetched. */
  fetched: 7,
  /** From the runner: it listens; the payload is JSON of its own. */
  ready: 16,
  stdout: 17,
  stderr: 18,
  /** From the runner: the command's end; the payload is {@link Exit} in JSON. */
  exit: 19,
  pong: 20,
  /** From a runner on a line that must be paced: so many bytes have arrived. */
  arrived: 21,
  /** Both ways: so many bytes of this command's data were consumed. */
  credit: 32,
} as const

export interface Start {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly results?: string
  readonly terminal?: { readonly columns: number; readonly rows: number }
}

export interface Exit {
  readonly code: number
  /** Why the command could not be run or its results not be handed back. */
  readonly problem?: string
  /** Results wait in the exchange directory under the command's number. */
  readonly resultsWait?: true
  /** Files that were left in the results directory and are not handed back, such as sockets. */
  readonly left?: readonly string[]
}

export interface Frame {
  readonly kind: number
  readonly command: number
  readonly payload: Buffer
}

const headerLength = 9
/** No honest sender comes near; a line that went out of step is noticed instead of waited on for ever. */
const maximumPayload = 1 << 20

export function encodeFrame(kind: number, command: number, payload: Uint8Array | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  const frame = Buffer.allocUnsafe(headerLength + body.length)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt8(kind, 4)
  frame.writeUInt32BE(command, 5)
  frame.set(body, headerLength)
  return frame
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0)

  /** @throws Error when the stream cannot be one of frames. */
  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk
    const frames: Frame[] = []
    let at = 0
    while (this.#pending.length - at >= headerLength) {
      const length = this.#pending.readUInt32BE(at)
      if (length > maximumPayload) throw new Error(`a frame of ${length} bytes: the line is out of step`)
      if (this.#pending.length - at < headerLength + length) break
      frames.push({
        kind: this.#pending.readUInt8(at + 4),
        command: this.#pending.readUInt32BE(at + 5),
        payload: this.#pending.subarray(at + headerLength, at + headerLength + length),
      })
      at += headerLength + length
    }
    this.#pending = this.#pending.subarray(at)
    return frames
  }
}
