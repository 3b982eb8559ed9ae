// Tells soon when another connection committed. It never says what: the listener looks itself.
//
// A commit ends in a write to the write-ahead log, which the system reports, but before the commit
// can be seen: a durable one still waits for its fsync then. So we look again 1, 2 and 3 ms later,
// and at growing distances for as long as a slow disk may take. Looking is `PRAGMA data_version`,
// which reads one number in shared memory and changes only when another connection committed.
// Where the system reports nothing (network file systems, no watches left, no log yet), the poll
// remains. It asks for the state of the file, which costs no query and no lock, and comes back to
// the log when the file was deleted and made again.

import { type FSWatcher, statSync, watch as watchFile } from "node:fs";
import type { News, Watch, WatchOptions } from "../store/watch.ts";
import type { Driver } from "./driver.ts";

/** Milliseconds from one look to the next after a write; measured: 99 % are seen by the third. */
const looks = [1, 1, 1, 2, 4, 8, 16, 32, 64, 128];
/** And after a find: the write of a second commit may have been reported before the first. */
const afterFind = [6];
/**
 * An eager watcher first looks between naps for so long, in milliseconds: a timer cannot wait less
 * than one, and looking without a nap takes the processor from whoever is about to commit.
 */
const eagerMs = 1;
const napMs = 0.1;
const nobody = new Int32Array(new SharedArrayBuffer(4));

export function watch(
  driver: Driver,
  listener: (news: News) => void,
  options: WatchOptions = {},
): Watch {
  const watcher = new Watcher(driver, listener, options.eager ? eagerMs : 0);
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
  readonly #listener: (news: News) => void;
  readonly #eagerMs: number;
  #file: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #waitMs = 0;
  #version: unknown;
  #polled = "";
  #looksOwed = 1;
  #napping = false;
  #closed = false;

  constructor(driver: Driver, listener: (news: News) => void, eagerMs: number) {
    this.#driver = driver;
    this.#listener = listener;
    this.#eagerMs = eagerMs;
    this.#version = this.#read();
    this.#polled = this.#stateOfLog();
    this.#arm();
  }

  poll(): void {
    this.#arm();
    const state = this.#stateOfLog();
    // twice: a second commit within the same tick of the file's clock leaves the same time
    if (state !== this.#polled) this.#looksOwed = 2;
    this.#polled = state;
    if (this.#looksOwed === 0) return;
    this.#looksOwed -= 1;
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

  /** A write was reported. Who looks again within the millisecond anyway goes on with that. */
  #lookSoon(): void {
    if (this.#napping || (this.#timer && this.#waitMs <= 1)) return;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#eagerMs > 0) this.#lookBetweenNaps(performance.now() + this.#eagerMs);
    else this.#follow(looks);
  }

  #lookBetweenNaps(until: number): void {
    this.#napping = true;
    setImmediate(() => {
      Atomics.wait(nobody, 0, 0, napMs);
      const found = this.#look();
      if (!found && !this.#closed && performance.now() < until) return this.#lookBetweenNaps(until);
      this.#napping = false;
      this.#follow(found ? afterFind : looks);
    });
  }

  /** Looks at these distances, until there is something. */
  #follow([wait, ...rest]: readonly number[]): void {
    this.#timer = null;
    if (wait === undefined || this.#closed) return;
    this.#waitMs = wait;
    this.#timer = setTimeout(() => this.#follow(this.#look() ? afterFind : rest), wait).unref();
  }

  /** Changes with every commit; a part of it also where clocks are coarse. */
  #stateOfLog(): string {
    try {
      const log = statSync(`${this.#driver.path}-wal`, { bigint: true, throwIfNoEntry: false });
      return log ? `${log.ino} ${log.size} ${log.mtimeNs}` : "none";
    } catch {
      return "unreadable";
    }
  }

  /** True when there was something. */
  #look(): boolean {
    if (this.#closed) return false;
    const version = this.#read();
    if (version === this.#version || version === undefined) return false;
    this.#version = version;
    this.#listener("any");
    return true;
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
