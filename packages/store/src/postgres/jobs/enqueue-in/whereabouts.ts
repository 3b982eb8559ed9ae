// Which database a connection is on, as anybody may ask: the start of its server, to the
// microsecond, and the number of the database there. A host name says less: there are proxies,
// several addresses, and connections that an application has made in its own way.

import type { Driver } from "../../driver.ts";

/** An expression in SQL. */
export const here = `(SELECT extract(epoch FROM pg_postmaster_start_time())::text || ' ' || oid
    FROM pg_database WHERE datname = current_database())`;

export class Whereabouts {
  readonly #driver: Driver;
  #known: string | null = null;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Of the store, when it was last asked. */
  async known(): Promise<string> {
    return this.#known ?? (await this.ask());
  }

  /** Of the store, now. */
  async ask(): Promise<string> {
    this.#known = String(await this.#driver.value(`SELECT ${here}`));
    return this.#known;
  }
}
