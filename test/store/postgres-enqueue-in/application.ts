// An application beside the store, with connections of its own in every way there is.

import { drizzle } from "drizzle-orm/node-postgres";
import knexOn, { type Knex } from "knex";
import { Kysely, PostgresDialect } from "kysely";
import { Client, Pool } from "pg";
import { execute } from "../../support/postgres/databases.ts";
import { type TemporaryPostgres, temporaryPostgres } from "../../support/postgres.ts";
import { type PrismaShape, prismaOn } from "./prisma-shape.ts";

/** What is done in a transaction; it is rolled back when this throws. */
export type Work = (transaction: unknown) => Promise<void>;

export class Application implements AsyncDisposable {
  readonly world: TemporaryPostgres;
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(world: TemporaryPostgres) {
    this.world = world;
  }

  static async start(): Promise<Application> {
    return new Application(await temporaryPostgres());
  }

  /** To the database of the store, or another. */
  async client(url: string = this.world.url): Promise<Client> {
    const client = new Client({ connectionString: url });
    await client.connect();
    this.#closing.push(() => client.end());
    return client;
  }

  pool(): Pool {
    const pool = new Pool({ connectionString: this.world.url, max: 2 });
    // its end does not wait for the last word of its connections
    pool.on("error", () => {});
    this.#closing.push(() => pool.end());
    return pool;
  }

  kysely(): Kysely<object> {
    return new Kysely({ dialect: new PostgresDialect({ pool: this.pool() }) });
  }

  drizzle(): ReturnType<typeof drizzle> {
    return drizzle(this.pool());
  }

  knex(): Knex {
    const knex = knexOn({ client: "pg", connection: this.world.url });
    this.#closing.push(() => knex.destroy());
    return knex;
  }

  async prisma(): Promise<PrismaShape> {
    return prismaOn(await this.client());
  }

  /** A role of this application's own that may connect and nothing else; answers its URL. */
  async role(): Promise<string> {
    const role = `role_${crypto.randomUUID().replaceAll("-", "")}`;
    await execute(this.world.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    this.#closing.push(() => execute(this.world.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`));
    const url = new URL(this.world.url);
    url.username = role;
    url.password = "secret";
    return url.href;
  }

  /** A transaction of pg, on the database of the store or another. */
  async transact(work: (client: Client) => Promise<void>, url?: string): Promise<void> {
    const client = await this.client(url);
    await client.query("BEGIN");
    try {
      await work(client);
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    }
  }

  /** Its connections first: a database is not dropped below them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close();
    await this.world[Symbol.asyncDispose]();
  }
}
