// A store in a folder of its own that is gone when it is disposed of.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";

export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "queue-runtime-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface TemporaryStore extends AsyncDisposable {
  readonly store: Store;
  readonly url: string;
  /** The database file. */
  readonly path: string;
  /** One more connection to the same file; closed with the others. */
  connect(options?: OpenOptions): Promise<Store>;
}

/** Migrated and empty. */
export async function temporaryStore(options: OpenOptions = {}): Promise<TemporaryStore> {
  const folder = temporaryFolder();
  const path = join(folder.path, "queue.sqlite");
  const url = `sqlite:${path}`;
  const opened: Store[] = [];
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(url, { ...options, ...more });
    opened.push(store);
    return store;
  };
  const store = await connect();
  await store.migrate();
  return {
    store,
    url,
    path,
    connect,
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one.close();
      folder[Symbol.dispose]();
    },
  };
}
