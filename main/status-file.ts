import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StatusFile, statusFile } from '../agent-core/contract/documents/overview.ts'

/** What the agent last wrote of the items' state; undefined when there is nothing that can be read. */
export function readStatusFile(home: string): StatusFile | undefined {
  try {
    return statusFile.parse(JSON.parse(readFileSync(join(home, 'agent', 'status.json'), 'utf8')))
  } catch {
    // Not there, or of another version: the tray then only tells that the agent is gone.
    return undefined
  }
}
