/** The verbs of the machines in a vault, as declared for the command line. */
import { s3Options } from './place-options.ts'
import type { AnyVerb } from './verb.ts'

const machineArguments = [
  ['<name>', 'the vault'],
  ['<machine>', 'its name, or the beginning of its id'],
] as const

export const machineVerbs: readonly AnyVerb[] = [
  {
    name: 'vault join',
    summary: 'Become one more machine in a vault that exists',
    details:
      'Several machines share a vault, each with keys, a passphrase and a recovery code of its own: none can read what ' +
      'another has stored. Asks for a new passphrase of at least 16 characters for this machine. To read or become a ' +
      'machine that is there, use "vault connect".',
    arguments: [['<name>', 'what this vault is called here']],
    options: [
      { flags: '--local <dir>', description: 'the folder of the vault' },
      ...s3Options,
      {
        flags: '--machine-name <name>',
        description: "what this machine is called in the vault (default: the machine's own name)",
      },
      { flags: '--generate-passphrase', description: 'make a random passphrase and print it once' },
    ],
    examples: [
      'tharsis vault join nas --local /mnt/nas/tharsis',
      'tharsis vault join nas --local /mnt/nas/tharsis --machine-name "laptop 2"',
    ],
    load: async () => (await import('./machine-verbs.ts')).joinVault,
  },
  {
    name: 'vault machines',
    summary: 'List the machines of a vault',
    details:
      'Of other machines it says what anybody sees who can read the vault: how many items and points, when the last one ' +
      'was confirmed, and how much is stored. Names and what became of a machine are sealed with its own keys.',
    arguments: [['<name>', 'the vault']],
    options: [{ flags: '--unlock', description: 'ask for a passphrase, and tell more of the machines that it opens' }],
    examples: ['tharsis vault machines nas', 'tharsis vault machines nas --unlock'],
    load: async () => (await import('./machine-verbs.ts')).listMachines,
  },
  {
    name: 'vault fork',
    summary: 'Make this home folder, a copy of another one, a machine of its own',
    details:
      'For a computer or home folder that was copied, so that two of them back up as one machine; a backup notices that and ' +
      'stops. This copy gets a name and keys of its own, and stores everything anew; the other one goes on as before. Needs ' +
      'the passphrase and all vaults of this machine. Asks for the PIN, or for a yes where none is set. For a home folder that ' +
      'was put back from an older copy of itself, and has no other, use "vault connect" with --take-over: it goes on where it was.',
    arguments: [['<name>', 'a vault of this machine']],
    options: [
      { flags: '--force', description: 'also where no other computer was seen to use the keys of this machine' },
    ],
    examples: ['tharsis vault fork nas'],
    load: async () => (await import('./machine-verbs.ts')).forkMachine,
  },
  {
    name: 'vault new-key',
    summary: 'Store everything under new keys from now on',
    details:
      'For when somebody may have a copy of the vault with its old passphrase, or of the key on this machine: a new ' +
      'passphrase alone does not lock him out. Takes a new passphrase, and prints a new recovery code, for all vaults of this ' +
      'machine. The next backup stores everything anew; earlier points stay as a machine by itself, with the old ' +
      'passphrase. Asks for the PIN, or for a yes where none is set.',
    arguments: [['<name>', 'a vault of this machine']],
    options: [
      { flags: '--new-passphrase-file <file>', description: 'file whose first line is the new passphrase' },
      { flags: '--generate-passphrase', description: 'make a random passphrase and print it once' },
    ],
    examples: ['tharsis vault new-key nas'],
    load: async () => (await import('./machine-verbs.ts')).takeNewKey,
  },
  {
    name: 'vault remove-machine',
    summary: 'Remove a machine from a vault: its points go to the trash',
    details:
      'It backs up there no more. For 14 days (see the setting trash-days) "vault undelete-machine" brings it back; later ' +
      'clean-ups ("vault prune NAME --keyspace MACHINE") free its space. Asks for the PIN, or for a yes where none is set, ' +
      'and for the passphrase of a machine that is not this one. Other machines are not touched.',
    arguments: machineArguments,
    options: [{ flags: '--reason <text>', description: 'why, for who looks at it later' }],
    examples: ['tharsis vault remove-machine nas laptop --reason sold'],
    load: async () => (await import('./machine-verbs.ts')).removeMachine,
  },
  {
    name: 'vault undelete-machine',
    summary: 'Bring a removed machine back, with its points',
    arguments: machineArguments,
    options: [],
    examples: ['tharsis vault undelete-machine nas laptop'],
    load: async () => (await import('./machine-verbs.ts')).undeleteMachine,
  },
]
