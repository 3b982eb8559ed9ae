// Tells soon when another connection committed. It never says what: the listener looks itself.
//
// A commit ends in a write to the write-ahead log, which the system reports, but a moment before
// the commit can be seen; so we look again 1, 2 and 3 ms later. Looking is `PRAGMA data_version`,
// which reads one number in shared memory and changes only when another connection committed.
// Where the system reports nothing (network file systems, no watches left, no log yet), the poll
// remains; it also comes back to the log when the file was deleted and made again.

import { type FSWatcher, watch as watchFile } from "node:fs";
import type { Watch, WatchOptions } from "../store.ts";
import type { Driver } from "./driver.ts";

/** A commit is seen by one of these looks; measured: 99 % within 3 ms. */
const looksAfterWrite = 3;

export function watch(driver: Driver, listener: () => void, options: WatchOptions = {}): Watch {
  const watcher = new Watcher(driver, listener);
  const poll = setInterval(() => watcher.poll(), options.pollMs ?? 1_000);
  poll.unref();
  const close = (): void => {
    clearInterval(poll);
    watcher.close();
  };
  driver.onClose(close);
  return { close };
}

class Watcher {
  readonly #driver: Driver;
  readonly #listener: () => void;
  #file: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looksLeft = 0;
  #version: unknown;
  #closed = false;

  constructor(driver: Driver, listener: () => void) {
    this.#driver = driver;
    this.#listener = listener;
    this.#version = this.#read();
    this.#arm();
  }

  poll(): void {
    this.#arm();
    this.#look();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#disarm();
  }

  #arm(): void {
    if (this.#file || this.#closed || this.#driver.path === ":memory:") return;
    try {
      this.#file = watchFile(`${this.#driver.path}-wal`, { persistent: false }, (event) => {
        // Deleted or replaced: the next poll watches the new one.
        if (event === "rename") this.#disarm();
        this.#lookSoon();
      });
      this.#file.on("error", () => this.#disarm());
    } catch {
      // Not there yet, or nothing can be watched here: the poll is enough.
      this.#file = null;
    }
  }

  #disarm(): void {
    this.#file?.close();
    this.#file = null;
  }

  #lookSoon(): void {
    this.#looksLeft = looksAfterWrite;
    this.#timer ??= this.#schedule();
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = null;
      this.#looksLeft -= 1;
      this.#look();
      if (this.#looksLeft > 0 && !this.#closed) this.#timer = this.#schedule();
    }, 1).unref();
  }

  #look(): void {
    if (this.#closed) return;
    const version = this.#read();
    if (version === this.#version || version === undefined) return;
    this.#version = version;
    this.#listener();
  }

  #read(): unknown {
    try {
      return this.#driver.value("PRAGMA data_version");
    } catch {
      // Busy, or worse: the next look tells, and whoever uses the store gets the error itself.
      return undefined;
    }
  }
}
