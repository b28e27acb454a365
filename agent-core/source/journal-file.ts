/**
 * What a change journal leaves on the disk: one file for an item, lines of `<crc32c in hex> <JSON>`. The first line says
 * whose journal it is and since when, each further one names a folder that became dirty; `closed` is the last line of
 * a journal that was ended on purpose. Lines are appended, never changed, and not synced: a line that is cut off or
 * damaged makes the whole file broken. It lets no scan be left out, since nobody watched between two agents; it says
 * when the last full scan was, and why the next one is full.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ItemId, PointId } from '../contract/ids.ts'
import { crc32c } from '../format/crc32c.ts'
import type { WatcherKind } from './change-watcher.ts'
import type { DirtySet } from './known-changes.ts'

const journalSchema = 1

/** The first line. */
export interface JournalHeader {
  readonly item: ItemId
  readonly kind: WatcherKind
  /** What the item was set to, as a hash. */
  readonly settings: string
  /** The point that was captured last; the folders are dirty since then. */
  readonly point: PointId | undefined
  /** When the last full scan began, ms since 1970; undefined: never. */
  readonly lastFullScanMs: number | undefined
  /** The last full scan found changes that the journal had missed. */
  readonly isDistrusted: boolean
}

export interface LeftJournal {
  /** `closed`: ended on purpose. `broken`: its agent ended otherwise, or lines are damaged. `absent`: there is none. */
  readonly state: 'closed' | 'broken' | 'absent'
  readonly header: JournalHeader | undefined
  /** Folders and trees that were dirty (raw bytes); complete where `state` is `closed`. */
  readonly dirty: readonly Buffer[]
}

export class JournalFile {
  readonly #path: string
  #waiting = ''

  constructor(path: string) {
    this.#path = path
  }

  /** What an earlier journal has left. Throws what reading throws, but for a file that is not there. */
  read(): LeftJournal {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return { state: 'absent', header: undefined, dirty: [] }
    }
    return readLines(text)
  }

  /** Begins anew with what is dirty now; the old content is there until the new one is. */
  begin(header: JournalHeader, dirty: DirtySet): void {
    const lines = [line({ schema: journalSchema, ...header })]
    for (const { path, isTree } of dirty.entries()) lines.push(dirtyLine(path, isTree))
    this.#waiting = ''
    const temporary = `${this.#path}.tmp`
    writeFileSync(temporary, lines.join(''), { mode: 0o600 })
    renameSync(temporary, this.#path)
  }

  /** Adds a dirty folder or tree; it is in the file when the current turn of the event loop ends. */
  add(path: Uint8Array, isTree: boolean): void {
    if (this.#waiting === '') queueMicrotask(() => this.#flush())
    this.#waiting += dirtyLine(path, isTree)
  }

  /** Ends the journal on purpose. */
  close(): void {
    this.#waiting += line({ closed: true })
    this.#flush()
  }

  #flush(): void {
    const text = this.#waiting
    this.#waiting = ''
    if (text === '') return
    try {
      appendFileSync(this.#path, text, { mode: 0o600 })
    } catch {
      // A full disk: without its last lines the file is not closed, and says nothing wrong.
    }
  }
}

function dirtyLine(path: Uint8Array, isTree: boolean): string {
  const text = Buffer.from(path).toString('base64')
  return line(isTree ? { tree: text } : { folder: text })
}

function line(value: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(value)
  return `${checksum(text)} ${text}\n`
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, '0')
}

function readLines(text: string): LeftJournal {
  const values: Record<string, unknown>[] = []
  let isWhole = text.endsWith('\n')
  for (const each of text.split('\n').slice(0, -1)) {
    const json = each.slice(9)
    if (each !== `${checksum(json)} ${json}`) {
      isWhole = false
      break
    }
    values.push(JSON.parse(json) as Record<string, unknown>)
  }
  const [first, ...further] = values
  if (first?.['schema'] !== journalSchema) return { state: 'broken', header: undefined, dirty: [] }
  const dirty = further.flatMap((value) => {
    const path = value['folder'] ?? value['tree']
    return typeof path === 'string' ? [Buffer.from(path, 'base64')] : []
  })
  const isClosed = isWhole && further.at(-1)?.['closed'] === true
  return { state: isClosed ? 'closed' : 'broken', header: first as unknown as JournalHeader, dirty }
}
