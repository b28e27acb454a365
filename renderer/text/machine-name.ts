import type { MachineDocument } from '../../agent-core/contract/index.ts'

/** A name that is sealed with a key which is not here is told by the beginning of its keyspace's id. */
export function machineName({ name, id }: Pick<MachineDocument, 'name' | 'id'>): string {
  return name ?? `Computer ${id.slice(0, 8)}`
}
