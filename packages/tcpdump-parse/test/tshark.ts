import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EspSa } from '../src/esp/sa.ts'
import { wiresharkProfile } from '../src/esp/wireshark.ts'

const run = promisify(execFile)

/** The fields of one header, by tshark's names for them. */
export type Fields = Readonly<Record<string, string>>
/** The headers of one frame by protocol, each protocol's in the order in which they lie in the frame. */
export type Headers = ReadonlyMap<string, readonly Fields[]>

/**
 * What tshark says of each frame of a capture. IP and TCP are taken as they are: no relative numbers, no second guessing of
 * checksums; HTTP is left alone, whose complaints make tshark leave out an ESP packet's verdict.
 */
export async function dissect(path: string, sas: readonly EspSa[], directory: string): Promise<Headers[]> {
  const profile = join(directory, 'profiles', 'corpus')
  mkdirSync(profile, { recursive: true })
  for (const [name, content] of Object.entries(wiresharkProfile(sas)))
    writeFileSync(join(profile, name), content)
  const preferences = [
    'tcp.relative_sequence_numbers:FALSE',
    'tcp.check_checksum:FALSE',
    'udp.check_checksum:FALSE',
  ]
  const { stdout } = await run(
    'tshark',
    [
      ...[
        '-n',
        '-C',
        'corpus',
        '-r',
        path,
        '--disable-protocol',
        'http',
        '-T',
        'json',
        '--no-duplicate-keys',
      ],
      ...preferences.flatMap((preference) => ['-o', preference]),
    ],
    { maxBuffer: 64 << 20, env: { ...process.env, WIRESHARK_CONFIG_DIR: directory } },
  )
  return (JSON.parse(stdout) as { _source: { layers: Json } }[]).map(({ _source }) =>
    headersOf(_source.layers),
  )
}

interface Json {
  readonly [key: string]: string | Json | readonly (string | Json)[]
}

function headersOf(layers: Json): Headers {
  const headers = new Map<string, Record<string, string>[]>()
  collect(layers, {}, headers)
  return headers
}

/** A key with a dot is a field, or a group of them, of the protocol at hand; one without is another protocol within it. */
function collect(
  json: Json,
  into: Record<string, string>,
  headers: Map<string, Record<string, string>[]>,
): void {
  for (const [key, value] of Object.entries(json))
    for (const each of Array.isArray(value)
      ? (value as readonly (string | Json)[])
      : [value as string | Json]) {
      if (typeof each === 'string') into[asVlan(key)] ??= each
      else if (key.includes('.')) collect(each, into, headers)
      else {
        const fields: Record<string, string> = {}
        const protocol = asVlan(key)
        const same = headers.get(protocol)
        if (same) same.push(fields)
        else headers.set(protocol, [fields])
        collect(each, fields, headers)
      }
    }
}

/** A provider's tag is to tshark another protocol, whose fields have other names. */
function asVlan(name: string): string {
  return name.replace(/^ieee8021ad/, 'vlan')
}
