/**
 * Asks an agent a question over its socket: `node probe.mjs <socket> </healthz or /readyz>`. Ends with 0 where the answer is
 * yes. Plain JavaScript, since kubelet asks every few seconds: to strip types takes Node longer than the answer.
 */
import { get } from 'node:http'

const [socketPath, path] = process.argv.slice(2)
get({ socketPath, path }, (response) => {
  response.pipe(process.stdout)
  process.exitCode = response.statusCode === 200 ? 0 : 1
}).on('error', ({ message }) => {
  console.error(message)
  process.exitCode = 1
})
