/**
 * Small objects on their way into a vault in place of damaged ones, kept durably in the home while the vault has neither:
 * between its deletion and the put, an object exists here. A confirmation that is missing could not be told from a point
 * that was never confirmed.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAgentError } from '../base/agent-error.ts'
import { writeFileAtomic } from '../base/atomic-file.ts'
import { toHex } from '../base/bytes.ts'
import { sha256 } from '../codec/block-id.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'

export interface SpooledObject {
  /** Full object name. */
  readonly name: string
  readonly bytes: Buffer
}

export class HealSpool {
  readonly #folder: string

  /** `folder`: of one vault and keyspace; it need not be there. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Durable when this resolves. Throws Node's errors. */
  async keep({ name, bytes }: SpooledObject): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomic(this.#pathOf(name), encodeCbor([name, bytes]))
  }

  /** The vault has it. */
  drop(name: string): void {
    rmSync(this.#pathOf(name), { force: true })
  }

  /** What an interrupted healing has left; files that do not open are left out. */
  kept(): SpooledObject[] {
    let files: string[]
    try {
      files = readdirSync(this.#folder).filter((file) => /^[0-9a-f]{64}$/.test(file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
    return files.flatMap((file) => openFile(readFileSync(join(this.#folder, file))) ?? [])
  }

  #pathOf(name: string): string {
    return join(this.#folder, toHex(sha256(Buffer.from(name))))
  }
}

function openFile(content: Buffer): SpooledObject | undefined {
  try {
    const pair = decodeCbor(content, 'a kept object')
    const [name, bytes] = Array.isArray(pair) ? (pair as readonly CborValue[]) : []
    return typeof name === 'string' && bytes instanceof Uint8Array ? { name, bytes: Buffer.from(bytes) } : undefined
  } catch (error) {
    if (!isAgentError(error, 'format.invalid')) throw error
    return undefined
  }
}
