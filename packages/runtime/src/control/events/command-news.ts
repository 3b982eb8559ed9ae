// What changed about commands, told as whole rows: a client needs no memory of what it heard.

import { systemClock } from "@queue-runtime/store";
import type { CommandRow } from "../desk.ts";
import { commandRow } from "../rows/command-row.ts";
import type { ControlTarget } from "../target.ts";
import type { Listener } from "./listener.ts";

const idsAtOnce = 1_000;

export class CommandNews {
  readonly #target: ControlTarget;
  readonly #listeners: ReadonlySet<Listener>;
  /** Those that were heard of. */
  #noted = new Set<number>();
  #look = false;

  constructor(target: ControlTarget, listeners: ReadonlySet<Listener>) {
    this.#target = target;
    this.#listeners = listeners;
  }

  get hasMore(): boolean {
    return this.#look || this.#noted.size > 0;
  }

  /** It started, ended, or was paused. */
  note(id: number): void {
    this.#noted.add(id);
  }

  /** Anything may have happened to those that were asked for by id. */
  look(): void {
    this.#look = true;
  }

  forget(): void {
    this.#noted.clear();
    this.#look = false;
  }

  /** The state to begin with, of those that it asks for by id. */
  async welcome(listener: Listener): Promise<void> {
    const { ids } = listener.options;
    if (ids === null || !listener.wants("command")) return;
    for (const [id, row] of await this.#read([...ids])) tellNews(listener, id, row);
  }

  /** Never rejects: a store that is away is asked again at the next news. */
  async tell(): Promise<void> {
    const noted = this.#noted;
    const asked = this.#look ? this.#watched() : [];
    this.#noted = new Set();
    this.#look = false;
    try {
      const rows = await this.#read([...new Set([...noted, ...asked])]);
      for (const [id, row] of rows) this.#publish(id, row, noted.has(id));
    } catch {
      for (const id of noted) this.#noted.add(id);
      this.#look = true;
    }
  }

  #publish(id: number, row: CommandRow | null, happened: boolean): void {
    for (const listener of this.#listeners) {
      const { ids } = listener.options;
      if (!listener.wants("command")) continue;
      if (ids?.has(id)) tellNews(listener, id, row);
      else if (ids === null && happened) tellOne(listener, id, row);
    }
  }

  #watched(): readonly number[] {
    const all = [...this.#listeners].filter((each) => each.wants("command"));
    return [...new Set(all.flatMap(({ options }) => [...(options.ids ?? [])]))];
  }

  /** null for one that is gone. */
  async #read(ids: readonly number[]): Promise<ReadonlyMap<number, CommandRow | null>> {
    const found = new Map<number, CommandRow | null>(ids.map((id) => [id, null]));
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const some = ids.slice(at, at + idsAtOnce);
      const jobs = await this.#target.store.commands.list({ ids: some });
      for (const job of jobs) found.set(job.id, commandRow(job, systemClock.now()));
    }
    return found;
  }
}

function tellNews(listener: Listener, id: number, row: CommandRow | null): void {
  if (listener.isNews(id, JSON.stringify(row))) tellOne(listener, id, row);
}

function tellOne(listener: Listener, id: number, row: CommandRow | null): void {
  if (row === null) listener.send("removed", { id });
  else if (listener.concerns(row)) listener.send("command", row);
}
