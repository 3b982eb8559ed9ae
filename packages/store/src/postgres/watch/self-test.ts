// Sends a notification to ourselves, through the pool, and waits for it on the connection that
// listens.

import type { Driver } from "../driver.ts";

/** `unknown`: it could not even be sent, which says nothing of the connection that listens. */
export type TestResult = "passed" | "failed" | "unknown";

/** How long a notification may take, in milliseconds. */
const patienceMs = 2_000;
/** What has been read by then is looked at first, however long the event loop was blocked. */
const readMs = 50;
/** A connection that heard nothing for so long is tested, in milliseconds. */
const intervalMs = 30_000;
/** When a test could not be sent. */
const againMs = 1_000;
/** And at most so often on suspicion. */
const suspicionMs = 5_000;

/** Commits without waiting for the disk: there is nothing to keep. */
const notify = `SELECT set_config('synchronous_commit', 'off', true),
  pg_notify('queue_runtime', $1)`;

export class SelfTest {
  readonly #driver: Driver;
  readonly #ownId: string;
  readonly #tell: (result: TestResult) => void;
  /** Of the test that is under way. */
  #token = "";
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #suspicious = false;
  #testedAt = 0;
  #provenAt = 0;

  constructor(driver: Driver, ownId: string, tell: (result: TestResult) => void) {
    this.#driver = driver;
    this.#ownId = ownId;
    this.#tell = tell;
  }

  /** Tests now, and from now on. */
  start(): void {
    this.#running = true;
    void this.#test();
  }

  stop(): void {
    this.#running = false;
    this.#token = "";
    this.#clear();
  }

  /** There is reason to doubt. */
  soon(): void {
    const suspectedAt = performance.now();
    if (!this.#running || this.#suspicious || this.#token !== "") return;
    this.#after(Math.max(0, this.#testedAt + suspicionMs - suspectedAt), () => {
      this.#suspicious = false;
      if (this.#provenAt > suspectedAt) this.#plan(intervalMs);
      else void this.#test();
    });
    this.#suspicious = true;
  }

  /** News of others came: as good as a test. */
  proven(): void {
    this.#provenAt = performance.now();
  }

  heard(token: string): void {
    if (token !== "" && token === this.#token) this.#end("passed");
  }

  async #test(): Promise<void> {
    this.#clear();
    const token = crypto.randomUUID();
    this.#token = token;
    this.#testedAt = performance.now();
    const sent = await this.#driver.query(notify, [`test ${this.#ownId} ${token}`]).then(
      () => true,
      () => false,
    );
    // it may have come before the answer
    if (token !== this.#token) return;
    if (!sent) return this.#end("unknown");
    const giveUp = (): void => this.#after(readMs, () => this.#end("failed"));
    this.#after(patienceMs - readMs, giveUp);
  }

  #end(result: TestResult): void {
    this.#token = "";
    this.#clear();
    if (result === "passed") this.#plan(intervalMs * (0.9 + Math.random() / 5));
    if (result === "unknown") this.#after(againMs, () => void this.#test());
    this.#tell(result);
  }

  #plan(ms: number): void {
    this.#after(ms, () => {
      const unprovenMs = performance.now() - this.#provenAt;
      if (unprovenMs < intervalMs) this.#plan(intervalMs - unprovenMs);
      else void this.#test();
    });
  }

  #after(ms: number, work: () => void): void {
    this.#clear();
    this.#timer = setTimeout(work, ms).unref();
  }

  #clear(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#suspicious = false;
  }
}
