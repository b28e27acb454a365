import { z } from 'zod'
import { list, name, optional, passphrase, path, text } from '../bounds.ts'
import { pruneDocument, pruneOptions } from '../documents/prune.ts'
import {
  bucketTest,
  connectedVault,
  createdVault,
  placeRequest,
  replicaChange,
  replicaDocument,
  replicationDocument,
  s3Credentials,
  s3PlaceRequest,
  vaultDetails,
  vaultDocument,
  vaultTest,
  verifyDocument,
  verifyOptions,
} from '../documents/vault.ts'
import { call, task } from '../verb.ts'

export const vaultVerbs = {
  createVault: call({
    about: 'Makes a new vault in an empty folder or bucket; the recovery code in the answer is never shown again.',
    parameters: [
      ['name', name],
      ['place', placeRequest],
      ['passphrase', passphrase],
    ],
    answer: createdVault,
  }),
  connectVault: call({
    about: 'Uses a vault that exists: to read the points of a machine in it, or to become that machine.',
    parameters: [
      ['name', name],
      ['place', placeRequest],
      ['passphrase', passphrase],
      ['options', z.object({ read: optional(text), takeOver: optional(text), repairVersions: optional(z.boolean()) })],
    ],
    answer: connectedVault,
  }),
  listVaults: call({ about: 'The vaults that are known here.', parameters: [], answer: list(vaultDocument) }),
  showVault: call({
    about: 'One vault: what it holds and how full it is; while its place is not reachable, what is known here.',
    parameters: [['name', name]],
    answer: vaultDetails,
  }),
  testVault: call({
    about: 'Tries to write, read and delete in a vault.',
    parameters: [['name', name]],
    answer: vaultTest,
  }),
  testBucket: call({
    about:
      'Tries whether a bucket can become a vault: it answers, holds nothing there yet, and does what a vault needs.',
    parameters: [['place', s3PlaceRequest]],
    answer: bucketTest,
  }),
  setReplica: call({
    about: 'Gives a vault a replica, or changes it; nothing is copied yet.',
    parameters: [
      ['name', name],
      ['change', replicaChange],
    ],
    answer: z.object({ replica: replicaDocument, remarks: list(text) }),
  }),
  removeReplica: call({
    about: 'Forgets the replica of a vault; what it holds stays where it is.',
    parameters: [['name', name]],
    answer: z.object({ address: path }),
  }),
  replicateVault: task({
    about: 'Brings the replica of a vault up to date; what the vault has lost stays in the replica.',
    parameters: [['name', name]],
    answer: replicationDocument,
  }),
  dueReplications: call({
    about: 'Names of the vaults whose replica is to be brought up to date now.',
    parameters: [],
    answer: list(name),
  }),
  verifyVault: task({
    about: 'Checks that the points of a vault are whole; names every damaged object and every file it affects.',
    parameters: [
      ['name', name],
      ['options', verifyOptions],
    ],
    answer: verifyDocument,
  }),
  pruneVault: task({
    about:
      'Takes from a vault what no point needs any more: points that nothing keeps, and chunk files of which nothing or ' +
      'little is needed. Chunk files are announced first and deleted by a run after the grace time.',
    parameters: [
      ['name', name],
      ['options', pruneOptions],
    ],
    answer: pruneDocument,
  }),
  setPassphrase: call({
    about:
      'Changes the passphrase of a vault; nothing is uploaded again. `current`, where it is given, has to open the vault.',
    parameters: [
      ['name', name],
      ['passphrase', passphrase],
      ['current', passphrase.optional()],
    ],
    answer: z.object({ name, remarks: list(text) }),
  }),
  setCredentials: call({
    about: 'Has a vault in S3 be opened with other credentials from now on; they are tried first.',
    parameters: [
      ['name', name],
      ['credentials', s3Credentials],
    ],
    answer: z.object({ name, keptIn: text }),
  }),
  unlockVault: call({
    about:
      'Gives the passphrase of a vault whose key is not stored on this machine any more (a verb failed with ' +
      '`vault.locked`), so that it is stored again. Ask the same verb again afterwards.',
    parameters: [
      ['name', name],
      ['passphrase', passphrase],
    ],
    answer: z.object({ name }),
  }),
}
