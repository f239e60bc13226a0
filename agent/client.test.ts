import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connectAgent } from './client.ts'

function socketFor(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-client-'))
  context.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'agent.sock')
}

test('every question has a connection of its own', async (context) => {
  const socketPath = socketFor(context)
  const connections = new Set<unknown>()
  const agent = createServer(({ socket }, answer) => {
    connections.add(socket)
    answer.end('{}')
  })
  context.after(() => agent.close())
  await new Promise<void>((resolve) => agent.listen(socketPath, resolve))
  const client = connectAgent(socketPath)
  for (let asked = 1; asked <= 3; asked++) {
    await client.status()
    assert.equal(connections.size, asked)
  }
})

test('where nobody listens, the socket is named', async (context) => {
  const socketPath = socketFor(context)
  await assert.rejects(connectAgent(socketPath).status(), { code: 'EAGENT', message: new RegExp(socketPath) })
})
