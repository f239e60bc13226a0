import { stripVTControlCharacters } from 'node:util'

/** Columns that the text takes; every character the player prints is one column wide. */
export function columns(text: string): number {
  return [...stripVTControlCharacters(text)].length
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - columns(text))) + text
}

/** Shortens text without control characters to the width, the last column telling that something is missing. */
export function clip(text: string, width: number): string {
  const characters = [...text]
  if (characters.length <= width) return text
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`
}

/** Lines no wider than `width`, broken at spaces; a single word that is wider is broken where the line ends. */
export function wrap(text: string, width: number): string[] {
  const limit = Math.max(1, width)
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, limit))
}

function wrapParagraph(paragraph: string, limit: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(' ').flatMap((whole) => chunks(whole, limit))) {
    if (line === '') line = word
    else if (columns(line) + 1 + columns(word) <= limit) line += ` ${word}`
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

function chunks(word: string, limit: number): string[] {
  const characters = [...word]
  if (characters.length <= limit) return [word]
  const parts: string[] = []
  for (let at = 0; at < characters.length; at += limit) parts.push(characters.slice(at, at + limit).join(''))
  return parts
}

/** `38 ms`, `1.24 s`, `2 min 05 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_995) return `${(milliseconds / 1000).toFixed(2)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
