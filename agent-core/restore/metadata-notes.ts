import { fileWarning } from '../base/file-warning.ts'
import type { Task } from '../base/task.ts'
import { type LossCode, ownerReason } from './metadata.ts'

const maxToldOneByOne = 10

/** Metadata that was left out: told one by one at first, then summed up, once a reason. */
export class MetadataNotes {
  readonly #task: Task
  readonly #losses = new Map<string, { count: number; readonly firstPath: Buffer; readonly code: LossCode }>()

  constructor(task: Task) {
    this.#task = task
  }

  /** Says that something of the entry was left out, for `reason`. */
  tell(reason: string, pathOf: () => Buffer, code: LossCode = 'file.metadata-not-restored'): void {
    const known = this.#losses.get(reason)
    const toldOneByOne = reason === ownerReason ? 0 : maxToldOneByOne
    const count = (known?.count ?? 0) + 1
    if (known === undefined) this.#losses.set(reason, { count, firstPath: pathOf(), code })
    else known.count = count
    if (count <= toldOneByOne) this.#task.warn(fileWarning(code, pathOf(), reason))
  }

  /** Sums up what was not told one by one. Call it once, at the end. */
  report(): void {
    for (const [reason, { count, firstPath, code }] of this.#losses) {
      const untold = reason === ownerReason ? count : count - maxToldOneByOne
      if (untold <= 0) continue
      const summary = reason === ownerReason ? `${reason}: ${count} entries` : `${reason}: ${untold} more entries`
      this.#task.warn(fileWarning(code, firstPath, summary))
    }
    this.#losses.clear()
  }
}
