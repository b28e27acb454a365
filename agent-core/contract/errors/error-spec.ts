/** What an entry of the error table is. Browser-safe: no imports. */

export interface ErrorSpec<Data> {
  /** What stops: one `file` (a warning), the `item`'s `job`, or the `agent` (the whole verb). */
  readonly scope: 'file' | 'job' | 'agent'
  /** True when the same call may succeed later with nothing changed by a person. */
  readonly retry: boolean
  /** Exit status of a verb that ends with it (product.md, exit codes). */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
  /** What happened, in plain words. */
  readonly words: (data: Data) => string
  /** What to do about it. */
  readonly advice: (data: Data) => string
}

/** An entry of a table: TypeScript learns from it what `words` and `advice` are given. */
export function spec<Data>(value: ErrorSpec<Data>): ErrorSpec<Data> {
  return value
}

export type File = { path: string }
export type Reason = { reason: string }
