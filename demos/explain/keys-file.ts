import { readFileSync } from 'node:fs'
import { type EspSa, parseEspSaTable, parseSas, parseXfrmState, SaError } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'

/**
 * Security associations from a file: `sas.json`, what `ip xfrm state` prints, or Wireshark's `esp_sa`.
 *
 * @throws Problem naming the file, and never quoting it.
 */
export function readKeys(path: string): EspSa[] {
  const text = readText(path)
  try {
    const sas = parse(text)
    if (sas.length > 0) return distinct(sas)
  } catch (error) {
    if (!(error instanceof SaError)) throw error
    throw unusable(path, error.message)
  }
  throw unusable(path, text.trim() === '' ? 'the file is empty' : 'there is no security association in it')
}

function parse(text: string): EspSa[] {
  if (/^\s*[[{]/.test(text)) return parseSas(parseJson(text))
  if (/^\s*src\s/m.test(text)) return parseXfrmState(text)
  return parseEspSaTable(text)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold a key.
    throw new SaError('it is no JSON document')
  }
}

/** A bundle lists them before and after each arm. */
function distinct(sas: readonly EspSa[]): EspSa[] {
  const name = ({ source, destination, spi, key }: EspSa) =>
    `${source} ${destination} ${spi} ${key.toString('hex')}`
  return [...new Map(sas.map((sa) => [name(sa), sa])).values()]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unusable(path, `it cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function unusable(path: string, why: string): Problem {
  return new Problem(
    'EKEYS',
    2,
    `${path}: ${why}`,
    'Give the sas.json of a bundle, what `ip xfrm state` prints, or Wireshark’s esp_sa.',
  )
}
