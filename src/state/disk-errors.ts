// Errors of the disk in words, and those that a program can go on with.

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not access it',
  EPERM: 'this user may not change it',
  EIO: 'the device fails',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links go in a circle',
  ENAMETOOLONG: 'its name is too long',
  EFBIG: 'the file is too large',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** The system's error code; empty: it has none. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** An error of the disk for people, with the system's code. */
export function diskErrorText(error: unknown): string {
  const code = codeOf(error);
  return code === '' ? (error as Error).message : `${WORDS[code] ?? (error as Error).message} (${code})`;
}
