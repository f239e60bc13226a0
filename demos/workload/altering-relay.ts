import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'

/** Relays UDP and TCP to another address with one bit of what the client sends flipped: the control for `unchanged`. */
export async function startAlteringRelay(address: string, to: string, port: number): Promise<() => void> {
  const datagrams = createSocket('udp4')
  datagrams.on('message', (message, client) => {
    const onward = createSocket('udp4')
    onward.once('message', (answer) => {
      datagrams.send(answer, client.port, client.address)
      onward.close()
    })
    onward.send(altered(message), port, to)
  })
  const connections = createServer({ allowHalfOpen: true }, (client) => {
    const onward = connect({ host: to, port, allowHalfOpen: true })
    let first = true
    client.on('data', (chunk) => {
      onward.write(first ? altered(chunk) : chunk)
      first = false
    })
    client.on('end', () => onward.end())
    onward.pipe(client)
  })
  await new Promise<void>((resolve) => void datagrams.bind(port, address, resolve))
  await new Promise<void>((resolve) => void connections.listen(port, address, resolve))
  return () => {
    datagrams.close()
    connections.close()
  }
}

function altered(data: Buffer): Buffer {
  const copy = Buffer.from(data)
  copy[0]! ^= 1
  return copy
}
