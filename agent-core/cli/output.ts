/**
 * Where a verb's words go. Standard output carries the result alone: a table for people or, with `--output json`,
 * exactly one JSON document. Everything else goes to standard error. A reader that has gone away (`| head`) is no
 * error: what is left to say is dropped, and `closed` tells a streaming verb to stop.
 */
import { plainJson, plainJsonLine, plainText } from './plain-text.ts'
import { type Column, renderFacts, renderTable } from './text-table.ts'

/** A terminal or another stream that takes text. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export interface OutputOptions {
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly json: boolean
  readonly quiet: boolean
  readonly colours: boolean
  /** Called before anything but `raw` text is written: takes a progress line away. */
  readonly beforeText: () => void
}

export interface Output {
  readonly json: boolean
  readonly quiet: boolean
  /** True once nobody reads standard output any more. */
  readonly closed: boolean
  /** True once something was written to standard output. */
  readonly started: boolean
  /** Why standard output failed for another reason than a reader that went away. */
  readonly failure: Error | undefined
  /** The result: `document` where JSON was asked for, else the lines of `people`. */
  result(document: unknown, people: () => readonly string[]): Promise<void>
  /** As `summary`, for one of many: each JSON document is a line of its own. */
  event(document: unknown, people: () => readonly string[]): Promise<void>
  /** Ready text on standard output: help, the version. */
  print(text: string): void
  /** As `result`; the lines for people are left out with `--quiet`. */
  summary(document: unknown, people: () => readonly string[]): Promise<void>
  /** A result too large to hold: a JSON array of the entries, or a line for each. Stops when `closed`, rejects when aborted. */
  stream<Entry>(entries: AsyncIterable<Entry>, line: (entry: Entry) => string, signal: AbortSignal): Promise<void>
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[]
  facts(facts: readonly (readonly [string, string | readonly string[]])[]): readonly string[]
  /** Something worth knowing, on standard error; not with `--quiet`. */
  note(text: string): void
  readonly warning: (text: string) => void
  error(text: string): void
  /** A line that belongs to the warning or error before it: a path, or what to do. */
  problemDetail(text: string): void
  /** Ready text (progress, a prompt) on standard error, as it is. */
  readonly raw: (text: string) => void
}

/** Cells of the terminal that `stream` is, 80 where it does not know them; undefined: it is none. */
export function terminalWidth(stream: TextStream): number | undefined {
  return stream.isTTY === true ? stream.columns || 80 : undefined
}

const batchSize = 64 * 1024

export function createOutput(options: OutputOptions): Output {
  const { json, quiet } = options
  const stdout = watchStream(options.stdout)
  const stderr = watchStream(options.stderr)
  const errorColours = options.colours && options.stderr.isTTY === true
  const paint = (code: number, text: string): string => (errorColours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const say = (label: string, text: string): void => {
    options.beforeText()
    void stderr.write(`${label}${plainText(text)}\n`)
  }
  const result = async (document: unknown, people: () => readonly string[]): Promise<void> => {
    const lines = json ? [plainJson(document)] : people()
    options.beforeText()
    if (lines.length > 0) await stdout.write(`${lines.join('\n')}\n`)
  }
  return {
    json,
    quiet,
    get closed() {
      return stdout.closed
    },
    get started() {
      return stdout.started
    },
    get failure() {
      return stdout.failure
    },
    result,
    event: async (document, people) => {
      const lines = json ? [plainJsonLine(document)] : quiet ? [] : people()
      options.beforeText()
      if (lines.length > 0) await stdout.write(`${lines.join('\n')}\n`)
    },
    print: (text) => void stdout.write(text),
    summary: async (document, people) => await result(document, () => (quiet ? [] : people())),
    stream: async (entries, line, signal) => {
      options.beforeText()
      await streamEntries(stdout, json, entries, line, signal)
    },
    table: (columns, rows) =>
      renderTable(columns, rows, {
        width: terminalWidth(options.stdout),
        colours: options.colours && options.stdout.isTTY === true,
      }),
    facts: renderFacts,
    note: (text) => {
      if (!quiet) say('', text)
    },
    warning: (text) => say(paint(33, 'Warning: '), text),
    error: (text) => say(paint(31, 'Error: '), text),
    problemDetail: (text) => say('  ', text),
    raw: (text) => void stderr.write(text),
  }
}

async function streamEntries<Entry>(
  stdout: WatchedStream,
  json: boolean,
  entries: AsyncIterable<Entry>,
  line: (entry: Entry) => string,
  signal: AbortSignal,
): Promise<void> {
  let batch = ''
  let count = 0
  for await (const entry of entries) {
    signal.throwIfAborted()
    if (json) batch += `${count === 0 ? '[\n' : ',\n'}${plainJson(entry)}`
    else batch += `${line(entry)}\n`
    count++
    if (batch.length < batchSize) continue
    await stdout.write(batch)
    batch = ''
    if (stdout.closed) return
  }
  if (json) batch += count === 0 ? '[]\n' : '\n]\n'
  if (batch !== '') await stdout.write(batch)
}

interface WatchedStream {
  readonly closed: boolean
  readonly started: boolean
  readonly failure: Error | undefined
  /** Resolves when the stream has taken the text or will never take it. */
  write(text: string): Promise<void>
}

function watchStream(stream: TextStream): WatchedStream {
  let closed = false
  let started = false
  let failure: Error | undefined
  const onError = (error: NodeJS.ErrnoException): void => {
    closed = true
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') failure ??= error
  }
  stream.on('error', onError)
  return {
    get closed() {
      return closed
    },
    get started() {
      return started
    },
    get failure() {
      return failure
    },
    write: async (text) => {
      if (closed) return
      started = true
      await new Promise<void>((resolve) => {
        stream.write(text, (error?: Error | null) => {
          if (error) onError(error)
          resolve()
        })
      })
    },
  }
}
