// Output that nobody can ask for any more: its command was deleted, by retention perhaps, which
// knows nothing of files. Only what has rested for longer than anything is kept is looked up, so
// that a folder which two stores share by mistake loses nothing that is in use.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Retention, Store } from "@queue-runtime/store";
import { systemClock } from "@queue-runtime/store";

const everyMs = 3_600_000;
/** Ids in one question. */
const atOnce = 500;
const name = /^(\d+)\.\d+(?:\.err)?\.log(?:\.(?:1|cut)(?:\.new)?)?$/;

export interface StaleOutputOptions {
  readonly store: Store;
  readonly folder: () => string;
  readonly retention: Retention;
}

export class StaleOutput {
  readonly #options: StaleOutputOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StaleOutputOptions) {
    this.#options = options;
  }

  /** Now, and every hour. */
  start(): void {
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#timer.unref();
    void this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { folder, store, retention } = this.#options;
    const before = systemClock.now() - Math.max(...Object.values(retention));
    try {
      await deleteStale({ store, folder: folder(), before });
    } catch {
      // the folder or the store is away: the next hour will do
    }
  }
}

/** @param before in milliseconds since 1970: what was written later stays */
export async function deleteStale(options: {
  readonly store: Store;
  readonly folder: string;
  readonly before: number;
}): Promise<void> {
  const { store, folder, before } = options;
  const files = new Map<number, string[]>();
  for (const file of await readdir(folder)) {
    const id = Number(name.exec(file)?.[1] ?? Number.NaN);
    const path = join(folder, file);
    if (!Number.isSafeInteger(id) || (await stat(path)).mtimeMs >= before) continue;
    files.set(id, [...(files.get(id) ?? []), path]);
  }
  const ids = [...files.keys()];
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce);
    const known = new Set((await store.commands.list({ ids: some })).map(({ id }) => id));
    const stale = some.filter((id) => !known.has(id)).flatMap((id) => files.get(id) ?? []);
    for (const path of stale) await rm(path, { force: true });
  }
}
