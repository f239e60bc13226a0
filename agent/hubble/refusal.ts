import { status } from '@grpc/grpc-js'

/** Why a request is not answered: reaches who asked as a gRPC status. */
export class Refusal extends Error {
  readonly code: status
  /** What gRPC sends as the message. */
  readonly details: string

  constructor(code: status, details: string) {
    super(details)
    this.name = 'Refusal'
    this.code = code
    this.details = details
  }
}

/** What is asked for makes no sense. */
export function invalid(details: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, details)
}

/** What is asked for makes sense, elsewhere. */
export function unimplemented(details: string): Refusal {
  return new Refusal(status.UNIMPLEMENTED, details)
}
