import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../problem.ts'
import { runtimeProgram } from './container-runtime.ts'

/** In the daemon's own words, and so in what it remembers of a container: the same wherever a disk is used. */
const runtime = 'wireproof-runc'
const dataDirectory = '/var/lib/docker'
const log = '/var/log/dockerd.log'
const programs = '/run/wireproof/docker'
const startDeadlineMs = 180_000

export interface DockerDaemon {
  /** Of programs that use it. */
  readonly environment: NodeJS.ProcessEnv
  /** Leaves the disk as it is to be found again. */
  stop(): Promise<void>
  /** Ends with its kernel: this process need not wait for it. */
  leave(): void
}

/**
 * Starts Docker's daemon where nobody runs one, in a kernel that we booted or in namespaces of its own, with what it keeps on a
 * disk.
 *
 * @param disk a device, or the file of a file system.
 * @throws Problem where it does not start.
 */
export async function startDockerDaemon(disk: string): Promise<DockerDaemon> {
  completeDevices()
  // What this machine's own daemon has there is not for others to read.
  if (existsSync('/etc/docker')) mount('-t', 'tmpfs', 'none', '/etc/docker')
  mkdirSync(dataDirectory, { recursive: true })
  mount('-t', 'ext4', '-o', statSync(disk).isFile() ? 'loop,noatime' : 'noatime', disk, dataDirectory)
  const environment = {
    ...process.env,
    DOCKER_HOST: 'unix:///var/run/docker.sock',
    PATH: [...modprobe(), process.env.PATH].join(':'),
  }
  const output = openSync(log, 'a')
  const argv = [
    '--exec-opt',
    'native.cgroupdriver=cgroupfs',
    '--add-runtime',
    `${runtime}=${writeProgram(runtime, runtimeProgram(boundingSet()))}`,
    '--default-runtime',
    runtime,
  ]
  const daemon = spawn('dockerd', argv, { env: environment, stdio: ['ignore', output, output] })
  let ended = false
  const exit = new Promise<void>((resolve) => {
    daemon.once('error', () => resolve())
    daemon.once('exit', () => resolve())
  }).then(() => {
    ended = true
  })
  const isUp = () => spawnSync('docker', ['version'], { env: environment, stdio: 'ignore' }).status === 0
  for (const deadline = performance.now() + startDeadlineMs; !isUp(); await sleep(500))
    if (ended || performance.now() > deadline) throw notUp()
  return {
    environment: { ...environment, PATH: `${patientDocker()}:${environment.PATH}` },
    leave: () => daemon.unref(),
    stop: async () => {
      daemon.kill('SIGTERM')
      await exit
      spawnSync('umount', [dataDirectory])
    },
  }
}

function notUp(): Problem {
  const [last = 'it said nothing'] = readFileSync(log, 'utf8').trim().split('\n').slice(-1)
  return new Problem('EDOCKER', 4, `Docker does not start in the kernel that was booted: ${last}`)
}

function mount(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Problem('EMOUNT', 4, `mount ${argv.join(' ')}: ${stderr.trim()}`)
}

/** What every init makes, and shell scripts in kind's nodes rely on. */
function completeDevices(): void {
  const links = { fd: '/proc/self/fd', stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2' }
  for (const [name, target] of Object.entries(links))
    if (!existsSync(`/dev/${name}`)) symlinkSync(target, `/dev/${name}`)
}

/** The directory of the program by which this kernel loads modules, where it has any: iptables and Docker look for it on PATH. */
function modprobe(): string[] {
  const setting = '/proc/sys/kernel/modprobe'
  return existsSync(setting) ? [dirname(readFileSync(setting, 'utf8').trim())] : []
}

function boundingSet(): string {
  return /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!
}

/**
 * kind gives the systemd of a node 30 seconds, and an emulated processor needs more: this `docker run` returns when
 * systemd is up, so that kind finds it so.
 *
 * @returns the directory that goes before others on PATH.
 */
function patientDocker(): string {
  const { stdout } = spawnSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' })
  const docker = stdout.trim()
  return dirname(
    writeProgram(
      'docker',
      `#!/bin/bash
${docker} "$@" || exit
[ "$1" = run ] || exit 0
while [ $# -gt 0 ] && [ "$1" != --name ]; do shift; done
[ $# -gt 1 ] || exit 0
until ${docker} logs "$2" 2>&1 | grep -q 'Reached target .*Multi-User System'; do
  [ "$(${docker} inspect -f '{{.State.Running}}' "$2")" = true ] || exit 1
  sleep 1
done
`,
    ),
  )
}

function writeProgram(name: string, text: string): string {
  mkdirSync(programs, { recursive: true })
  const path = `${programs}/${name}`
  writeFileSync(path, text, { mode: 0o755 })
  return path
}
