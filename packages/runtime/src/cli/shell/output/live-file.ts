// A file that somebody else writes, read as it grows. The system tells of changes; nothing polls.
// A file that became shorter was begun anew by the next run, or cut: what was not read by then is
// looked for in what was kept of it, and what is not there either is counted.

import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type CutNote, olderOutput, readCutNote } from "../../../control/output/cut-note.ts";
import { tailOf } from "./tail.ts";

export interface LiveFileOptions {
  readonly path: string;
  /** Begin with so many of the last lines; null: at the beginning. */
  readonly lines: number | null;
  /** Reading waits for it. */
  readonly take: (bytes: Buffer) => Promise<void>;
  /** So many bytes were cut off before they could be read. */
  readonly missed: (bytes: number) => void;
  /** Reading or `take` failed; nothing more comes. */
  readonly fail: (error: Error) => void;
}

const chunkBytes = 65_536;
/** Each a millisecond. */
const mostTries = 1_000;

export class LiveFile {
  readonly #options: LiveFileOptions;
  #watcher: FSWatcher | null = null;
  /** Of the folder, until the file is there. */
  #folder: FSWatcher | null = null;
  #handle: FileHandle | null = null;
  #at = 0;
  /** How much was cut off before the file as we read it. */
  #cut = 0;
  /** Of a cut that nobody completed. */
  #abandoned: CutNote | null = null;
  #reading: Promise<void> = Promise.resolve();
  #wanted = false;
  #closed = false;

  constructor(options: LiveFileOptions) {
    this.#options = options;
  }

  /** Reads what is there now; later what comes, without being asked. */
  poke(): Promise<void> {
    if (this.#closed || this.#wanted) return this.#reading;
    this.#wanted = true;
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async close(): Promise<void> {
    await this.poke();
    this.#closed = true;
    this.#watcher?.close();
    this.#folder?.close();
    await this.#handle?.close();
  }

  async #read(): Promise<void> {
    this.#wanted = false;
    try {
      if (await this.#openNewest()) await this.#readOn();
    } catch (error) {
      this.#closed = true;
      this.#options.fail(error as Error);
    }
  }

  /** False while there is no such file. One that was deleted is read to its end all the same. */
  async #openNewest(): Promise<boolean> {
    const { path } = this.#options;
    const found = await stat(path).catch(() => null);
    const open = await this.#handle?.stat();
    if (found === null) {
      if (this.#handle === null) this.#awaitFile();
      return this.#handle !== null;
    }
    if (open !== undefined && open.ino === found.ino) return true;
    await this.#begin(open === undefined);
    return true;
  }

  async #begin(isFirst: boolean): Promise<void> {
    const { path, lines } = this.#options;
    if (this.#handle !== null) await this.#readOn();
    await this.#handle?.close();
    this.#watcher?.close();
    // watched before it is read: what is written in between is not missed
    this.#watcher = watch(path, () => void this.poke());
    this.#watcher.on("error", () => undefined);
    this.#folder?.close();
    this.#folder = null;
    this.#handle = await open(path, "r");
    const fromEnd = isFirst && lines !== null;
    let note: CutNote;
    do {
      note = await this.#settledNote();
      const { size } = await this.#handle.stat();
      this.#at = fromEnd ? (await tailOf(this.#handle, size, lines)).from : 0;
    } while (!isSame(note, readCutNote(path)));
    this.#cut = note.bytes;
  }

  #awaitFile(): void {
    const { path } = this.#options;
    if (this.#folder !== null) return;
    try {
      this.#folder = watch(dirname(path), (_, name) => {
        if (name === basename(path)) void this.poke();
      });
      this.#folder.on("error", () => undefined);
      // it may have come while the watch began
      void this.poke();
    } catch {
      // no folder yet: the news that the command runs brings us back
      this.#folder = null;
    }
  }

  async #readOn(): Promise<void> {
    const handle = this.#handle;
    if (handle === null) return;
    while (true) {
      const note = await this.#settledNote();
      const { size } = await handle.stat();
      if (note.bytes !== this.#cut || size < this.#at) {
        await this.#followCut();
        continue;
      }
      if (size === this.#at) return;
      const block = Buffer.allocUnsafe(Math.min(chunkBytes, size - this.#at));
      const { bytesRead } = await handle.read(block, 0, block.length, this.#at);
      // it may be what came after a cut
      if (!isSame(note, readCutNote(this.#options.path))) continue;
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      await this.#options.take(block.subarray(0, bytesRead));
    }
  }

  /** No cut is under way, unless whoever made it died of it. */
  async #settledNote(): Promise<CutNote> {
    let note = readCutNote(this.#options.path);
    for (let tries = 0; note.cutting && !isSame(note, this.#abandoned); tries++) {
      if (tries === mostTries) this.#abandoned = note;
      await delay(1);
      note = readCutNote(this.#options.path);
    }
    return note;
  }

  /** The file was cut or begun anew: reading goes on at its start, after what was kept. */
  async #followCut(): Promise<void> {
    const { note, kept } = await this.#openKept();
    const unread = note.bytes - this.#cut - this.#at;
    const wasCut = note.bytes > this.#cut;
    this.#cut = note.bytes;
    this.#at = 0;
    if (wasCut && unread > 0) await this.#readKept(kept, unread);
    await kept?.close();
  }

  /** The note, and the file that it speaks of: another cut may come at any moment. */
  async #openKept(): Promise<{ note: CutNote; kept: FileHandle | null }> {
    const { path } = this.#options;
    for (let tries = 0; ; tries++) {
      const note = await this.#settledNote();
      const kept = await open(olderOutput(path), "r").catch(() => null);
      const inode = (await kept?.stat())?.ino ?? 0;
      if (isSame(note, readCutNote(path)) && inode === note.older) return { note, kept };
      await kept?.close();
      // somebody deleted it
      if (tries === mostTries) return { note, kept: null };
      await delay(1);
    }
  }

  /** The last bytes of what was cut off, as far as they were kept. */
  async #readKept(kept: FileHandle | null, bytes: number): Promise<void> {
    const { missed, take } = this.#options;
    const size = (await kept?.stat())?.size ?? 0;
    if (bytes > size) missed(bytes - size);
    if (kept === null || size === 0) return;
    const range = { start: Math.max(0, size - bytes), end: size - 1, autoClose: false };
    for await (const chunk of kept.createReadStream(range)) await take(chunk);
  }
}

function isSame(one: CutNote, other: CutNote | null): boolean {
  return one.bytes === other?.bytes && one.older === other.older && one.cutting === other.cutting;
}
