// Two containers as two hosts on one PostgreSQL server: a deploy that stops one of them, and the
// other that goes on with its job.

import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Container } from "./container.ts";
import { images } from "./images.ts";
import { Podman } from "./podman.ts";
import { databaseUrl, PostgresContainer } from "./postgres.ts";

const podman = new Podman(inject("world"));
const postgres = new PostgresContainer(podman);
const hosts: Container[] = [];
/** For what the jobs write; nothing of the queue is on it. */
const volume = "hosts-data";
const onVolume = ["--volume", `${volume}:/data`] as const;

beforeAll(async () => {
  await postgres.start();
  // podman refuses the second of two containers that make one volume at the same time
  await podman.do("run", "--rm", ...onVolume, "--entrypoint", "true", images.withJobs);
  // at once, so that both find no tables and want to make them
  hosts.push(...(await Promise.all([host("one"), host("two")])));
  await Promise.all(hosts.map((each) => each.ready()));
});

afterAll(async () => {
  for (const each of hosts) await each.remove();
  await postgres.remove();
});

async function host(name: string): Promise<Container> {
  const options = ["--hostname", name, "--env", `DATABASE_URL=${databaseUrl}`];
  const what = [...options, ...(await postgres.knownHost()), images.withJobs];
  return await Container.run(podman, name, { what, volume });
}

interface ProcessRow {
  readonly kind: string;
  readonly host: string;
  readonly jobs: number;
}

async function processesSeenBy(container: Container): Promise<readonly ProcessRow[]> {
  return JSON.parse(await container.cli("processes", "--json"));
}

const soon = { timeout: 40_000, interval: 50 };
const items = Array.from({ length: 200 }, (_, index) => String(index));
const file = "/data/items";

test("two containers are two hosts, and each sees the other", async () => {
  for (const each of hosts) {
    const supervisors = (await processesSeenBy(each)).filter(({ kind }) => kind === "supervisor");
    expect(supervisors.map((row) => row.host).sort()).toEqual(["one", "two"]);
  }
});

test("nobody reads the password of the database in what a runtime says", async () => {
  const [first] = hosts;
  const said = [await first!.logs(), await first!.cli("status"), await first!.cli("check")];
  expect(said.join("\n")).toContain("postgres://queue@postgres:5432/queue");
  expect(said.join("\n")).not.toContain(new URL(databaseUrl).password);
});

test("podman stop of one host amid an iteration: the other goes on with the next item", async () => {
  const id = await hosts[0]!.cli("enqueue", "container.count", `{"items":${items.length}}`);
  const done = async () => (await hosts[0]!.lines(file)).length;
  await expect.poll(done, soon).toBeGreaterThan(9);
  const holder = (await processesSeenBy(hosts[0]!)).find(({ jobs }) => jobs > 0)?.host;
  const [first, second] = holder === "one" ? hosts : hosts.toReversed();
  await first!.stop();
  expect(await first!.exitCode()).toBe(0);
  expect((await second!.lines(file)).length).toBeLessThan(items.length);

  const job = await second!.finished(id);
  expect(await second!.lines(file)).toEqual(items);
  expect(job).toMatchObject({ attempts: 1, interruptions: 1, crashes: 0 });
  const left = await processesSeenBy(second!);
  expect(new Set(left.map((row) => row.host))).toEqual(new Set([second!.name]));
});
