import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as sample from '../progress/sample-output.ts'
import { diagnose } from './diagnose.ts'

/** What was printed for each, by kind 0.32.0 or by Docker's client 28.2 with a daemon 20.10. */
const recorded: readonly (readonly [code: string, output: string])[] = [
  ['EPORTINUSE', sample.portInUse],
  ['EEXISTS', sample.exists],
  ['EPULL', sample.imageMissing],
  ['ECOMMAND', sample.failed],
  [
    'EPROVIDERDOWN',
    `ERROR: failed to list clusters: command "docker ps -a --filter label=io.x-k8s.kind.cluster --format '{{.Label "io.x-k8s.kind.cluster"}}'" failed with error: exit status 1

Command Output: Cannot connect to the Docker daemon at unix:///nonexist.sock. Is the docker daemon running?`,
  ],
  [
    'ENOPROVIDER',
    'ERROR: failed to create cluster: failed to get nerdctl info: command "nerdctl info --format \'{{json .}}\'" failed with error: exec: "nerdctl": executable file not found in $PATH\n\nCommand Output: ',
  ],
  [
    'ENOPROVIDER',
    'ERROR: failed to create cluster: failed to get podman info (podman info --format json): "": command "podman info --format json" failed with error: exec: "podman": executable file not found in $PATH',
  ],
  ['ENOIMAGE', 'ERROR: image: "nope:1" not present locally'],
  ['ENOIMAGE', 'Error response from daemon: no such image: nope: No such image: nope:latest'],
  ['ENOCLUSTER', 'ERROR: unknown cluster "nope"'],
  ['ENOCLUSTER', 'ERROR: no nodes found for cluster "nope"'],
  [
    'ENOCLUSTER',
    "ERROR: could not locate any control plane nodes for cluster named 'nope'. Use the --name option to select a different cluster",
  ],
  ['ENONODE', 'ERROR: unknown node: x'],
]

describe('the last lines of a command tell', () => {
  for (const [code, output] of recorded)
    test(`${code}: ${output.split('\n').at(-1)?.slice(0, 60)}`, () =>
      assert.equal(diagnose(output.split('\n')).code, code))
})

test('what is not recognized is left to speak for itself', () => {
  assert.deepEqual(diagnose(['something else']), { code: 'ECOMMAND' })
  assert.deepEqual(diagnose([]), { code: 'ECOMMAND' })
})

test('a daemon that is not for this user', () => {
  const line =
    'permission denied while trying to connect to the Docker daemon socket at unix:///run/docker.sock: Get "http://%2Frun%2Fdocker.sock/v1.50/containers/json": dial unix /run/docker.sock: connect: permission denied'
  const { code, remedy } = diagnose([line])
  assert.equal(code, 'EPERMISSION')
  assert.match(remedy!, /group/)
})
