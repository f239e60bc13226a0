import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../problem.ts'

/** The disk of a kernel that we booted. */
const disk = '/dev/vda'
const dataDirectory = '/var/lib/docker'
const log = '/var/log/dockerd.log'
const programs = '/run/wireproof/docker'
const startDeadlineMs = 180_000

export interface DockerDaemon {
  /** Of programs that use it. */
  readonly environment: NodeJS.ProcessEnv
  /** Leaves the disk as it is to be found again. */
  stop(): Promise<void>
}

/**
 * In a kernel that we booted nobody runs Docker yet: starts its daemon, with what it keeps on the kernel's disk.
 *
 * @throws Problem where it does not start.
 */
export async function startDockerDaemon(): Promise<DockerDaemon> {
  completeDevices()
  // What this machine's own daemon has there is not for others to read.
  if (existsSync('/etc/docker')) mount('-t', 'tmpfs', 'none', '/etc/docker')
  mkdirSync(dataDirectory, { recursive: true })
  mount('-t', 'ext4', '-o', 'noatime', disk, dataDirectory)
  const environment = { ...process.env, PATH: `${modprobe()}:${process.env.PATH}` }
  const output = openSync(log, 'a')
  const argv = [
    '--exec-opt',
    'native.cgroupdriver=cgroupfs',
    '--add-runtime',
    `generous=${generousRuntime()}`,
    '--default-runtime',
    'generous',
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

/** The directory of the program by which this kernel loads modules: iptables and Docker look for it on PATH. */
function modprobe(): string {
  return dirname(readFileSync('/proc/sys/kernel/modprobe', 'utf8').trim())
}

/**
 * Docker before 23 does not know of CAP_BPF and CAP_PERFMON, which it has to give to whoever is to have all: an agent in a node
 * could not have them.
 *
 * @returns the path of a runtime that adds them.
 */
function generousRuntime(): string {
  return writeProgram(
    'generous-runc',
    `#!/bin/bash
for word in "$@"; do
  case $previous in
  --bundle|-b) file=$word/config.json ;;
  --process|-p) file=$word ;;
  esac
  previous=$word
done
if [ -n "$file" ] && ! grep -q CAP_BPF "$file"; then
  sed -i 's/"CAP_SYS_ADMIN"/"CAP_SYS_ADMIN","CAP_BPF","CAP_PERFMON"/g' "$file"
fi
exec runc "$@"
`,
  )
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
