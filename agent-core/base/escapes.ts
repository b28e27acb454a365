const escape = /\\(?:([nrt])|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})/g
const shortEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
const largestCodePoint = 0x10ffff

/** `text` with `\n`, `\r`, `\t`, `\x1b` and `\u{202e}` read as the characters that are printed so; all else stays. */
export function readEscapes(text: string): string {
  return text.replace(escape, (whole, short?: string, byte?: string, point?: string) => {
    if (short !== undefined) return shortEscapes[short] ?? whole
    const code = Number.parseInt(byte ?? point ?? '', 16)
    return code <= largestCodePoint ? String.fromCodePoint(code) : whole
  })
}
