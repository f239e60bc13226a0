import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

/** What a program says on standard error although nothing is wrong. */
const usual: Readonly<Record<string, RegExp>> = {
  // Only to root.
  capinfos: /^Running as user "root" and group "root"\. This could be dangerous\.\n/,
  editcap: /^Running as user "root" and group "root"\. This could be dangerous\.\n/,
  tshark: /^Running as user "root" and group "root"\. This could be dangerous\.\n/,
  tcpdump: /^reading from file \S+, link-type \w+ \([^)]*\), snapshot length \d+\n/,
}

/**
 * What a program prints that must be there and must have nothing to complain about: it exits with 0, and says nothing on
 * standard error but what it always does.
 */
export function tool(
  name: string,
  arguments_: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): string {
  const { error, status, stdout, stderr } = spawnSync(name, arguments_, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, TZ: 'UTC', ...environment },
  })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new Error(
      `${name} is not installed: this test compares with it (Debian packages tshark and tcpdump)`,
    )
  if (error) throw error
  const complaint = stderr.replace(usual[name] ?? '', '')
  assert.deepEqual({ status, complaint }, { status: 0, complaint: '' }, `${name} ${arguments_.join(' ')}`)
  return stdout
}

/** The values of some fields of each packet, as tshark shows them. */
export function fieldsOf(path: string, ...names: string[]): string[][] {
  const fields = names.flatMap((name) => ['-e', name])
  return rows(tool('tshark', ['-n', '-r', path, '-T', 'fields', ...fields]))
}

/** The values of some fields of a pcapng file's own blocks, all together. */
export function blockFieldsOf(path: string, ...names: string[]): string[] {
  const fields = names.flatMap((name) => ['-e', name])
  const asFile = [
    '-X',
    'read_format:MIME Files Format',
    '-r',
    path,
    '-T',
    'fields',
    '-E',
    'aggregator=|',
    ...fields,
  ]
  return rows(tool('tshark', asFile))[0]!
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'))
}
