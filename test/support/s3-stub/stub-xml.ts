/** The little XML that S3 speaks. */

/** A tree of elements: text, or children; a list repeats the element. */
export type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlValue[]
export interface XmlTree {
  readonly [name: string]: XmlValue
}

export function formatXml(root: string, tree: XmlTree): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, tree)}`
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((each: XmlValue) => element(name, each)).join('')
  if (typeof value === 'object') {
    const children = Object.entries(value as XmlTree).map(([child, inner]) => element(child, inner))
    return `<${name}>${children.join('')}</${name}>`
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** The inner text of each element of that name. */
export function xmlTexts(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map((match) =>
    (match[1] ?? '')
      .replaceAll('&quot;', '"')
      .replaceAll('&#34;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  )
}
