/** Brings the stock commands that tests run. Where they have to be built here, that takes minutes. */
import { obtainHubble } from '../setup/hubble/client.ts'
import { obtainCli } from '../setup/pulumi/cli.ts'

const report = (line: string) => process.stdout.write(`${line}\n`)
await obtainHubble({ report })
await obtainCli({ upTo: 'build', report })
