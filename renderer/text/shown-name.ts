/**
 * Names of files as text that cannot deceive: characters that are not seen, or that turn the direction of what stands
 * around them, are shown by their code. Pure.
 */
export interface NamePart {
  readonly text: string
  /** The text stands for a character that would not be seen as itself. */
  readonly isCode: boolean
}

/** Controls, soft hyphen, zero widths, direction marks, line separators, tags, halves of surrogate pairs, U+FFFD. */
const unseen =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffd]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/u

/** The parts of a name, in order; put together they hold every character of it. */
export function splitName(name: string): readonly NamePart[] {
  const parts: { text: string; isCode: boolean }[] = []
  for (const character of name) {
    const isCode = unseen.test(character)
    const text = isCode ? codeOf(character) : character
    const last = parts.at(-1)
    if (last !== undefined && last.isCode === isCode) last.text += text
    else parts.push({ text, isCode })
  }
  return parts
}

/** The same as one plain text, for titles and labels. */
export function plainName(name: string): string {
  return splitName(name)
    .map(({ text, isCode }) => (isCode ? `⟨${text}⟩` : text))
    .join('')
}

/** The last part of a path. */
export function baseName(path: string): string {
  const end = path.endsWith('/') && path.length > 1 ? path.length - 1 : path.length
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end) || path
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code === 10 ? '↵' : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}
