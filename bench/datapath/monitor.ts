/** Listens to the flows of the agents whose sockets it is given, as `wireproof monitor` does, until its input ends. */
import { connectAgent } from '../../agent/client.ts'

const end = new AbortController()
process.stdin.on('end', () => end.abort()).resume()
let flows = 0
await Promise.all(
  process.argv.slice(2).map(async (socket) => {
    const agent = connectAgent(socket)
    await agent.status(end.signal)
    process.stdout.write('connected\n')
    for await (const _ of agent.flows(end.signal)) flows++
  }),
)
process.stdout.write(`${flows}\n`)
