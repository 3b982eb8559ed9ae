// The supervisor's own place in the store: how it comes to it, and leaves it again.

import { openStore, type Store } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { identify } from "../process/identity.ts";
import { monotonic } from "../process/monotonic.ts";
import { closeInTime, isAway, isOnServer, type StoreHealth } from "../service/store-health.ts";

/** So long is a server waited for at boot, in milliseconds. */
const patienceMs = 10_000;

export interface EnrolmentOptions {
  readonly config: Config;
  readonly log: Log;
  readonly health: StoreHealth;
  /** The runtime is to end: nothing is begun any more. */
  readonly isOver: () => boolean;
}

export class Enrolment {
  readonly #options: EnrolmentOptions;
  #store: Store | undefined;
  #id = 0;
  #registering: Promise<void> | undefined;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /** Of the supervisor, in the store; 0 until it is registered. */
  get id(): number {
    return this.#id;
  }

  /** A server may be away for a moment, or come up beside us: it is waited for, not for ever. */
  async enter(): Promise<Store> {
    const { config, health, isOver } = this.#options;
    const until = monotonic() + patienceMs;
    const waits = () => isOnServer(config.store) && !isOver() && monotonic() < until;
    const goOn = (error: unknown) => isAway(error) && waits();
    return await health.insist(() => this.#open(), { goOn, atMostMs: patienceMs });
  }

  /** Also again, when its row was removed while it slept. */
  async register(store: Store): Promise<void> {
    const supervisor = { kind: "supervisor", name: "supervisor", supervisorId: null } as const;
    this.#registering = store.processes
      .register({ ...identify(process.pid), ...supervisor, queues: [] })
      .then((id) => {
        this.#id = id;
      });
    await this.#registering;
  }

  /** False when it is not sure that its row is gone. */
  async leave(): Promise<boolean> {
    let clean = true;
    try {
      await this.#registering;
      if (this.#id > 0) await this.#store?.processes.deregister([this.#id]);
    } catch {
      clean = false;
    }
    await closeInTime(this.#store);
    return clean;
  }

  async #open(): Promise<Store> {
    const { config, isOver } = this.#options;
    const { store: url, durability } = config;
    const store = await openStore(url, { durability, name: "queue-runtime supervisor" });
    this.#store = store;
    try {
      if (!isOver()) await this.#migrate(store);
      if (!isOver()) await this.register(store);
      return store;
    } catch (error) {
      this.#store = undefined;
      this.#registering = undefined;
      await closeInTime(store);
      throw error;
    }
  }

  async #migrate(store: Store): Promise<void> {
    const { from, to } = await store.migrate();
    if (from > 0 && from !== to) this.#options.log.report({ type: "runtime-migrated", from, to });
  }
}
