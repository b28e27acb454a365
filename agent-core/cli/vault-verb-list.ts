/** What is said about vaults on the command line. */
import { credentialOptions, lockOption, replicaS3Options, s3Options } from './place-options.ts'
import type { AnyVerb, VerbOption } from './verb.ts'

const generateOption: VerbOption = {
  flags: '--generate-passphrase',
  description: 'make a random passphrase and print it once',
}

const credentialsHelp =
  'Credentials for --s3 come from --profile or --credentials-file, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a ' +
  'question on the terminal, or the AWS files; never from an argument.'

export const vaultVerbs: readonly AnyVerb[] = [
  {
    name: 'vault create',
    summary: 'Make a new vault in an empty folder or bucket',
    details:
      'Asks for a passphrase of at least 16 characters. Without it, or the recovery code that is printed once, the ' +
      `data in the vault cannot be read by anybody. ${credentialsHelp}`,
    arguments: [['<name>', 'what this vault is called here']],
    options: [
      { flags: '--local <dir>', description: 'the new or empty folder that becomes the vault' },
      { flags: '--replica-local <dir>', description: 'a new or empty folder for its replica; see "vault set"' },
      ...s3Options,
      lockOption,
      generateOption,
    ],
    examples: [
      'tharsis vault create usb --local /media/usb/tharsis',
      'tharsis vault create cloud --s3 s3://my-backups/laptop --region eu-central-1 --profile backup',
      'tharsis vault create nas --s3 s3://tharsis --endpoint https://nas.home:9000 --path-style',
    ],
    load: async () => (await import('./vault-verbs.ts')).createVault,
  },
  {
    name: 'vault connect',
    summary: 'Use a vault that exists',
    details:
      'With --read, points of another machine can be listed and restored here. With --take-over, this home folder ' +
      `becomes that machine, and the old one cannot back up into the vault any more. ${credentialsHelp}`,
    arguments: [['<name>', 'what this vault is called here']],
    options: [
      { flags: '--local <dir>', description: 'the folder of the vault' },
      ...s3Options,
      { flags: '--read <machine>', description: 'read the points of this machine' },
      { flags: '--take-over <machine>', description: 'become this machine' },
      {
        flags: '--repair-versions',
        description: 'in a bucket with versions: put back first what somebody else has overwritten or deleted',
      },
    ],
    examples: ['tharsis vault connect usb --local /media/usb/tharsis'],
    load: async () => (await import('./vault-verbs.ts')).connectVault,
  },
  {
    name: 'vault list',
    summary: 'List the vaults that are known here',
    arguments: [],
    options: [],
    examples: ['tharsis vault list'],
    load: async () => (await import('./vault-verbs.ts')).listVaults,
  },
  {
    name: 'vault show',
    summary: 'Show one vault: what it holds and how full it is',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault show usb'],
    load: async () => (await import('./vault-verbs.ts')).showVault,
  },
  {
    name: 'vault test',
    summary: 'Try to write, read and delete in a vault, and say what its place can do',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault test usb'],
    load: async () => (await import('./vault-verbs.ts')).testVault,
  },
  {
    name: 'vault set',
    summary: 'Give a vault a replica, or take it away',
    details:
      'A replica is a second place that holds the same objects: restores use it when the vault is gone or damaged, on ' +
      'another machine too ("tharsis vault connect NAME --local REPLICA", or --s3). Best on another disk, in another ' +
      'building. Asks before it takes the place of a replica that is elsewhere; without a terminal that needs --yes. ' +
      credentialsHelp.replace('--s3', '--replica-s3'),
    arguments: [['<name>', 'the vault']],
    options: [
      {
        flags: '--replica-local <dir>',
        description: 'an empty or new folder, or one that holds a replica of this vault',
      },
      ...replicaS3Options,
      { flags: '--replica-every <hours>', description: 'how often it is brought up to date (default: 24)' },
      {
        flags: '--replica-grace <days>',
        description: 'how long it keeps what clean-ups have removed from the vault (default: 14)',
      },
      { flags: '--no-replica', description: 'forget the replica; what it holds stays there' },
    ],
    examples: [
      'tharsis vault set usb --replica-local /mnt/nas/tharsis',
      'tharsis vault set usb --replica-s3 s3://my-backups/usb --region eu-central-1 --profile backup',
      'tharsis vault set usb --no-replica',
    ],
    load: async () => (await import('./replica-verbs.ts')).setVault,
  },
  {
    name: 'vault replicate',
    summary: 'Bring the replica of a vault up to date',
    details:
      'Copies what is missing, checks every object before, and can be interrupted at any moment. What clean-ups have ' +
      'removed from the vault goes from the replica too, after --replica-grace days; what the vault has lost stays there. ' +
      'Ends with exit status 8 when something of the vault is damaged or lost.',
    arguments: [['<name>', 'the vault']],
    options: [],
    examples: ['tharsis vault replicate usb'],
    load: async () => (await import('./replica-verbs.ts')).replicateVault,
  },
  {
    name: 'vault verify',
    summary: 'Check that the points of a vault are whole',
    details:
      'Without numbers it goes on where the last one stopped: run it regularly, best daily, and every chunk file is read ' +
      'once in verify-days (see "tharsis settings"). Levels, each with what those before it prove: listing, every small ' +
      'object opens and every chunk file is there in its length (seconds); hash, what is read has the SHA-256 of its name, so ' +
      'that no byte has changed (as fast as the disk); open, every block in it opens and is the one that its id names, and ' +
      'every point finds all of its blocks (some more processor time); restore, files picked at random from points picked ' +
      'at random are restored from the vault into a private folder and compared (up to 1 GiB of room in the home folder). ' +
      'Ends with exit status 8 when damage remains, and names every affected file; with 3 when all of it was healed, or when ' +
      'what is damaged is whole elsewhere in the vault.',
    arguments: [['<name>', 'the vault']],
    options: [
      {
        flags: '--heal',
        description:
          'mend what is damaged: from the cache, a replica, another vault of this machine, or the protected files themselves; ' +
          'points that lack files for good are marked as partial',
      },
      {
        flags: '--keyspace <machine>',
        description: "check what another machine has stored (its name, or its keyspace's id), with its passphrase",
      },
      {
        flags: '--level <level>',
        description: 'how deep to look',
        choices: ['listing', 'hash', 'open', 'restore'],
        default: 'open',
      },
      {
        flags: '--read-data <percent>',
        description: 'read this share of the chunk files now, picked at random, instead of those whose turn it is',
      },
    ],
    examples: ['tharsis vault verify usb', 'tharsis vault verify usb --read-data 100 --heal'],
    load: async () => (await import('./vault-verbs.ts')).verifyVault,
  },
  {
    name: 'vault prune',
    summary: 'Take from a vault what no point needs any more',
    details:
      'Removes points that nothing keeps any more, and announces the chunk files that no other point needs; what is left ' +
      'in nearly empty ones is merged into new ones first. Announced chunk files are deleted by the first run after the ' +
      'grace time (14 days), unless something needs them by then. It may be interrupted at any moment: the next run goes ' +
      'on. With --keyspace it cleans up what another machine has stored, with the passphrase of that machine, also when the ' +
      'machine is gone. A grace time under 14 days asks, and asks for the PIN where there is one. Ends with exit status 3 ' +
      'when the vault does not let go of what is due.',
    arguments: [['<name>', 'the vault']],
    options: [
      { flags: '--plan', description: 'say what would be done, and do nothing' },
      { flags: '--keyspace <machine>', description: "another machine of the vault, or its keyspace's id" },
      {
        flags: '--max-unused <percent>',
        description:
          'merge until at most this share is unused; 100: merge nothing (default: what is less than 60 % needed)',
      },
      { flags: '--grace <days>', description: 'days between announcing and deleting, 0 to 180 (default: 14)' },
    ],
    examples: ['tharsis vault prune usb --plan', 'tharsis vault prune usb'],
    load: async () => (await import('./prune-verbs.ts')).pruneVault,
  },
  {
    name: 'vault set-passphrase',
    summary: 'Change the passphrase; nothing is uploaded again',
    details:
      'The new one comes from --new-passphrase-file, THARSIS_NEW_PASSPHRASE, or a question on the terminal, and has at least ' +
      '16 characters. This machine holds the key, so the old one is not asked for; where it is given all the same, it has to ' +
      'be right.',
    arguments: [['<name>', 'the vault']],
    options: [
      { flags: '--new-passphrase-file <file>', description: 'file whose first line is the new passphrase' },
      generateOption,
    ],
    examples: ['tharsis vault set-passphrase usb'],
    load: async () => (await import('./vault-verbs.ts')).setPassphrase,
  },
  {
    name: 'vault set-credentials',
    summary: 'Have a vault in S3 be opened with other credentials',
    details: `They are tried first. ${credentialsHelp}`,
    arguments: [['<name>', 'the vault']],
    options: credentialOptions,
    examples: ['tharsis vault set-credentials cloud --profile backup'],
    load: async () => (await import('./vault-verbs.ts')).setCredentials,
  },
]
