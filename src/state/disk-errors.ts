// Errors of the disk in words, and those that a program can go on with.

import type { Stats } from 'node:fs';

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
  EBUSY: 'it is a mount point, or in use',
};

const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK', 'EXDEV']);

/** Whether a file cannot have a second name there, such as on FAT, or a file of another user. */
export function hasNoLinks(error: unknown): boolean {
  return NO_LINKS.has(codeOf(error));
}

/** Whether this user lacks a permission. */
export function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error));
}

/** What is in the place of a file, for people. */
export function kindOf(status: Stats): string {
  if (status.isDirectory()) return 'a folder';
  return status.isSymbolicLink() ? 'a symbolic link' : 'a device, pipe or socket';
}

/** The system's error code; empty: it has none. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** An error of the disk for people, with the system's code. */
export function diskErrorText(error: unknown): string {
  const code = codeOf(error);
  return code === '' ? (error as Error).message : `${WORDS[code] ?? (error as Error).message} (${code})`;
}
