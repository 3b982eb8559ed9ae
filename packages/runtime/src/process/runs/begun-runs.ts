// Runs that are being started: noted before their process is there, until its pid is stored. Who
// dies in between leaves the note, from which the next one knows that a run may have come and gone
// unseen; without it such a run would be done twice, and count as nothing.
//
// A file beside the output, of fixed entries that are overwritten: a write into the page cache
// (about 2 us) that survives a kill -9 of us and of our supervisor alike. Rejected: a row (a commit
// before each start), the file of the output (it may be there from an earlier try).

import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Held } from "@queue-runtime/store";

/** Job id and fence as doubles; id 0 means that nobody is there. */
const entryBytes = 16;
const suffix = `.${hostname()}.begun`;

export class BegunRuns {
  readonly #path: string;
  readonly #fd: number;
  readonly #entry: Buffer = Buffer.alloc(entryBytes);
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];

  /** @throws Error of fs */
  constructor(folder: string) {
    this.#path = join(folder, `${process.pid}${suffix}`);
    this.#fd = openSync(this.#path, "w", 0o600);
  }

  /** It may have a process from now on. */
  note({ id, fence }: Held): void {
    const place = this.#free.pop() ?? this.#places.size;
    this.#places.set(`${id}/${fence}`, place);
    this.#write(place, id, fence);
  }

  /** That is known elsewhere by now, or it has none. */
  known({ id, fence }: Held): void {
    const place = this.#places.get(`${id}/${fence}`);
    if (place === undefined) return;
    this.#places.delete(`${id}/${fence}`);
    this.#free.push(place);
    this.#write(place, 0, 0);
  }

  close(): void {
    this.#places.clear();
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #write(place: number, id: number, fence: number): void {
    this.#entry.writeDoubleLE(id, 0);
    this.#entry.writeDoubleLE(fence, 8);
    try {
      writeSync(this.#fd, this.#entry, 0, entryBytes, place * entryBytes);
    } catch {
      // a full disk: the command runs all the same, and only a crash just now would go unnoticed
    }
  }
}

/** What those of this host left that ended while they noted something. */
export function readBegun(folder: string | null): readonly Held[] {
  return recordsOf(folder).flatMap(({ path }) => entriesOf(path));
}

/** Once what they left has been looked after. */
export function forgetBegun(folder: string): void {
  for (const { path, pid } of recordsOf(folder)) if (!lives(pid)) rmSync(path, { force: true });
}

function recordsOf(
  folder: string | null,
): readonly { readonly path: string; readonly pid: number }[] {
  if (folder === null) return [];
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(suffix));
    return names.map((name) => ({ path: join(folder, name), pid: Number.parseInt(name, 10) }));
  } catch {
    // no folder, no commands
    return [];
  }
}

function entriesOf(path: string): readonly Held[] {
  const held: Held[] = [];
  try {
    const bytes = readFileSync(path);
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      const id = bytes.readDoubleLE(at);
      if (id !== 0) held.push({ id, fence: bytes.readDoubleLE(at + 8) });
    }
  } catch {
    // its process has just closed it, in good order
  }
  return held;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
