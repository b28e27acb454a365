import { readdirSync } from 'node:fs'
import { joinPath } from './list-directory.ts'

/**
 * Entries below the folders (raw bytes) at all depths, counting no further than `most`: undefined when there are more.
 * What cannot be listed counts nothing.
 */
export function countEntries(folders: readonly Buffer[], most: number): number | undefined {
  const waiting = [...folders]
  let count = 0
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of list(folder)) {
      count++
      if (count > most) return undefined
      if (entry.isDirectory()) waiting.push(joinPath(folder, Buffer.from(entry.name, 'latin1')))
    }
  }
  return count
}

function list(folder: Buffer) {
  try {
    return readdirSync(folder, { encoding: 'latin1', withFileTypes: true })
  } catch {
    return []
  }
}
