// `runtime why`: each reason, as a person and as a program reads it, of real processes.

import { openStore, type Store } from "@queue-runtime/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "../support/project.ts";

interface Why {
  readonly id: number;
  readonly reasons: readonly { readonly why: string; readonly [field: string]: unknown }[] | null;
}

async function why(project: Project, ...ids: number[]): Promise<{ json: Why[]; text: string[] }> {
  const words = ["why", ...ids.map(String), "-c", "queue.yml"];
  const { stdout } = await project.cli(...words, "--json");
  const text = (await project.cli(...words)).stdout.trimEnd().split("\n");
  return { json: JSON.parse(stdout) as Why[], text };
}

const only = async (project: Project, id: number) => {
  const { json, text } = await why(project, id);
  expect(json).toMatchObject([{ id }]);
  expect(json[0]!.reasons).toHaveLength(1);
  return [json[0]!.reasons![0]!, text[0]!] as const;
};

describe("why, with a runtime that runs", () => {
  let project: Project;
  let store: Store;
  const add = async (row: Parameters<Store["jobs"]["enqueue"]>[0][number]) => {
    const [enqueued] = await store.jobs.enqueue([row]);
    return enqueued!.id;
  };

  beforeAll(async () => {
    project = new Project({
      config: {
        workers: [{ name: "only", queues: ["default", "paused"], threads: 1, concurrency: 3 }],
      },
      jobs: ["plain.ts", "limited.ts"],
    });
    await project.start().ready();
    store = await openStore(project.url);
  });
  afterAll(async () => {
    await store?.close();
    await project?.[Symbol.asyncDispose]();
  });

  test("a job that is due later says when", async () => {
    const id = await add({ name: "quick", delayMs: 3_600_000 });
    const [reason, text] = await only(project, id);
    expect(reason).toMatchObject({ why: "scheduled", run_at: expect.stringMatching(/Z$/) });
    expect(reason.in_ms).toBeGreaterThan(3_500_000);
    expect(text).toMatch(/^\d+: it is due in 59 min, at 20\d\d-.*Z$/);
  });

  test("a held one says so", async () => {
    const [reason, text] = await only(project, await add({ name: "quick", held: true }));
    expect(reason).toEqual({ why: "held" });
    expect(text).toMatch(/it is held until somebody lets it go$/);
  });

  test("one that comes after others names them", async () => {
    const first = await add({ name: "quick", delayMs: 3_600_000 });
    const [reason, text] = await only(project, await add({ name: "quick", after: [first] }));
    expect(reason).toEqual({ why: "waiting", after: [{ id: first, state: "scheduled" }] });
    expect(text).toMatch(new RegExp(`it comes after job ${first} \\(scheduled\\)$`));
  });

  test("one that waits for a slot names who has it, in which process, since when", async () => {
    const holder = await project.enqueue("exclusive", { key: "a", ms: 60_000 });
    await project.recorded("began");
    const waiter = await project.enqueue("exclusive", { key: "a", ms: 1 });
    await project.becomes(waiter, "blocked");
    const [reason, text] = await only(project, waiter);
    const [worker] = (await project.children()).filter(({ kind }) => kind === "worker");
    expect(reason).toMatchObject({
      ...{ why: "blocked", kind: "concurrency", key: "exclusive/a", limit: 1, free_in_ms: null },
      holders: [
        {
          ...{ id: holder, name: "exclusive", state: "running", process_id: worker!.id },
          process: { name: "worker only/1", pid: worker!.pid, host: expect.any(String) },
          since: expect.stringMatching(/^20\d\d-/),
        },
      ],
    });
    expect(text).toMatch(/its slot of "exclusive\/a" is taken, by job \d+ exclusive \(running in/);
    await store.jobs.cancel([waiter, holder]);
  });

  test("one whose rate is used up says when the next slot is free", async () => {
    const rate = {
      kind: "rate",
      key: "slow:rate",
      limit: 1,
      ms: 60_000,
      onConflict: "block",
    } as const;
    const first = await add({ name: "quick", gates: [rate] });
    await project.becomes(first, "finished");
    const [reason, text] = await only(project, await add({ name: "quick", gates: [rate] }));
    expect(reason).toMatchObject({ why: "blocked", kind: "rate", key: "slow:rate" });
    expect(reason.free_in_ms).toBeGreaterThan(30_000);
    expect(text).toMatch(/the rate of "slow:rate" is used up; the next slot is free in \d+ s$/);
  });

  test("one in a paused queue says since when", async () => {
    await store.queues.pause("paused");
    const [reason, text] = await only(project, await add({ name: "quick", queue: "paused" }));
    expect(reason).toMatchObject({ why: "paused", queue: "paused", since: expect.any(String) });
    expect(text).toMatch(/the queue "paused" has been paused for \d+ s$/);
  });

  test("one in a queue that nobody takes from, or with a name that nobody knows, says so", async () => {
    const [queue, queueText] = await only(project, await add({ name: "quick", queue: "nobody" }));
    expect(queue).toEqual({ why: "no-worker", queue: "nobody" });
    expect(queueText).toMatch(/no running worker takes jobs from the queue "nobody"$/);
    const [name, nameText] = await only(project, await add({ name: "unheard.of" }));
    expect(name).toEqual({ why: "unknown-name", name: "unheard.of" });
    expect(nameText).toMatch(/no running worker has code for "unheard.of"$/);
  });

  test("one that waits for a free worker says how many are ahead; one that runs, nothing", async () => {
    const busy = [await project.enqueue("wait", { ms: 60_000 })];
    busy.push(await project.enqueue("wait", { ms: 60_000 }));
    await project.recorded("start", 2);
    const next = await add({ name: "quick" });
    const later = await add({ name: "quick" });
    const [reason, text] = await only(project, later);
    expect(reason).toMatchObject({ why: "workers-full", workers: 1 });
    expect(reason.ahead).toBeGreaterThanOrEqual(1);
    expect(text).toMatch(/the only worker for it is busy, and \d+ jobs? (is|are) ahead/);
    const running = await why(project, busy[0]!);
    expect(running.json).toEqual([{ id: busy[0], reasons: [] }]);
    expect(running.text).toEqual([`${busy[0]}: it is running`]);
    await store.jobs.cancel([...busy, next, later]);
    const asked = await why(project, busy[0]!);
    expect(asked.text).toEqual([`${busy[0]}: it is running, and was asked to stop`]);
  });

  test("one that has ended says how, and an id that nobody has is a failure", async () => {
    const id = await add({ name: "quick", delayMs: 3_600_000 });
    await store.jobs.cancel([id]);
    const [reason, text] = await only(project, id);
    expect(reason).toEqual({ why: "ended", state: "cancelled" });
    expect(text).toBe(`${id}: it has ended: cancelled`);
    const { code, stdout, stderr } = await project.cli(
      "why",
      String(id),
      "9999",
      "-c",
      "queue.yml",
    );
    expect([code, stdout]).toEqual([1, `${id}: it has ended: cancelled\n`]);
    expect(stderr).toBe("9999: there is no job 9999\n");
  });
});

test("why, with nobody there, says that no dispatcher and no worker is", async () => {
  await using project = new Project();
  const id = await project.enqueue("quick", {}, { delay: "1ms" });
  const store = await openStore(project.url);
  try {
    await store.jobs.find(id);
    const { json, text } = await why(project, id);
    expect(json[0]!.reasons!.map((reason) => reason.why).sort()).toEqual([
      "no-dispatcher",
      "no-worker",
    ]);
    expect(text.join("\n")).toMatch(/no dispatcher is running to make it so/);
  } finally {
    await store.close();
  }
});
