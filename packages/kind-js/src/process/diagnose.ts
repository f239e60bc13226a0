import type { KindErrorCode } from '../error.ts'

/** What the last lines of a command tell of why it failed. */
export interface Diagnosis {
  readonly code: KindErrorCode
  /** In a few words; nothing where the lines have to speak for themselves. */
  readonly why?: string
  readonly remedy?: string
}

interface Sign extends Diagnosis {
  readonly pattern: RegExp
}

/** The first that fits counts. */
const signs: readonly Sign[] = [
  {
    pattern: /permission denied while trying to connect to the|dial unix \S+: connect: permission denied/i,
    code: 'EPERMISSION',
    why: 'the container daemon is not for this user',
    remedy: 'Run as root, or add the user to the daemon’s group (docker) and log in again.',
  },
  {
    pattern:
      /cannot connect to the (docker|podman) daemon|is the docker daemon running|cannot connect to podman|cannot access containerd socket|error during connect/i,
    code: 'EPROVIDERDOWN',
    why: 'the container daemon does not answer',
    remedy: 'Start it (systemctl start docker), or point DOCKER_HOST to where it is.',
  },
  {
    pattern: /exec: "(docker|podman|nerdctl|finch|nerdctl\.lima)": executable file not found/,
    code: 'ENOPROVIDER',
    why: 'the program of the container provider is not on PATH',
    remedy: 'Install Docker, Podman or nerdctl.',
  },
  {
    pattern:
      /node\(s\) already exist for a cluster with the name|The container name "[^"]*" is already in use/,
    code: 'EEXISTS',
    why: 'there is a cluster of this name already',
    remedy: 'Delete it first, or take another name.',
  },
  {
    pattern: /port is already allocated|address already in use|failed to bind host port/i,
    code: 'EPORTINUSE',
    why: 'a port of this machine is in use',
    remedy: 'Take another hostPort or apiServerPort, or none for a free one.',
  },
  {
    pattern: /failed to pull image/,
    code: 'EPULL',
    why: 'the node image cannot be pulled',
    remedy: 'Look at its name; without a registry, build or load the image first.',
  },
  {
    pattern: /image: "[^"]*" not present locally|No such image|image not known|no such image/i,
    code: 'ENOIMAGE',
    why: 'there is no such image on this machine',
    remedy: 'Build or pull it first.',
  },
  {
    pattern: /unknown cluster "|no nodes found for cluster|could not locate any control plane nodes/i,
    code: 'ENOCLUSTER',
    why: 'there is no such cluster',
  },
  { pattern: /unknown node: /, code: 'ENONODE', why: 'the cluster has no such node' },
]

/** @param lastLines what a failed command printed last. */
export function diagnose(lastLines: readonly string[]): Diagnosis {
  const text = lastLines.join('\n')
  const sign = signs.find(({ pattern }) => pattern.test(text))
  if (!sign) return { code: 'ECOMMAND' }
  const { pattern: _, ...diagnosis } = sign
  return diagnosis
}
