// Keeps the output of each run below its limit while it runs. What is beyond is cut off at its old
// end: the newest half of the limit is copied to a second file, and the first one starts anew at 0,
// where its writers go on by themselves (O_APPEND). Both together stay within the limit, but for
// what is written between two looks. The last bytes are read and the file is emptied in one breath,
// so that the end of the output stays however fast it comes; what a flood writes while the copy is
// made may be missing in its middle.
//
// Rejected: pipes with us in the middle (a command would die with us, and wait for us), a limit by
// the system (it ends the command).

import { fstatSync, ftruncateSync, readSync, renameSync, statSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { noteCut, noteReplaced, olderOutput } from "../../../control/output/cut-note.ts";

/** Milliseconds between two looks. */
const everyMs = 250;
const chunkBytes = 1_048_576;
const mostPasses = 4;
const mostTries = 8;

export interface OutputLimitOptions {
  readonly limitBytes: () => number;
  /** Of what runs now. */
  readonly files: () => readonly string[];
  /** Called with each look; what else is to be looked at while something runs. */
  readonly looked: () => void;
}

export class OutputLimit {
  readonly #options: OutputLimitOptions;
  #timer: NodeJS.Timeout | undefined;
  readonly #cutting = new Set<string>();
  /** To be looked at once more after the cut: its last burst may come in the midst of it. */
  readonly #asked = new Set<string>();

  constructor(options: OutputLimitOptions) {
    this.#options = options;
  }

  /** Looks for as long as there is something to look at. */
  watch(): void {
    this.#timer ??= setInterval(() => this.#look(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Of a run that has just ended: its last burst may be beyond the limit. */
  ended(paths: readonly string[]): void {
    for (const path of paths) void this.#cutWhereTooLong(path);
  }

  #look(): void {
    const files = this.#options.files();
    this.#options.looked();
    for (const path of files) void this.#cutWhereTooLong(path);
    if (files.length === 0) this.stop();
  }

  async #cutWhereTooLong(path: string): Promise<void> {
    const limit = this.#options.limitBytes();
    const bytes = sizeOf(path);
    // most output is far below, and not even looked at twice
    if (bytes <= limit / 2) return;
    if (this.#cutting.has(path)) {
      this.#asked.add(path);
      return;
    }
    if (bytes + sizeOf(olderOutput(path)) <= limit) return;
    this.#cutting.add(path);
    try {
      await cut(path, Math.floor(limit / 2));
    } catch {
      // removed meanwhile, or no room for the copy: the next look tries again
    } finally {
      this.#cutting.delete(path);
    }
    if (this.#asked.delete(path)) await this.#cutWhereTooLong(path);
  }
}

async function cut(path: string, keepBytes: number): Promise<void> {
  const copy = `${olderOutput(path)}.new`;
  const from = await open(path, "r+");
  try {
    const to = await open(copy, "w", 0o600);
    try {
      const copied = await copyTail(from, to, keepBytes);
      noteCut(path, () => {
        renameSync(copy, olderOutput(path));
        return takeTheRest(from.fd, to.fd, copied);
      });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
  await shorten(path, keepBytes);
}

/** What was written while we copied is in it as well: the newest of it stays. */
async function shorten(path: string, keepBytes: number): Promise<void> {
  const older = olderOutput(path);
  const end = sizeOf(older);
  if (end <= keepBytes) return;
  const copy = `${older}.new`;
  await using from = await open(older, "r");
  await using to = await open(copy, "w", 0o600);
  await copyRange(from, to, { at: end - keepBytes, end });
  renameSync(copy, older);
  noteReplaced(path);
}

/** Answers up to where it copied. */
async function copyTail(from: FileHandle, to: FileHandle, keepBytes: number): Promise<number> {
  const { size } = await from.stat();
  let at = Math.max(0, size - keepBytes);
  let end = size;
  // what is written while we copy is copied, too, unless it comes as fast as that
  for (let pass = 0; pass < mostPasses && at < end; pass++) {
    at = await copyRange(from, to, { at, end });
    end = (await from.stat()).size;
  }
  return at;
}

/**
 * Nothing but a system call lies between the last byte read and the cut. Answers how much was cut.
 */
function takeTheRest(from: number, to: number, copied: number): number {
  const buffer = Buffer.alloc(chunkBytes);
  let bytes = 0;
  let end = 0;
  for (let tries = 0; tries < mostTries; tries++) {
    const at = Math.max(copied, fstatSync(from).size - chunkBytes / 2);
    bytes = readSync(from, buffer, 0, chunkBytes, at);
    end = at + bytes;
    if (bytes < chunkBytes) break;
  }
  ftruncateSync(from);
  writeSync(to, buffer, 0, bytes);
  return end;
}

async function copyRange(
  from: FileHandle,
  to: FileHandle,
  range: { readonly at: number; readonly end: number },
): Promise<number> {
  const buffer = Buffer.alloc(Math.min(chunkBytes, range.end - range.at));
  let { at } = range;
  while (at < range.end) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, range.end - at), at);
    if (bytesRead === 0) break;
    await to.write(buffer, 0, bytesRead);
    at += bytesRead;
  }
  return at;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
