import { list, name, passphrase, text } from '../bounds.ts'
import {
  forkedMachine,
  forkOptions,
  joinOptions,
  machineDocument,
  newKeyDocument,
  removedMachineDocument,
} from '../documents/machine.ts'
import { createdVault, placeRequest } from '../documents/vault.ts'
import { call } from '../verb.ts'

export const machineVerbs = {
  joinVault: call({
    about:
      'Becomes one more machine in a vault that exists, with keys of its own; the recovery code in the answer is never ' +
      'shown again.',
    parameters: [
      ['name', name],
      ['place', placeRequest],
      ['passphrase', passphrase],
      ['options', joinOptions],
    ],
    answer: createdVault,
  }),
  listMachines: call({
    about:
      'The machines of a vault. What is sealed of them is told of those whose key is here, and of those that `passphrase` ' +
      'opens.',
    parameters: [
      ['vault', name],
      ['passphrase', passphrase.optional()],
    ],
    answer: list(machineDocument),
  }),
  takeNewKey: call({
    about:
      'Has everything be stored under new keys from the next backup on, with a new passphrase; what is stored stays with the ' +
      'old ones. Asks for the PIN.',
    parameters: [
      ['vault', name],
      ['passphrase', passphrase],
    ],
    answer: newKeyDocument,
  }),
  forkMachine: call({
    about:
      'Makes this home folder, which is a copy of another one, a machine of its own in all vaults that it writes to; ' +
      '`passphrase` is that of the machine that it was in this vault, and opens the new one too. Asks for the PIN.',
    parameters: [
      ['vault', name],
      ['passphrase', passphrase],
      ['options', forkOptions],
    ],
    answer: forkedMachine,
  }),
  removeMachine: call({
    about:
      'Removes a machine from a vault: it backs up there no more, and its points go to the trash. Asks for the PIN, and for ' +
      'the passphrase of a machine that is not this one.',
    parameters: [
      ['vault', name],
      ['machine', text],
      ['reason', text.optional()],
    ],
    answer: removedMachineDocument,
  }),
  undeleteMachine: call({
    about: 'Brings a removed machine back, with its points; asks for its passphrase, where it is not this one.',
    parameters: [
      ['vault', name],
      ['machine', text],
    ],
    answer: removedMachineDocument,
  }),
}
