// One connection that listens, outside the pool, and another whenever it is lost. It tries for
// ever and quietly: whoever uses the store hears of the trouble itself.

import type { Socket } from "node:net";
import type pg from "pg";
import type { Driver } from "../driver.ts";

export interface Ears {
  connected(): void;
  heard(payload: string): void;
  /** A connection was lost, or could not be made; the next is on its way. */
  lost(error: unknown): void;
}

/** Between two attempts, in milliseconds: the first and the longest pause. */
const pauses = { first: 50, longest: 1_000 } as const;
/** How long a connection may take to say farewell, in milliseconds. */
const farewellMs = 500;

export class Listening {
  readonly #driver: Driver;
  readonly #ears: Ears;
  #client: pg.Client | null = null;
  #attempt: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #closed = false;

  constructor(driver: Driver, ears: Ears) {
    this.#driver = driver;
    this.#ears = ears;
  }

  start(): void {
    this.#attempt = this.#connect();
  }

  /** It has heard something: the next pauses are short again. */
  proven(): void {
    this.#failures = 0;
  }

  /** Gives the connection up, and makes another after so many milliseconds at least. */
  replace(afterMs: number): void {
    const client = this.#client;
    this.#client = null;
    if (client) void end(client);
    this.#again(afterMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await Promise.race([this.#attempt, pause(farewellMs)]);
    if (client) await end(client);
  }

  async #connect(): Promise<void> {
    let client: pg.Client | null = null;
    try {
      client = await this.#driver.connect();
      await this.#listen(client);
    } catch (error) {
      if (client) await end(client);
      this.#miss(error);
    }
  }

  async #listen(client: pg.Client): Promise<void> {
    let reason: unknown = new Error("the connection was closed");
    client.on("error", (error) => (reason = error));
    client.on("end", () => {
      if (this.#client !== client) return;
      this.#client = null;
      this.#miss(reason);
    });
    client.on("notification", ({ payload = "" }) => {
      if (this.#client === client) this.#ears.heard(payload);
    });
    await client.query(this.#driver.inSchema("LISTEN queue_runtime"));
    if (this.#closed) return end(client);
    this.#client = client;
    internals(client).unref();
    this.#ears.connected();
  }

  #miss(error: unknown): void {
    if (this.#closed) return;
    this.#ears.lost(error);
    this.#again(0);
  }

  #again(atLeastMs: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    const grown = Math.min(pauses.longest, pauses.first * 2 ** this.#failures);
    const ms = Math.max(atLeastMs, grown) * (0.75 + Math.random() / 4);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.start(), ms).unref();
  }
}

/** Politely, and by force where nobody answers. Keeps the process alive for that long. */
async function end(client: pg.Client): Promise<void> {
  const known = internals(client);
  known.ref();
  const force = setTimeout(() => known.connection.stream.destroy(), farewellMs);
  await client.end().catch(() => {});
  clearTimeout(force);
}

interface Internals {
  readonly connection: { readonly stream: Socket };
  ref(): void;
  unref(): void;
}

/** What `pg` has and its types have not. */
function internals(client: pg.Client): Internals {
  return client as unknown as Internals;
}

/** Does not keep the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
