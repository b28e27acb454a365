/** The verbs of holds, trash, stopped items and the PIN, as declared for the command line. */
import type { AnyVerb, VerbOption } from './verb.ts'

const pointArguments = [
  ['<item>', 'the item'],
  ['<point>', 'an id, the beginning of one, a number, "latest", or a date or time'],
] as const
const trashedPoint = [
  ['<item>', 'the item'],
  ['<point>', 'its id, the beginning of it, or its number'],
] as const
const itemArgument = [['<name>', 'the item']] as const
const reasonOption: VerbOption = { flags: '--reason <text>', description: 'why, for who looks at it later' }

export const markVerbs: readonly AnyVerb[] = [
  {
    name: 'point hold',
    summary: 'Keep a point whatever its policy says',
    details:
      'A held point cannot be deleted, and no clean-up removes it, until it is released. With its whole item or machine ' +
      '("item stop --delete-data", "vault remove-machine") it goes to the trash, and stays there.',
    arguments: pointArguments,
    options: [reasonOption],
    examples: ['tharsis point hold documents 2026-11-22 --reason "tax return"'],
    load: async () => (await import('./trash-verbs.ts')).holdPoint,
  },
  {
    name: 'point release',
    summary: 'Give a held point back to its policy',
    details: 'Asks for the PIN, or for a yes where none is set.',
    arguments: pointArguments,
    options: [reasonOption],
    examples: ['tharsis point release documents 2026-11-22'],
    load: async () => (await import('./trash-verbs.ts')).releasePoint,
  },
  {
    name: 'point delete',
    summary: 'Put a point into the trash',
    details:
      'It is hidden, can be restored by its id or number and brought back with "point undelete" for 14 days (see the setting ' +
      'trash-days); a later clean-up removes it. Asks for the PIN, or for a yes where none is set.',
    arguments: pointArguments,
    options: [reasonOption],
    examples: ['tharsis point delete documents c0ffee00'],
    load: async () => (await import('./trash-verbs.ts')).deletePoint,
  },
  {
    name: 'point undelete',
    summary: 'Bring a point back from the trash',
    details: '"tharsis point list ITEM --deleted" shows what is there.',
    arguments: trashedPoint,
    options: [],
    examples: ['tharsis point undelete documents c0ffee00'],
    load: async () => (await import('./trash-verbs.ts')).undeletePoint,
  },
]

export const stopVerbs: readonly AnyVerb[] = [
  {
    name: 'item stop',
    summary: 'Stop the protection of an item',
    details:
      'With --retain-data its points stay, and no policy removes them. With --delete-data they go to the trash, from ' +
      'which "item undelete" brings them back for 14 days; that asks for the PIN, or for a yes where none is set.',
    arguments: itemArgument,
    options: [
      { flags: '--retain-data', description: 'keep its points' },
      { flags: '--delete-data', description: 'put its points into the trash' },
      reasonOption,
    ],
    examples: ['tharsis item stop documents --retain-data'],
    load: async () => (await import('./trash-verbs.ts')).stopItem,
  },
  {
    name: 'item resume',
    summary: 'Protect a stopped item again',
    arguments: itemArgument,
    options: [],
    examples: ['tharsis item resume documents'],
    load: async () => (await import('./trash-verbs.ts')).resumeItem,
  },
  {
    name: 'item undelete',
    summary: 'Bring the points of a stopped item back from the trash',
    details: 'The item stays stopped; "item resume" goes on with it.',
    arguments: itemArgument,
    options: [],
    examples: ['tharsis item undelete documents'],
    load: async () => (await import('./trash-verbs.ts')).undeleteItem,
  },
]

export const keyVerbs: readonly AnyVerb[] = [
  {
    name: 'vault recovery-code',
    summary: 'Make a new recovery code; the old one opens the vault no more',
    details: 'Asks for the PIN, or for a yes where none is set. The passphrase stays as it is.',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault recovery-code usb'],
    load: async () => (await import('./trash-verbs.ts')).renewRecoveryCode,
  },
  {
    name: 'vault remove',
    summary: 'Forget a vault on this machine; what it holds stays there',
    details:
      'Items that go to no other vault are forgotten with it; "vault connect" with the passphrase brings both back. ' +
      'Asks for the PIN, or for a yes where none is set.',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault remove usb'],
    load: async () => (await import('./trash-verbs.ts')).removeVault,
  },
]

export const pinVerbs: readonly AnyVerb[] = [
  {
    name: 'pin set',
    summary: 'Set the PIN that is asked for before something is taken away',
    details:
      'Takes 4 to 12 digits, or a phrase of at least 8 characters, from --new-pin-file, THARSIS_NEW_PIN, or a question on ' +
      'the terminal; the PIN before comes from --pin-file, THARSIS_PIN or a question. It guards against haste and against ' +
      'who finds the machine open, not against who can write to the home folder.',
    arguments: [],
    options: [{ flags: '--new-pin-file <file>', description: 'file whose first line is the new PIN' }],
    examples: ['tharsis pin set'],
    load: async () => (await import('./pin-verbs.ts')).setPin,
  },
  {
    name: 'pin check',
    summary: 'Give the PIN now; it is not asked for again within five minutes',
    arguments: [],
    options: [],
    examples: ['tharsis pin check'],
    load: async () => (await import('./pin-verbs.ts')).checkPin,
  },
  {
    name: 'pin show',
    summary: 'Show whether a PIN is set and asked for',
    arguments: [],
    options: [],
    examples: ['tharsis pin show'],
    load: async () => (await import('./pin-verbs.ts')).showPin,
  },
  {
    name: 'pin remove',
    summary: 'Take the PIN away; asks for it',
    arguments: [],
    options: [],
    examples: ['tharsis pin remove'],
    load: async () => (await import('./pin-verbs.ts')).removePin,
  },
]
