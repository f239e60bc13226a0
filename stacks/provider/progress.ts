import { createRequire } from 'node:module'
import type { EngineClient } from '@pulumi/pulumi/proto/engine_grpc_pb.js'
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb.js'

/** Shows what goes on with a resource, on that resource's own line, and what of it stays to be read. */
export type Log = (urn: string, line: string, isWarning?: boolean) => void

// The SDK's generated modules are CommonJS that Node's import cannot see the names of, and the transport has to be the
// very copy that the SDK uses.
const require = createRequire(import.meta.url)
const { EngineClient: Client } = require('@pulumi/pulumi/proto/engine_grpc_pb.js') as {
  EngineClient: typeof EngineClient
}
const { LogRequest: Request, LogSeverity } = require('@pulumi/pulumi/proto/engine_pb.js') as {
  LogRequest: typeof LogRequest
  LogSeverity: { INFO: 1; WARNING: 2 }
}
const requireOfSdk = createRequire(require.resolve('@pulumi/pulumi/package.json'))
const { credentials } = requireOfSdk('@grpc/grpc-js') as typeof import('@grpc/grpc-js')

/** Without an engine (a provider that someone started by hand) nothing is shown. */
export function engineLog(address: string | undefined): Log {
  if (!address) return () => {}
  const engine = new Client(address, credentials.createInsecure())
  return (urn, line, isWarning = false) => {
    const request = new Request()
    request.setSeverity(isWarning ? LogSeverity.WARNING : LogSeverity.INFO)
    request.setUrn(urn)
    request.setMessage(line)
    request.setEphemeral(!isWarning)
    // Progress is a courtesy: a line that the engine no longer takes is no reason to fail.
    engine.log(request, () => {})
  }
}
