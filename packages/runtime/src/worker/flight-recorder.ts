// Which runs had really started when a process died. The worker notes each start in a file without
// a name that its supervisor opened and keeps open: a write into the page cache (about 2 us) that
// survives kill -9. Rejected: a column (a write per job), a message per start (14 us, and lost when
// the supervisor is slow), calling every claim a crash (a prefetched job would be blamed).

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Per slot: job id and fence as doubles; id 0 means that nothing runs there. */
const entryBytes = 16;

/** The supervisor's side: makes the file, hands its descriptor to a child, reads it afterwards. */
export class FlightRecord {
  readonly fd: number;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "queue-runtime-"));
    const path = join(folder, "flight-record");
    this.fd = openSync(path, "wx+", 0o600);
    rmSync(folder, { recursive: true });
  }

  /** The runs that were under way. */
  read(slots: number): { id: number; fence: number }[] {
    const bytes = Buffer.alloc(slots * entryBytes);
    const length = readSync(this.fd, bytes, 0, bytes.length, 0);
    const started: { id: number; fence: number }[] = [];
    for (let at = 0; at + entryBytes <= length; at += entryBytes) {
      const id = bytes.readDoubleLE(at);
      if (id !== 0) started.push({ id, fence: bytes.readDoubleLE(at + 8) });
    }
    return started;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** The worker's side. */
export class FlightRecorder {
  readonly #fd: number;
  readonly #entry = Buffer.alloc(entryBytes);
  /** Slots whose run is over but still in the file; most are overwritten by the next run. */
  readonly #stale = new Set<number>();
  #sweeping = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  started(slot: number, job: { readonly id: number; readonly fence: number }): void {
    this.#stale.delete(slot);
    this.#write(slot, job.id, job.fence);
  }

  /** Written soon: until its settlement is stored the run counts as started in any case. */
  ended(slot: number): void {
    this.#stale.add(slot);
    if (this.#sweeping) return;
    this.#sweeping = true;
    setImmediate(() => this.sweep());
  }

  /** Now: whoever begins next may end the process, and must be seen to have been alone. */
  sweep(): void {
    this.#sweeping = false;
    for (const slot of this.#stale) this.#write(slot, 0, 0);
    this.#stale.clear();
  }

  #write(slot: number, id: number, fence: number): void {
    this.#entry.writeDoubleLE(id, 0);
    this.#entry.writeDoubleLE(fence, 8);
    writeSync(this.#fd, this.#entry, 0, entryBytes, slot * entryBytes);
  }
}
