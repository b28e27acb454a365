/** What helps against damage that a verification has left open. A healing is advised only where it can mend something. */

import type { SlotKind } from '../format/key-slot.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import type { DamagedObject } from './agent-api.ts'

export interface DamageContext {
  readonly vault: string
  /** This machine writes to what was verified. */
  readonly isOwn: boolean
  readonly hasReplica: boolean
  /** The verification has healed what it could. */
  readonly wasHealed: boolean
}

type Kind = SlotKind | 'keys' | 'facts' | 'kept-nowhere-else' | 'other'

/** Sentences; none where nothing is open. */
export function damageAdvice(damaged: readonly DamagedObject[], context: DamageContext): string[] {
  const open = damaged.filter(({ state }) => state === 'open')
  const { vault, isOwn, hasReplica, wasHealed } = context
  const isHealable = (damage: DamagedObject) => !wasHealed && (hasReplica || kindOf(damage.object) === 'other')
  const [healable, left] = [open.filter(isHealable), open.filter((damage) => !isHealable(damage))]
  const where = isOwn ? 'Run' : 'On the machine that writes there, run'
  const advice =
    healable.length > 0 ? [`${where} "tharsis vault verify ${vault} --heal", which mends what it can.`] : []
  const kinds = new Set(left.map(({ object }) => kindOf(object)))
  const isAny = (...some: readonly Kind[]) => some.some((kind) => kinds.has(kind))
  if (isAny('passphrase', 'keys')) {
    advice.push(
      `${where} "tharsis vault set-passphrase ${vault}", which writes a new key slot (it may be the same passphrase): give no old passphrase, or the recovery code in its place.`,
    )
  }
  if (isAny('recovery-code', 'keys')) {
    advice.push(`${where} "tharsis vault recovery-code ${vault}", which makes a new recovery code.`)
  }
  const hurtsFiles = left.some(
    ({ object, files, points }) => kindOf(object) === 'other' && files.length + points.length > 0,
  )
  if (isAny('facts', 'kept-nowhere-else') || (isAny('other') && !hurtsFiles)) {
    advice.push('Put the damaged objects back from another copy of the vault, if there is one.')
  }
  if (isAny('facts')) {
    advice.push(
      'Without its keyspace object no other home can connect; the machine that writes there goes on with the key that it keeps. Give its items a second vault: "tharsis vault create", then "tharsis item change ITEM --add-vault".',
    )
  }
  if (hurtsFiles) advice.push('Restore the affected files from another point or vault.')
  return advice
}

/** `other`: what a healing may make anew by itself. */
function kindOf(object: string): Kind {
  if (parseChunkName(object) !== undefined) return 'other'
  const [, below = object] = /^keyspaces\/[0-9a-f]+\/(.*)$/.exec(object) ?? []
  if (below === 'keyspace') return 'facts'
  if (below === 'keys') return 'keys'
  const [, slot] = /^keys\/.*-(passphrase|recovery-code)$/.exec(below) ?? []
  if (slot !== undefined) return slot as SlotKind
  return /^(?:keys|marks|tombstones|audit)\//.test(below) ? 'kept-nowhere-else' : 'other'
}
