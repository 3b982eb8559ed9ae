// How many there are of what, and which processes live: told when it changed, once a second.

import { groupRow } from "../rows/command-row.ts";
import type { ControlTarget } from "../target.ts";
import type { EventType, Listener } from "./listener.ts";

export class Census {
  readonly #target: ControlTarget;
  readonly #listeners: ReadonlySet<Listener>;
  #look = false;
  #counts = "";
  #processes = "";

  constructor(target: ControlTarget, listeners: ReadonlySet<Listener>) {
    this.#target = target;
    this.#listeners = listeners;
  }

  /** Something happened that counts. */
  look(): void {
    this.#look = true;
  }

  async welcome(listener: Listener): Promise<void> {
    if (listener.wants("counts")) listener.send("counts", await this.#count());
    if (listener.wants("processes")) listener.send("processes", this.#describe());
  }

  /** Never rejects: a store that is away is asked again a second later. */
  async tell(): Promise<void> {
    const processes = this.#describe();
    const text = JSON.stringify(processes.map(({ rss_bytes: _, ...rest }) => rest));
    if (text !== this.#processes) this.#publish("processes", processes);
    this.#processes = text;
    if (!this.#look || !this.#wanted("counts")) return;
    this.#look = false;
    try {
      const counts = await this.#count();
      const told = JSON.stringify(counts);
      if (told !== this.#counts) this.#publish("counts", counts);
      this.#counts = told;
    } catch {
      this.#look = true;
    }
  }

  #wanted(type: EventType): boolean {
    return [...this.#listeners].some((listener) => listener.wants(type));
  }

  #publish(type: EventType, data: object): void {
    for (const listener of this.#listeners) if (listener.wants(type)) listener.send(type, data);
  }

  async #count(): Promise<object> {
    const { jobs, commands } = this.#target.store;
    return { jobs: await jobs.count(), groups: (await commands.groups()).map(groupRow) };
  }

  #describe() {
    return this.#target.describe().processes.map(({ id, pid, state, rssBytes }) => {
      return { id, pid, state, rss_bytes: rssBytes };
    });
  }
}
