// What a process says of its store, and how long it waits before it tries again. Several parts of a
// process meet the same trouble, each at its own time: the first of them says so, and the last that
// is served again says that. So a restart of a database is two lines per process.

import { setTimeout as delay } from "node:timers/promises";
import { type Store, StoreError } from "@queue-runtime/store";
import type { Log } from "../log.ts";
import { monotonic } from "../process/monotonic.ts";

/**
 * Milliseconds before the next try, the last one from then on. Quick at first: most trouble is a
 * connection that was cut, or a server that restarts; never slower than that, because jobs wait.
 */
const pauses = [50, 100, 200, 500, 1_000] as const;

/**
 * One part of the process that uses the store. What may fail while the rest of a part succeeds is a
 * user of its own, or each success would make the next failure the first one.
 */
export interface StoreUser {
  /** It was not served: says so if nobody has, and how long to wait before the next try. */
  failed(error: unknown): number;
  /** It was served. */
  succeeded(): void;
  /** It tries no more, served or not. */
  gone(): void;
}

export interface Insistence {
  /** Whether this error is one to wait out; asked after each. */
  readonly goOn: (error: unknown) => boolean;
  /** For the log: at most so long, in milliseconds. */
  readonly atMostMs?: number;
}

export class StoreHealth {
  /** Called when everybody is served again. */
  onWell: () => void = () => {};
  readonly #log: Log;
  readonly #random: () => number;
  readonly #troubled = new Set<StoreUser>();
  #since = 0;

  constructor(log: Log, random: () => number = Math.random) {
    this.#log = log;
    this.#random = random;
  }

  get isTroubled(): boolean {
    return this.#troubled.size > 0;
  }

  user(): StoreUser {
    let failures = 0;
    const user: StoreUser = {
      failed: (error) => {
        this.#trouble(user, error);
        return this.#pause(failures++);
      },
      succeeded: () => {
        failures = 0;
        if (this.#troubled.delete(user) && !this.isTroubled) this.#well();
      },
      gone: () => {
        this.#troubled.delete(user);
      },
    };
    return user;
  }

  /** Tries until it is served; rejects with the error that is not to be waited out. */
  async insist<T>(call: () => Promise<T>, { goOn, atMostMs }: Insistence): Promise<T> {
    const user = this.user();
    for (let tries = 0; ; tries++) {
      try {
        const answer = await call();
        user.succeeded();
        return answer;
      } catch (error) {
        if (!goOn(error)) {
          user.gone();
          throw error;
        }
        this.#trouble(user, error, atMostMs);
      }
      await delay(this.#pause(tries));
    }
  }

  #trouble(user: StoreUser, error: unknown, atMostMs?: number): void {
    if (!this.isTroubled) {
      const message = error instanceof Error ? error.message : String(error);
      const bounded = atMostMs === undefined ? {} : { atMostMs };
      this.#log.report({ type: "store-trouble", message, ...bounded });
      this.#since = monotonic();
    }
    this.#troubled.add(user);
  }

  #well(): void {
    this.#log.report({ type: "store-well", ms: monotonic() - this.#since });
    this.onWell();
  }

  /** With jitter: whoever lost the same server must not come back at the same moment. */
  #pause(failures: number): number {
    const most = pauses[Math.min(failures, pauses.length - 1)]!;
    return most * (0.5 + this.#random() / 2);
  }
}

/** So long may closing take, in milliseconds. */
const closeMs = 1_000;

/** Whoever ends has no use for a link that is dead, and waits for its goodbye only briefly. */
export async function closeInTime(store: Store | undefined): Promise<void> {
  const closed = store?.close().catch(() => undefined);
  await Promise.race([closed, delay(closeMs, undefined, { ref: false })]);
}

/** The store of a URL is on a server: it can be away for a moment. */
export function isOnServer(url: string): boolean {
  return /^postgres(?:ql)?:/i.test(url);
}

/** Nothing is wrong with what was asked: the store is out of reach, or takes no writes just now. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof StoreError && (error.code === "unreachable" || error.code === "read-only")
  );
}
