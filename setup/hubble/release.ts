import { fileURLToPath } from 'node:url'
import type { GoBuild } from '../pulumi/build.ts'
import type { Release } from '../pulumi/download.ts'

/**
 * Of the `hubble` command, and of the module that agent/hubble/proto is taken from. The oldest with a filter for
 * encryption is 1.19. `go/go.mod` names the same one.
 */
export const version = '1.19.4'

/** The oldest command found on PATH that is used as it is. */
export const oldestUsable = '1.19'

export const wrapper = fileURLToPath(new URL('go', import.meta.url))

/** The module whose package is the command and whose api/v1 is the protocol. */
export const goModule = 'github.com/cilium/cilium'

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

export function release(architecture: string = process.arch): Release {
  const archive = `hubble-linux-${architectures[architecture] ?? architecture}.tar.gz`
  return {
    from: `https://github.com/cilium/hubble/releases/download/v${version}`,
    archive,
    checksums: `${archive}.sha256sum`,
    members: ['hubble'],
    stripComponents: 0,
  }
}

export const build: GoBuild = {
  name: 'hubble',
  wrapper,
  package: `${goModule}/hubble`,
  stamp: `${goModule}/hubble/pkg.Version=v${version}`,
  remedy: `Install hubble ${oldestUsable} or newer (https://github.com/cilium/hubble/releases) and put it on PATH`,
}

/** On two cores with empty Go caches; told to the user before it starts. */
export const expectedBuild = { minutes: 4, gigabytes: 1.6 }
