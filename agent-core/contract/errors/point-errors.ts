/** Points, and the PIN that what takes something away asks for. */
import { type Reason, spec } from './error-spec.ts'

/** `elsewhere`: its item does not go to that vault any more. */
export type WayOut = 'delete' | 'trash' | 'held' | 'in-doubt' | 'provisional' | 'elsewhere' | 'foreign'

const healsPoint = 'puts it back where this machine, another vault of the item or a replica still has it'

const marksBack =
  '"tharsis vault verify NAME --heal" puts marks back from a replica; without one, put the missing object of "marks/" back from another copy of the vault.'

/** What ends the wait of clean-ups for a damaged point that nothing can heal. */
function wayOutOf(d: {
  item: string
  point: string
  vault: string
  machine: string
  until: string | null
  wayOut: WayOut
}): string {
  const deletion = `"tharsis point delete ${d.item} ${d.point}"`
  switch (d.wayOut) {
    case 'trash':
      return `clean-ups go on once its time in the trash is over (${d.until ?? 'no date is known'}).`
    case 'held':
      return `give the point up: "tharsis point release ${d.item} ${d.point}", then ${deletion}.`
    case 'provisional':
      return 'wait: it was never confirmed, and goes by itself 14 days after it was stored, once a later point of the item is confirmed.'
    case 'foreign':
      return `give the point up on machine "${d.machine}" with ${deletion}, or here after "tharsis vault connect" with --take-over.`
    case 'in-doubt':
      return `first a mark of it must be whole again: ${marksBack}`
    case 'elsewhere':
      return `let its item go to that vault again ("tharsis item change ${d.item} --add-vault ${d.vault}"), and give the point up with ${deletion}.`
    case 'delete':
      break
  }
  return `give the point up with ${deletion}: clean-ups go on once its time in the trash is over.`
}

export const pointErrors = {
  // point
  'point.not-found': spec<{ item: string; point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Item "${d.item}" has no point "${d.point}".`,
    advice: (d) => `See "tharsis point list ${d.item}".`,
  }),
  'point.ambiguous': spec<{ point: string; matches: readonly string[] }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `"${d.point}" fits several points: ${d.matches.join(', ')}.`,
    advice: () => 'Give more digits of the id.',
  }),
  'point.damaged': spec<{ item: string; point: string; vault: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `Point ${d.point} of item "${d.item}" is damaged in vault "${d.vault}": ${d.reason}.`,
    advice: (d) =>
      `"tharsis vault verify ${d.vault} --heal" ${healsPoint}. If no vault of the item and no replica has it, also none that is away now, give the point up with "tharsis point delete ${d.item} ${d.point}".`,
  }),
  'point.stops-clean-up': spec<
    { item: string; point: string; vault: string; machine: string; until: string | null } & Reason & {
        wayOut: WayOut
      }
  >({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) =>
      `The manifest of point ${d.point} of item "${d.item}" is damaged in vault "${d.vault}": what the point needs is not known, so nothing is deleted there (${d.reason}).`,
    advice: (d) => `"tharsis vault verify ${d.vault} --heal" ${healsPoint}. If nothing can, ${wayOutOf(d)}`,
  }),
  'point.leaving': spec<{ point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `A clean-up of the vault is removing point ${d.point}: this came too late.`,
    advice: () =>
      'Look at the points that are left with "tharsis point list", and restore what you need from one of them.',
  }),
  'point.path-not-found': spec<{ item: string; point: string; path: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Point ${d.point} holds no "${d.path}".`,
    advice: (d) => `See "tharsis point files ${d.item} ${d.point}".`,
  }),

  'point.held': spec<{ item: string; point: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `Point ${d.point} is held and is not deleted: ${d.reason}.`,
    advice: (d) =>
      `Give it free with "tharsis point release ${d.item} ${d.point}" first, when nobody needs it any more.`,
  }),
  'point.in-doubt': spec<{ item: string; point: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 8,
    words: (d) => `Point ${d.point} of item "${d.item}" stays: ${d.reason}, and may have said that it is held.`,
    advice: () => marksBack,
  }),
  'point.not-held': spec<{ item: string; point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is not held.`,
    advice: (d) => `See "tharsis point list ${d.item}".`,
  }),
  'point.deleted': spec<{ item: string; point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is in the trash already.`,
    advice: (d) => `See "tharsis point list ${d.item} --deleted"; "tharsis point undelete" brings it back.`,
  }),
  'point.not-deleted': spec<{ item: string; point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is not in the trash.`,
    advice: (d) => `See "tharsis point list ${d.item} --deleted".`,
  }),

  // PIN: what takes something away asks for it
  'pin.needed': spec<Record<never, never>>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: () => 'This asks for the PIN, and there is nobody to ask.',
    advice: () => 'Run it on a terminal, set THARSIS_PIN or give --pin-file FILE; or run "tharsis pin check" first.',
  }),
  'pin.wrong': spec<{ wrong: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `That is not the PIN (wrong tries in a row: ${d.wrong}).`,
    advice: () => 'Try again; after three wrong tries each one has to wait longer than the one before.',
  }),
  'pin.wait': spec<{ seconds: number }>({
    scope: 'agent',
    retry: true,
    exitCode: 5,
    words: (d) => `After several wrong tries the PIN is not taken before ${d.seconds} seconds have passed.`,
    advice: () => 'Wait and try again. Backups and restores go on meanwhile.',
  }),
  'pin.not-set': spec<Record<never, never>>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: () => 'This home folder has no PIN.',
    advice: () => 'Set one with "tharsis pin set".',
  }),
  'pin.unfit': spec<Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => d.reason,
    advice: () => 'Take 4 to 12 digits, or a phrase of at least 8 characters.',
  }),
} as const
