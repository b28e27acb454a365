import { sha256 } from '../codec/block-id.ts'
import { fileSystemId } from '../platform/file-system-id.ts'

/** The numbers that entries with several names carry for the file systems they lie on. */
export class VolumeNumbers {
  readonly #numbers = new Map<number, number>()

  /** Of the file system behind `device`, which `path` lies on: the same in every point, since unchanged entries keep theirs. */
  of(device: number, path: Buffer): number {
    let number = this.#numbers.get(device)
    if (number === undefined) {
      number = sha256(Buffer.from(fileSystemId(path), 'utf8')).readUIntBE(0, 6)
      this.#numbers.set(device, number)
    }
    return number
  }
}
