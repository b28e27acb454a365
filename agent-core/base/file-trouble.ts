const words: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a file of that name is there, which is not a folder',
  EACCES: 'you may not enter, read or write it',
  EPERM: 'the system does not permit it',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'its disk is full',
  EDQUOT: 'your quota on its disk is used up',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'too many symbolic links lead to it',
  EIO: 'its disk answers with errors',
  ENXIO: 'nobody answers there',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

/** Why a call on a file failed, as a part of a sentence for people; the error's own message where no words are known. */
export function troubleWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return knownTrouble(error) ?? error.message
}

/** As `troubleWords`; undefined where no words are known. */
export function knownTrouble(error: Error): string | undefined {
  return 'code' in error ? words[String(error.code)] : undefined
}
