// The few connections of one driver: who waits for one gets it whatever becomes of the others, and
// one that broke is never lent again.

import { StoreError } from "@queue-runtime/store";
import { DatabaseError } from "pg";
import { describe, expect, it } from "vitest";
import { isAnswer } from "../../packages/store/src/postgres/driver/failure.ts";
import { Driver, type Run } from "../../packages/store/src/postgres/driver.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { Link } from "../support/postgres/link.ts";
import { type TemporaryDatabase, temporaryDatabase } from "../support/postgres.ts";
import { monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

const settings = { durability: "full", name: "test" } as const;
const whoAmI = "SELECT pg_backend_pid()";
/** What a statement may take, and the wait for a connection, in milliseconds. */
const patienceMs = 5_000;
const connectMs = 3_000;

/** A driver on a database with one table, perhaps over a link that can be spoiled. */
class World implements AsyncDisposable {
  readonly driver: Driver;
  readonly url: string;
  readonly link: Link;
  readonly #database: TemporaryDatabase;
  readonly #held: (() => void)[] = [];

  private constructor(database: TemporaryDatabase, link: Link, driver: Driver) {
    this.#database = database;
    this.url = database.url;
    this.link = link;
    this.driver = driver;
  }

  static async make(): Promise<World> {
    const database = await temporaryDatabase();
    await execute(database.url, "CREATE TABLE public.notes (text text)");
    const link = await Link.to(Number(new URL(database.url).port));
    const driver = await Driver.open(link.through(database.url), settings);
    return new World(database, link, driver);
  }

  /** Holds a connection, in a transaction, until it is let go. */
  async hold(): Promise<{ pid: number; letGo: () => void; end: Promise<unknown> }> {
    const { promise: gate, resolve: letGo } = Promise.withResolvers<void>();
    const began = Promise.withResolvers<number>();
    const end = this.driver.transaction(async (run) => {
      began.resolve(await pidOf(run));
      await gate;
      await run("SELECT 1");
    });
    end.catch(began.reject);
    this.#held.push(letGo);
    return { pid: await began.promise, letGo, end };
  }

  async notes(): Promise<readonly string[]> {
    const rows = await execute<{ text: string }>(this.url, "SELECT text FROM public.notes");
    return rows.map(({ text }) => text);
  }

  /** Ends a connection as an administrator would. */
  async terminate(pid: number): Promise<void> {
    await execute(this.url, `SELECT pg_terminate_backend(${pid}, 5000)`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.thaw();
    for (const letGo of this.#held) letGo();
    await this.driver.close();
    await this.link[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}

async function pidOf(run: Run): Promise<number> {
  const { rows } = await run(whoAmI);
  return (rows[0] as [number])[0];
}

const insert = (text: string) => ["INSERT INTO public.notes VALUES ($1)", [text]] as const;

describeThatNeedsPostgres("the connections of a driver", () => {
  it("serve whoever waited for one when another one broke", async () => {
    await using world = await World.make();
    const held = [await world.hold(), await world.hold(), await world.hold()];
    const [broken, ...healthy] = held;
    const waiting = [1, 2, 3].map((n) => world.driver.query("SELECT $1::int", [n]));
    await world.terminate(broken!.pid);
    broken!.letGo();
    await expect(broken!.end).rejects.toMatchObject({ code: "unreachable" });
    // the others are lent out still
    const answers = await Promise.all(waiting);
    expect(answers.map(({ rows }) => rows)).toEqual([[[1]], [[2]], [[3]]]);
    for (const { letGo } of healthy) letGo();
    await Promise.all(healthy.map(({ end }) => end));
  });

  it("are never more than three, also when one broke", async () => {
    await using world = await World.make();
    const held = [await world.hold(), await world.hold(), await world.hold()];
    await world.terminate(held[0]!.pid);
    held[0]!.letGo();
    await expect(held[0]!.end).rejects.toThrow(StoreError);
    const third = await world.hold();
    let served = false;
    const fourth = world.hold().finally(() => {
      served = true;
    });
    expect(await connectionsOf(world)).toBe(3);
    expect(served).toBe(false);
    for (const { letGo } of [...held, third]) letGo();
    const { letGo, end } = await fourth;
    letGo();
    await Promise.all([held[1]!.end, held[2]!.end, third.end, end]);
  });

  it("refuse whoever finds none free in time, and serve the next one", async () => {
    await using world = await World.make();
    const held = [await world.hold(), await world.hold(), await world.hold()];
    const since = monotonic();
    await expect(world.driver.query(whoAmI)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(
        /^none of the 3 connections to postgres:\S+ became free within 3 s: see `runtime doctor`$/,
      ),
    });
    expect(monotonic() - since).toBeGreaterThan(connectMs - 10);
    const next = world.driver.value("SELECT 7");
    for (const { letGo } of held) letGo();
    expect(await next).toBe(7);
    await Promise.all(held.map(({ end }) => end));
  });

  it("are waited for by whoever closes, with everybody who stands in line", async () => {
    await using world = await World.make();
    const held = [await world.hold(), await world.hold(), await world.hold()];
    const inLine = world.driver.writeAndThen(insert("in line"), ["SELECT 1"]);
    const closed = world.driver.close();
    for (const { letGo } of held) letGo();
    await closed;
    expect((await inLine).count).toBe(1);
    expect(await world.notes()).toEqual(["in line"]);
    expect(await connectionsOf(world)).toBe(0);
  });
});

async function connectionsOf({ url }: World): Promise<number> {
  const sql = `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE application_name = '${settings.name}' AND datname = current_database()`;
  const [row] = await execute<{ count: number }>(url, sql);
  return row!.count;
}

describeThatNeedsPostgres("a transaction", () => {
  const mistakes = {
    "an error of ours": new StoreError("invalid", "this is not to be"),
    "an error of somebody": new TypeError("undefined is not a function"),
  };
  for (const [what, mistake] of Object.entries(mistakes)) {
    it(`that ends with ${what} is rolled back, and its connection is as good as before`, async () => {
      await using world = await World.make();
      const { driver } = world;
      // a second one, that would be ended with the pool if that were left
      const other = await world.hold();
      const seen: number[] = [];
      const work = async (run: Run): Promise<void> => {
        seen.push(await pidOf(run));
        await run(...insert("undone"));
        throw mistake;
      };
      await expect(driver.transaction(work)).rejects.toBe(mistake);
      expect(seen).toEqual([await driver.value(whoAmI)]);
      other.letGo();
      await other.end;
      expect(await driver.value(whoAmI)).toBe(other.pid);
      expect(await world.notes()).toEqual([]);
    });
  }

  it("on a link that went silent fails after the patience for one statement", async () => {
    await using world = await World.make();
    let since = 0;
    const work = async (run: Run): Promise<void> => {
      await run("SELECT 1");
      world.link.freeze();
      since = monotonic();
      await run("SELECT 2");
    };
    await expect(world.driver.transaction(work)).rejects.toMatchObject({ code: "unreachable" });
    expect(monotonic() - since).toBeLessThan(patienceMs + connectMs);
    world.link.thaw();
    expect(await world.driver.value("SELECT 3")).toBe(3);
  });
});

describeThatNeedsPostgres("what follows a write", () => {
  /** The caller has his answer, and the one who waited for the connection gets a sound one. */
  async function follow(world: World, after: string, queueUp: () => Promise<unknown>) {
    const held = [await world.hold(), await world.hold()];
    const { count } = await world.driver.writeAndThen(insert("once"), [after]);
    expect(count).toBe(1);
    await queueUp();
    const next = await world.driver.value("SELECT 'sound'");
    expect(next).toBe("sound");
    for (const { letGo } of held) letGo();
    await Promise.all(held.map(({ end }) => end));
    expect(await world.notes()).toEqual(["once"]);
  }

  it("may lose the connection: nobody else is lent it", async () => {
    await using world = await World.make();
    const suicide = "SELECT pg_terminate_backend(pg_backend_pid())";
    await follow(world, suicide, async () => {});
  });

  it("may never be answered: nobody else is lent its connection", async () => {
    await using world = await World.make();
    const since = monotonic();
    // in line early enough to be served with it, and late enough not to give up before
    const late = () => monotonic() - since > patienceMs - connectMs / 2;
    await follow(world, "SELECT pg_sleep(7)", () => waitFor(late));
  });

  it("may lose against another transaction: the write is not repeated", async () => {
    await using world = await World.make();
    const lost = "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$";
    await follow(world, lost, async () => {});
  });
});

describe("an error of the server", () => {
  const said = (severity: string, code: string) =>
    Object.assign(new DatabaseError("no", 2, "error"), { severity, code });

  it("leaves the connection as good as before, whatever language the server speaks", () => {
    const refusals = [said("ERROR", "23505"), said("FEHLER", "40001"), said("ОШИБКА", "57014")];
    expect(refusals.map(isAnswer)).toEqual([true, true, true]);
  });

  it("may be its last word, also where a pooler says it", () => {
    const last = [said("FATAL", "53300"), said("ВАЖНО", "57P01"), said("ERROR", "08P01")];
    expect(last.map(isAnswer)).toEqual([false, false, false]);
    expect(isAnswer(said("ERROR", "25006"))).toBe(false);
    expect(isAnswer(new Error("Query read timeout"))).toBe(false);
  });
});
