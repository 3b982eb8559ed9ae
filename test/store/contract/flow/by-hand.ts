// A person at a SQL prompt, who knows nothing of slots, keys and dependencies.

import { DatabaseSync } from "node:sqlite";
import pg from "pg";

/** Deletes rows of jobs past the store. */
export function deleteByHand(url: string, ids: readonly number[]): Promise<void> {
  return byHand(url, `DELETE FROM @jobs WHERE id IN (${ids.join()})`);
}

/** Lets a held job go: from now on it waits for those it comes after, if for anybody. */
export function letGoByHand(url: string, id: number): Promise<void> {
  return byHand(url, `UPDATE @jobs SET state = 'waiting' WHERE id = ${id}`);
}

/** A process has not been heard of for so many milliseconds more. */
export function silenceByHand(url: string, processId: number, ms: number): Promise<void> {
  const silent = `heartbeat_at = heartbeat_at - ${ms}`;
  return byHand(url, `UPDATE @processes SET ${silent} WHERE id = ${processId}`);
}

/** Blocked jobs that are not that old have just been blocked. */
export function keepYoungByHand(url: string): Promise<void> {
  const isSqlite = url.startsWith("sqlite:");
  const now = isSqlite ? "unixepoch('subsec') * 1000" : "queue_runtime.clock_ms()";
  const waits = isSqlite ? "since IS NOT NULL" : "waits";
  return byHand(url, `UPDATE @job_gates SET since = ${now} WHERE since > 0 AND ${waits}`);
}

/** All that are blocked have waited for longer than they are passed over. */
export function ageAllByHand(url: string): Promise<void> {
  const waits = url.startsWith("sqlite:") ? "waits = 1" : "waits";
  return byHand(url, `UPDATE @job_gates SET since = 0 WHERE ${waits}`);
}

/** Both stores have the same columns; names of tables are written `@jobs`. */
async function byHand(url: string, sql: string): Promise<void> {
  if (url.startsWith("sqlite:")) {
    const database = new DatabaseSync(url.slice("sqlite:".length), { timeout: 5_000 });
    database.exec(sql.replaceAll("@", ""));
    database.close();
    return;
  }
  await prompt.query(url, sql.replaceAll("@", "queue_runtime."));
}

/** Stays at the database that was used last: some ask it hundreds of times. */
class Prompt {
  #url = "";
  #client: pg.Client | null = null;

  async query(url: string, sql: string): Promise<void> {
    const isOld = this.#client !== null && this.#url === url;
    const client = isOld ? this.#client! : await this.#open(url);
    try {
      await client.query(sql);
    } catch (error) {
      // a test that is over ends all connections of its database
      if (!isOld) throw error;
      await (await this.#open(url)).query(sql);
    }
  }

  async #open(url: string): Promise<pg.Client> {
    void this.#client?.end().catch(() => undefined);
    const client = new pg.Client(url);
    client.on("error", () => {
      if (this.#client === client) this.#client = null;
    });
    await client.connect();
    this.#client = client;
    this.#url = url;
    return client;
  }
}

const prompt = new Prompt();
