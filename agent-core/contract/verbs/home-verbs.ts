import { path } from '../bounds.ts'
import { chunkDocument, chunkDump, chunkVerification } from '../documents/chunk.ts'
import {
  cacheDocument,
  cacheMoved,
  cacheRebuilt,
  doctorDocument,
  settingsChange,
  settingsDocument,
} from '../documents/home.ts'
import { call, task } from '../verb.ts'

export const homeVerbs = {
  showCache: call({ about: 'The cache: budget, what is used, waits, is kept.', parameters: [], answer: cacheDocument }),
  moveCache: task({
    about: 'Moves the cache to an empty or new folder.',
    parameters: [['directory', path]],
    answer: cacheMoved,
  }),
  rebuildCache: task({
    about: 'Builds the base anew from the vaults.',
    parameters: [],
    answer: cacheRebuilt,
  }),
  getSettings: call({ about: 'What this machine goes by.', parameters: [], answer: settingsDocument }),
  changeSettings: call({
    about: 'Changes settings; what is left out stays, null goes back to the default.',
    parameters: [['changes', settingsChange]],
    answer: settingsDocument,
  }),
  doctor: call({
    about: 'Checks this machine, the home folder and the vaults.',
    parameters: [],
    answer: doctorDocument,
  }),
  chunkInfo: call({
    about: 'What a chunk file says about itself.',
    parameters: [['file', path]],
    answer: chunkDocument,
  }),
  chunkVerify: call({
    about: 'Checks a chunk file without any key: its hash and structure.',
    parameters: [['file', path]],
    answer: chunkVerification,
  }),
  chunkDump: call({
    about: 'The extents of a chunk file, and their blocks where a key opens them.',
    parameters: [['file', path]],
    answer: chunkDump,
  }),
}
