// A connection that the server ends right after it let it in: what says so comes in the same breath
// as the welcome, before anybody in this process could have taken the connection into his hands.

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect, it } from "vitest";
import { Driver } from "../../packages/store/src/postgres/driver.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryDatabase } from "../support/postgres.ts";

const welcome = Buffer.from("Z\0\0\0\x05I", "latin1");
const ofTheDriver = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name = 'stillborn'`;

/** Passes everything on, but the welcome of `next` only together with what follows it. */
class Porter implements AsyncDisposable {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();
  /** Called when a welcome is held back. */
  next: (() => void) | null = null;

  constructor(port: number) {
    this.server = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      for (const socket of [client, server]) this.#sockets.add(socket.on("error", () => {}));
      client.pipe(server);
      const held: Buffer[] = [];
      server.on("data", (bytes) => {
        held.push(bytes);
        const tell = bytes.includes(welcome) ? this.next : null;
        this.next = tell ? null : this.next;
        if (tell) tell();
        else client.write(Buffer.concat(held.splice(0)));
      });
      server.on("end", () => client.end());
      client.on("close", () => server.destroy());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describeThatNeedsPostgres("a connection that ends with its welcome", () => {
  it("fails what it was for, and ends no process", async () => {
    await using database = await temporaryDatabase();
    const url = new URL(database.url);
    await using porter = new Porter(Number(url.port));
    await new Promise<void>((resolve) => porter.server.listen(0, "127.0.0.1", resolve));
    url.port = String((porter.server.address() as AddressInfo).port);
    const driver = await Driver.open(url.href, { durability: "full", name: "stillborn" });
    porter.next = () => void execute(database.url, ofTheDriver);
    await expect(driver.query("SELECT 1")).rejects.toMatchObject({ code: "unreachable" });
    expect(await driver.value("SELECT 2")).toBe(2);
    await driver.close();
  });
});
