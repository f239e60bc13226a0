import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseKernel, type Machine } from './choose-kernel.ts'

const machine = (changes: Partial<Machine> = {}): Machine => ({
  whyNoEsp: () => undefined,
  hostKernel: () => ({ kind: 'host', release: '6.99', machine: 'a machine' }),
  architecture: 'x64',
  ...changes,
})
const without = machine({ whyNoEsp: () => 'it has no ESP' })

test('a machine with ESP uses its own kernel', async () => {
  const choice = await chooseKernel('auto', machine())
  assert.equal(choice.kind, 'host')
  assert.deepEqual('description' in choice && choice.description.release, '6.99')
})

test('a machine without boots User-Mode Linux, or QEMU where there is none, and says why', async () => {
  const choice = await chooseKernel('auto', without)
  assert.equal(choice.kind, 'uml')
  assert.match(choice.why, /it has no ESP/)
  assert.equal(
    (await chooseKernel('auto', machine({ whyNoEsp: () => 'no', architecture: 'arm64' }))).kind,
    'qemu',
  )
})

test('what is asked for is done without asking the machine', async () => {
  const mute = machine({ whyNoEsp: () => assert.fail('asked') })
  assert.equal((await chooseKernel('uml', mute)).kind, 'uml')
  assert.deepEqual(
    (({ kind, ...rest }) => [kind, 'version' in rest && rest.version])(await chooseKernel('qemu:6.1', mute)),
    ['qemu', '6.1'],
  )
})

test('a host kernel that cannot is refused with exit code 3, an unknown one with 2', async () => {
  await assert.rejects(chooseKernel('host', without), { code: 'ENOESP', exitCode: 3 })
  for (const request of ['xen', 'qemu:2.4', 'uml:7', 'host:1', '']) {
    await assert.rejects(chooseKernel(request, machine()), { code: 'EKERNEL', exitCode: 2 }, request)
  }
})
