// Watches a store that several hosts share, once for the whole host, and passes on what it hears:
// a connection that listens costs the server more than a message between processes costs us.
//
// After trouble of the store it watches anew. A connection that listens has nothing to ask, and so
// does not find out that its link was gone: what the server tried to say meanwhile is repeated by
// TCP about as long after the outage as that took, and everything later waits behind it.

import type { News, Store, Watch } from "@queue-runtime/store";
import { defaults } from "../config/defaults.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { StoreHealth } from "../service/store-health.ts";

/**
 * That changes are only polled for is said when it lasts so long, in milliseconds, and not while
 * the store is in trouble anyway: a restart is one thing to say, not two.
 */
const usualPatienceMs = 2_000;

export interface NewsroomOptions {
  readonly store: Store;
  readonly log: Log;
  readonly health: StoreHealth;
  readonly tell: (news: News) => void;
  /** 2,000 by default. */
  readonly patienceMs?: number;
}

export class Newsroom {
  readonly #options: NewsroomOptions;
  #watch: Watch | undefined;
  #config: Config | undefined;
  #soon: NodeJS.Timeout | undefined;
  #polled = false;

  constructor(options: NewsroomOptions) {
    this.#options = options;
  }

  /** Again with a new configuration. Tells `any` at once: nobody knows what happened before. */
  open(config: Config): void {
    const { store, tell } = this.#options;
    this.#watch?.close();
    if (!store.shared) return;
    this.#config = config;
    const health = (trouble: string | null): void => this.#judge(trouble);
    this.#watch = store.watch(tell, { pollMs: pollMsOf(config), health });
    tell("any");
  }

  /** The store was in trouble and is not any more. */
  renew(): void {
    // one that is known to be deaf is being replaced already
    if (this.#config && !this.#polled) this.open(this.#config);
  }

  close(): void {
    this.#config = undefined;
    this.#watch?.close();
    clearTimeout(this.#soon);
  }

  #judge(trouble: string | null): void {
    clearTimeout(this.#soon);
    if (trouble !== null && !this.#polled) {
      const patienceMs = this.#options.patienceMs ?? usualPatienceMs;
      this.#soon = setTimeout(() => this.#say(trouble), patienceMs);
    }
    if (trouble !== null || !this.#polled) return;
    this.#polled = false;
    this.#options.log.report({ type: "news-announced" });
  }

  #say(message: string): void {
    const { health, log } = this.#options;
    if (health.isTroubled) return this.#judge(message);
    this.#polled = true;
    log.report({ type: "news-polled", message });
  }
}

/** As often as the most impatient of those it polls for. */
function pollMsOf({ workers, dispatcher }: Config): number {
  const all = [...workers, dispatcher ?? defaults.dispatcher];
  return Math.min(...all.map(({ pollingIntervalMs }) => pollingIntervalMs));
}
