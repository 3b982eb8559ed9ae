// Commands of this host that a process of a dead supervisor still ends, while we begin others: they
// have slots of their groups. Such a process has a stop to finish, so it is looked for once, when
// we begin; as long as there is one, what runs is read from the store with each look.

import type { CommandJob, Process, Store } from "@queue-runtime/store";
import { identify, isAlive, sameHost } from "../../process/identity.ts";
import type { GroupSlots } from "./group-slots.ts";

export interface OrphansOptions {
  readonly store: Store;
  readonly slots: GroupSlots;
  readonly processId: number;
  /** What they leave goes through its hands. */
  readonly supervisorId: number;
}

export class Orphans {
  readonly #options: OrphansOptions;
  readonly #self = identify(process.pid);
  #left: readonly Process[] = [];

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Some are there, or what they ran is on its way to us. */
  get some(): boolean {
    return this.#left.length > 0;
  }

  async find(): Promise<void> {
    const { store, processId } = this.#options;
    const all = (await store.processes.list()).filter((each) => sameHost(each, this.#self));
    const living = new Set(all.filter(isAlive).map(({ id }) => id));
    this.#left = all.filter(({ id, kind, supervisorId }) => {
      const isOrphan = supervisorId !== null && !living.has(supervisorId);
      // also one that has just died: what it ran is on its way to us, and runs meanwhile
      return kind === "commands" && id !== processId && isOrphan;
    });
  }

  /** To be called before free slots are asked for. */
  async count(): Promise<void> {
    if (!this.some) return;
    const { store, slots, processId, supervisorId } = this.#options;
    const running = await store.commands.list({ states: ["running"] });
    const others = running.filter((job) => job.processId !== processId && this.#isHere(job));
    slots.others = others.map(({ queue, command }) => ({
      group: queue,
      slots: command.slots,
      first: command.slot,
    }));
    const holders = new Set(others.map((job) => job.processId));
    const isOnItsWay = holders.has(supervisorId);
    this.#left = this.#left.filter((each) => isAlive(each) || holders.has(each.id) || isOnItsWay);
  }

  /** One that was claimed a moment ago has no process yet. */
  #isHere({ processId, command }: CommandJob): boolean {
    if (command.process) return sameHost(command.process, this.#self);
    return this.#left.some(({ id }) => id === processId);
  }
}
