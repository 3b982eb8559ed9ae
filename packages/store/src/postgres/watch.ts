// Tells of changes in the database: by its notifications, which come in a millisecond or so, and by
// a poll, which finds what no notification told of. However many watches a store has, they share
// one connection and one poll (watch/watcher.ts).

import { StoreError } from "../errors.ts";
import type { News, Watch, WatchOptions } from "../store/watch.ts";
import type { Driver } from "./driver.ts";
import type { Announcer } from "./watch/announce.ts";
import { type Member, Watcher } from "./watch/watcher.ts";

const hubs = new WeakMap<Driver, Hub>();

/** @throws StoreError `unreachable` when the store was closed */
export function watch(
  driver: Driver,
  announcer: Announcer,
  listener: (news: News) => void,
  options: WatchOptions = {},
): Watch {
  const hub = hubs.get(driver) ?? new Hub(driver, announcer);
  hubs.set(driver, hub);
  return hub.add({ listener, options });
}

/** The watches of one store. */
class Hub {
  readonly #driver: Driver;
  readonly #announcer: Announcer;
  readonly #members = new Set<Member>();
  #watcher: Watcher | null = null;
  #closed = false;

  constructor(driver: Driver, announcer: Announcer) {
    this.#driver = driver;
    this.#announcer = announcer;
    driver.onClose(() => this.#close());
  }

  add(member: Member): Watch {
    if (this.#closed) {
      const what = `the store ${this.#driver.url} was closed`;
      throw new StoreError("unreachable", `${what}: open it again to use it`);
    }
    this.#members.add(member);
    this.#watcher ??= new Watcher(this.#driver, this.#announcer, this.#members);
    this.#watcher.welcome(member);
    return { close: () => this.#remove(member) };
  }

  #remove(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (this.#members.size === 0) void this.#stop();
    else this.#watcher?.membersChanged();
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#members.clear();
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = null;
    await watcher?.close();
  }
}
