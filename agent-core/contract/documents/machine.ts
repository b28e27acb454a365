/** The machines of a vault. */
import { z } from 'zod'
import { bytes, count, id, list, name, optional, text, time, type Value } from '../bounds.ts'
import type { KeyspaceId } from '../ids.ts'
import { softDeletion } from './trash.ts'

export const machineDocument = z.object({
  /** null: the key of that machine is not here, and its name is sealed with it. */
  name: text.nullable(),
  /** Its keyspace. */
  id: id<KeyspaceId>(),
  /** This home folder backs up as that machine. */
  isThis: z.boolean(),
  /** `locked`: what only its key tells is not known here. */
  state: z.enum(['active', 'removed', 'locked']),
  /** Set while it is removed: until when it can be brought back. */
  removed: softDeletion.nullable(),
  /** Items that have points, and confirmed points. */
  items: count,
  points: count,
  /** When the newest point was confirmed, by the vault's clock; null: there is none. */
  lastPointAt: time.nullable(),
  /** In all of its objects. */
  storedBytes: bytes,
})
export type MachineDocument = Value<typeof machineDocument>

/** A machine that was removed or brought back. */
export const removedMachineDocument = z.object({
  vault: name,
  machine: text,
  /** null: it is there again. */
  removed: softDeletion.nullable(),
  /** Points that were put into the trash or brought back, and points that are held. */
  points: count,
  held: count,
})
export type RemovedMachineDocument = Value<typeof removedMachineDocument>

export const forkOptions = z.object({
  /** Also where no vault says that another copy of the home folder is in use. */
  force: optional(z.boolean()),
})
export type ForkOptions = Value<typeof forkOptions>

/** A copy of a home folder that became a machine of its own. */
export const forkedMachine = z.object({
  vault: name,
  /** The machine that it was, and that the other copy goes on as. */
  before: text,
  machine: text,
  remarks: list(text),
})
export type ForkedMachine = Value<typeof forkedMachine>

/** A machine that stores everything under new keys from now on. */
export const newKeyDocument = z.object({
  /** The name that goes on with the old keys. */
  before: text,
  /** What the machine is called in each of its vaults now, and the new recovery code there, which is shown once. */
  vaults: list(z.object({ name, machine: text, recoveryCode: text })),
  remarks: list(text),
})
export type NewKeyDocument = Value<typeof newKeyDocument>

export const joinOptions = z.object({
  /** What this machine is called in the vault; its own name when left out. */
  machine: optional(text),
})
export type JoinOptions = Value<typeof joinOptions>
