/**
 * Text from outside (file names, messages of the system) as a terminal may show it: nothing in it can move the
 * cursor, change colours, reverse the direction of reading, start a new line or hide itself.
 */

/**
 * C0, DEL and C1 controls, marks that steer the direction of reading, separators that end a line, invisible
 * characters, variation and tag characters that carry hidden text, and halves of surrogate pairs. The joiners
 * U+200C and U+200D stay: names in several scripts need them.
 */
const unsafe =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\p{Cs}]/gu

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `text` with every unsafe character written as `\n`, `\x1b` or `\u{202e}`; one line. */
export function plainText(text: string): string {
  return text.replace(unsafe, (character) => {
    const short = shortEscapes[character]
    if (short !== undefined) return short
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** `value` as indented JSON in which unsafe characters are escaped; parses to the same value. */
export function plainJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2)
  return text.replace(unsafe, (character) =>
    // Between tokens JSON has line feeds of its own; inside strings they are escaped already.
    character === '\n' ? character : [...utf16Units(character)].map((unit) => `\\u${unit}`).join(''),
  )
}

/** As `plainJson`, on one line: a stream of documents is read line by line. */
export function plainJsonLine(value: unknown): string {
  return plainJson(value).replace(/\n */g, '')
}

function* utf16Units(character: string): Generator<string> {
  for (let at = 0; at < character.length; at++) yield character.charCodeAt(at).toString(16).padStart(4, '0')
}

/** Marks that combine with the letter before them, and joiners. */
const invisible = /^(?:\p{Mn}|\p{Me}|\u200c|\u200d)$/u
/** East Asian Wide and Fullwidth ranges of Unicode TR 11, and emoji that are shown two cells wide. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u

/** Cells that `text` (already plain) takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += invisible.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

const segmenter = new Intl.Segmenter()

/** `text` (already plain) in at most `width` cells; what is cut is marked by an ellipsis at that end. */
export function fitText(text: string, width: number, keep: 'start' | 'end' = 'start'): string {
  if (displayWidth(text) <= width) return text
  if (width <= 0) return ''
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment)
  if (keep === 'end') characters.reverse()
  const kept: string[] = []
  let used = 1
  for (const character of characters) {
    used += displayWidth(character)
    if (used > width) break
    kept.push(character)
  }
  return keep === 'end' ? `…${kept.reverse().join('')}` : `${kept.join('')}…`
}
