/** Passphrases: how good one is, and new ones. Pure but for the bytes that come in. */

const shortestPassphrase = 16
const alphabet = 'abcdefghjkmnpqrstvwxyz23456789'
const groups = 6
const groupLength = 4

/** Random bytes; the browser's own generator in the product. */
export type RandomBytes = (sizeBytes: number) => Uint8Array

/** A new passphrase, such as `k7wq-…`: six groups of four out of 30 characters, 117 bits. */
export function createPassphrase(randomBytes: RandomBytes): string {
  let text = ''
  while (text.length < groups * groupLength) {
    for (const byte of randomBytes(32)) {
      // 240 is a multiple of 30: every character is as likely as any other.
      if (byte < 240 && text.length < groups * groupLength) text += alphabet[byte % alphabet.length]
    }
  }
  return text.replace(/.{4}(?=.)/g, '$&-')
}

/** What is wrong with a passphrase; undefined: nothing. */
export function passphraseTrouble(passphrase: string): string | undefined {
  const length = Array.from(passphrase).length
  if (length < shortestPassphrase) return `At least ${shortestPassphrase} characters; these are ${length}.`
  if (new Set(passphrase).size < 5) return 'That is a few characters over and over. Take some words.'
  return undefined
}
