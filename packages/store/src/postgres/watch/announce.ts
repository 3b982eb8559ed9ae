// Tells other processes that there is something to do: a NOTIFY in a transaction of its own.
//
// Never in the transaction that makes the news: a notifying transaction holds a lock of the whole
// cluster until its commit is on disk, which would make all commits wait for each other. And never
// more often than every few milliseconds: the first goes out at once, those that follow closely
// are one. The statement itself asks whether anybody needs waking (saturation.ts). It commits
// without waiting for the disk: a notification that a crash loses, the poll makes up for.

import type { Driver, Statement } from "../driver.ts";

/** `cancel` is heard as `ready`, by every worker: one with all hands full has to look as well. */
export type Announcement = "ready" | "scheduled" | "cancel";

/** At most one announcement of a kind in so many milliseconds. */
const pauseMs = 10;
/** A dispatcher looks by itself at least this often; what is due later needs no announcement. */
export const dispatcherLooksMs = 5_000;

const toAll =
  "SELECT set_config('synchronous_commit', 'off', true), pg_notify('queue_runtime', $1)";
const toIdle = `${toAll}
  WHERE NOT EXISTS (SELECT FROM queue_runtime.processes WHERE kind = 'worker')
    OR EXISTS (SELECT FROM queue_runtime.processes
      WHERE kind IN ('worker', 'commands') AND NOT saturated)`;

/** The payload is the kind, and whose news it is: nobody needs to hear his own. */
const notify: Readonly<Record<Announcement, readonly [text: string, kind: string]>> = {
  ready: [toIdle, "ready"],
  scheduled: [toAll, "scheduled"],
  cancel: [toAll, "ready"],
};

export class Announcer {
  /** Of this connection to the store. */
  readonly id: string = crypto.randomUUID().slice(0, 8);
  readonly #driver: Driver;
  readonly #pauses = new Map<Announcement, NodeJS.Timeout>();
  readonly #owed = new Set<Announcement>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(driver: Driver) {
    this.#driver = driver;
    driver.onClose(() => this.#flush());
  }

  announce(what: Announcement): void {
    const statement = this.next(what);
    if (statement) this.#send(statement);
  }

  /**
   * The announcement, for whoever sends it on the heels of what it tells of; null when it goes out
   * by itself a moment later, with others.
   */
  next(what: Announcement): Statement | null {
    if (this.#pauses.has(what)) {
      this.#owed.add(what);
      return null;
    }
    const [text, kind] = notify[what];
    const over = (): void => {
      this.#pauses.delete(what);
      if (this.#owed.delete(what)) this.announce(what);
    };
    this.#pauses.set(what, setTimeout(over, pauseMs).unref());
    return [text, [`${kind} ${this.id}`]];
  }

  /** A job becomes due in so many milliseconds. */
  announceDue(ms: number): void {
    if (ms < dispatcherLooksMs) this.announce("scheduled");
  }

  #send([text, values]: Statement): void {
    const sent = this.#driver.query(text, values).catch(() => {
      // Whoever cannot reach the store hears of it from what he wanted there; others poll.
    });
    this.#underWay.add(sent);
    void sent.finally(() => this.#underWay.delete(sent));
  }

  async #flush(): Promise<void> {
    for (const pause of this.#pauses.values()) clearTimeout(pause);
    this.#pauses.clear();
    for (const what of this.#owed) this.announce(what);
    for (const pause of this.#pauses.values()) clearTimeout(pause);
    await Promise.all(this.#underWay);
  }
}
