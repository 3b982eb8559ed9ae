// A file that somebody else writes, read as it grows. The system tells of changes; nothing polls.
// A file that became shorter was cut, or begun anew by the next run: reading goes on at its start.

import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { tailOf } from "./tail.ts";

export interface LiveFileOptions {
  readonly path: string;
  /** Begin with so many of the last lines; null: at the beginning. */
  readonly lines: number | null;
  /** Reading waits for it. */
  readonly take: (bytes: Buffer) => Promise<void>;
  /** Reading or `take` failed; nothing more comes. */
  readonly fail: (error: Error) => void;
}

const chunkBytes = 65_536;

export class LiveFile {
  readonly #options: LiveFileOptions;
  #watcher: FSWatcher | null = null;
  /** Of the folder, until the file is there. */
  #folder: FSWatcher | null = null;
  #handle: FileHandle | null = null;
  #at = 0;
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
    const { size } = await this.#handle.stat();
    const fromEnd = isFirst && lines !== null;
    this.#at = fromEnd ? (await tailOf(this.#handle, size, lines)).from : 0;
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
      const { size } = await handle.stat();
      if (size < this.#at) this.#at = 0;
      if (size === this.#at) return;
      const block = Buffer.allocUnsafe(Math.min(chunkBytes, size - this.#at));
      const { bytesRead } = await handle.read(block, 0, block.length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      await this.#options.take(block.subarray(0, bytesRead));
    }
  }
}
