// The connection, the poll and the self-test of a store, for as long as anybody watches it.
//
// A connection that listens can be deaf without anybody noticing: its server process hangs, the
// network swallows what it says, a pooler gave our LISTEN to somebody else. So we send ourselves a
// notification now and then. When one does not come back that is said in `options.health`, the
// connection is replaced, and until one comes back the poll, at its full pace, is all there is. A
// supervisor that believed the silence instead would leave jobs waiting beside idle workers.

import type { News, WatchOptions } from "../../store/watch.ts";
import type { Driver } from "../driver.ts";
import type { Announcer } from "./announce.ts";
import { Coalesced } from "./coalesced.ts";
import { Listening } from "./listening.ts";
import { Poll } from "./poll.ts";
import { SelfTest, type TestResult } from "./self-test.ts";

export interface Member {
  readonly listener: (news: News) => void;
  readonly options: WatchOptions;
}

const defaultPollMs = 1_000;
/** How long there may be no connection before that is said. */
const graceMs = 2_000;
/** Before the next connection is tried when one after another proved deaf. */
const deafPauseMs = 30_000;

export class Watcher {
  readonly #driver: Driver;
  readonly #ownId: string;
  readonly #members: ReadonlySet<Member>;
  readonly #news: Coalesced;
  readonly #listening: Listening;
  readonly #poll: Poll;
  readonly #selfTest: SelfTest;
  #grace: NodeJS.Timeout | null = null;
  #trouble: string | null = null;
  #failedTests = 0;
  #lostBy: unknown = null;

  constructor(driver: Driver, announcer: Announcer, members: ReadonlySet<Member>) {
    this.#driver = driver;
    this.#ownId = announcer.id;
    this.#members = members;
    this.#news = new Coalesced((news) => {
      for (const { listener } of [...members]) listener(news);
    });
    this.#poll = new Poll(driver, {
      found: (news) => this.#news.call(news),
      unannounced: () => this.#selfTest.soon(),
    });
    this.#selfTest = new SelfTest(driver, announcer.id, (result) => this.#tested(result));
    this.#listening = new Listening(driver, {
      connected: () => this.#connected(),
      heard: (payload) => this.#heard(payload),
      lost: (error) => this.#lost(error),
    });
    this.#expectConnection();
    this.#listening.start();
  }

  welcome({ options }: Member): void {
    this.membersChanged();
    const trouble = this.#trouble;
    if (trouble !== null) queueMicrotask(() => options.health?.(trouble));
  }

  membersChanged(): void {
    this.#poll.every(this.#pollMs());
  }

  /** No call comes any more once this has been called. */
  async close(): Promise<void> {
    this.#stopExpecting();
    this.#news.close();
    this.#poll.close();
    this.#selfTest.stop();
    await this.#listening.close();
  }

  #connected(): void {
    this.#stopExpecting();
    // something may have happened while nobody listened
    this.#news.call("any");
    this.#selfTest.start();
  }

  #heard(payload: string): void {
    const [kind, id, token = ""] = payload.split(" ");
    if (kind === "test") return this.#selfTest.heard(token);
    if (id === this.#ownId) return;
    this.#selfTest.proven();
    this.#poll.announced();
    // a newer version of this program may have news that we do not know
    this.#news.call(kind === "ready" || kind === "scheduled" ? kind : "any");
  }

  #lost(error: unknown): void {
    this.#lostBy = error;
    this.#selfTest.stop();
    this.#poll.trust(false);
    this.#expectConnection();
  }

  #tested(result: TestResult): void {
    this.#poll.trust(result === "passed");
    if (result === "unknown") return;
    if (result === "passed") {
      this.#failedTests = 0;
      this.#listening.proven();
      this.#say(null);
      return;
    }
    this.#failedTests += 1;
    this.#selfTest.stop();
    const { url, account } = this.#driver;
    this.#say(
      account.pooled
        ? `the pooler of ${url} does not pass on notifications, as in transaction mode`
        : `notifications of ${url} do not arrive`,
    );
    this.#listening.replace(account.pooled || this.#failedTests > 1 ? deafPauseMs : 0);
  }

  #expectConnection(): void {
    this.#grace ??= setTimeout(() => {
      const { message = "nothing answers" } = (this.#lostBy ?? {}) as Partial<Error>;
      this.#say(`no connection can listen for notifications: ${message}`);
    }, graceMs).unref();
  }

  #stopExpecting(): void {
    if (this.#grace) clearTimeout(this.#grace);
    this.#grace = null;
  }

  /** The first trouble until all is well again; what follows from it is no news. */
  #say(trouble: string | null): void {
    if ((trouble === null) === (this.#trouble === null)) return;
    const remedy = `the store is looked at every ${this.#pollMs()} ms instead`;
    this.#trouble = trouble && `${trouble}; ${remedy}`;
    for (const { options } of [...this.#members]) options.health?.(this.#trouble);
  }

  #pollMs(): number {
    return Math.min(...[...this.#members].map(({ options }) => options.pollMs ?? defaultPollMs));
  }
}
