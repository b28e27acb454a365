/**
 * What the command line told, without what differs from run to run: two runs of the same verbs over home folders of their
 * own tell the same words then.
 */
import { phases } from '../../agent-core/contract/documents/progress.ts'
import type { CliResult } from './cli-home.ts'

export interface Told {
  /** The verb with its arguments. */
  readonly verb: string
  readonly status: number | null
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

/** Progress, of which more or less is shown as a verb takes more or less time. */
const isProgress = (line: string): boolean => phases.some((phase) => line === phase || line.startsWith(`${phase}: `))

/** `folder`: that of the home folder, vault and sources. The keys of a JSON document have no order. */
export function toldWords(parameters: readonly string[], result: CliResult, folder: string): Told {
  const plain = (text: string): readonly string[] =>
    sortedKeys(text)
      .replaceAll(folder, 'FOLDER')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z| UTC)?/g, 'TIME')
      .replaceAll(/\d{4}-\d\d-\d\d/g, 'DAY')
      .replaceAll(/\b(?:[0-9a-f]{2}\/)?[0-9a-f]{8,64}\b/g, 'ID')
      .replaceAll(/\b(?:[0-9A-Z]{5}-)+[0-9A-Z]{5}\b/g, 'CODE')
      .replaceAll(/\b\d[\d,.]* (?:bytes|B|KB|KiB|MB|MiB|GB|GiB|ms|s)\b/g, 'AMOUNT')
      .replaceAll(/"(\w*[bB]ytes|stored|total|new|size|free|used|revision|seconds)": \d+/g, '"$1": NUMBER')
      // Columns are as wide as what stands in them.
      .replaceAll(/ {2,}/g, '  ')
      .replaceAll(/─+/g, '─')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '' && !isProgress(line))
  return {
    verb: plain(parameters.join(' ')).join(' '),
    status: result.status,
    stdout: plain(result.stdout),
    stderr: plain(result.stderr),
  }
}

/** A JSON document with the keys of its objects in order; another text as it is. */
function sortedKeys(text: string): string {
  if (!/^[[{]/.test(text)) return text
  const sort = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)))
      : value
  return JSON.stringify(JSON.parse(text), sort, 2)
}
