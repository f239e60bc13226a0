import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { AgentProblem } from '../problem.ts'

/** PEM. */
export interface TlsFiles {
  readonly certificate: Buffer
  readonly key: Buffer
  /** Clients must show a certificate of this authority; absent: anybody who can connect is answered. */
  readonly clientCa?: Buffer
}

/** Paths, as on the command line. */
export interface TlsPaths {
  readonly certificate: string
  readonly key: string
  readonly clientCa?: string
}

/** @throws AgentProblem when a file cannot be read, is no PEM, or the key is not the certificate's. */
export function readTls(paths: TlsPaths): TlsFiles {
  const files: TlsFiles = {
    certificate: read('--hubble-tls-cert', paths.certificate),
    key: read('--hubble-tls-key', paths.key),
    ...(paths.clientCa === undefined ? {} : { clientCa: read('--hubble-tls-client-ca', paths.clientCa) }),
  }
  check(`the certificate ${paths.certificate} and the key ${paths.key}`, () =>
    createSecureContext({ cert: files.certificate, key: files.key }),
  )
  // Here a secure context would take anything.
  if (files.clientCa) check(`the authority ${paths.clientCa}`, () => new X509Certificate(files.clientCa!))
  return files
}

function check(what: string, use: () => unknown): void {
  try {
    use()
  } catch (error) {
    // Says what is wrong, and quotes nothing of a file.
    const why = (error as NodeJS.ErrnoException).code ?? 'not understood'
    throw new AgentProblem(
      'EHUBBLETLS',
      2,
      `${what} cannot be used (${why})`,
      'Give certificates in PEM, and the key that is the first one’s own.',
    )
  }
}

function read(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code
    throw new AgentProblem('EHUBBLETLS', 2, `${flag} ${path} cannot be read: ${why}`, 'Give a file in PEM.')
  }
}
