// What TERM, INT and QUIT do to jobs in flight: finish them, or hand them back, and end in time.

import { describe, expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { Project } from "../support/project.ts";
import { monotonic } from "../support/runtime-process.ts";

describe("short jobs in flight are finished, and nothing is left behind, after", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s", async (signal) => {
    await using project = new Project();
    const runtime = await project.start().ready();
    const ids = await project.enqueueMany("wait", [{ ms: 300 }, { ms: 300 }]);
    await project.recorded("start", 2);

    expect(await runtime.stop(signal)).toMatchObject({ code: 0 });
    expect(await project.jobs()).toMatchObject(
      ids.map((id) => ({ id, state: "finished", attempts: 1, interruptions: 0, crashes: 0 })),
    );
    expect(await project.status()).toMatchObject({ running: false, processes: [] });
    expect(project.pids()).toEqual([]);
  });
});

test("an idle runtime ends at once on TERM, whatever the time-out", async () => {
  await using project = new Project({ config: { shutdown_timeout: "25s" } });
  const runtime = await project.start().ready();
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(within(1_000));
});

test("jobs that neither end nor listen are ready again in time, and it costs them no attempt", async () => {
  await using project = new Project({ config: { shutdown_timeout: "1500ms" } });
  const runtime = await project.start().ready();
  await project.enqueueMany("wait", [{ ms: 60_000 }]);
  await project.enqueueMany("spin", [{ ms: 60_000 }]);
  await project.recorded("start", 2);

  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(0.93 * 1_500 + within(150));
  const released = { state: "ready", attempts: 0, interruptions: 1, crashes: 0, error: null };
  expect(await project.jobs()).toMatchObject([released, released]);
  expect(project.pids()).toEqual([]);
});

describe("the phases of a stop keep to the timetable when shutdown_timeout is", () => {
  test.each([1_500, 3_000])("%d ms", async (timeout) => {
    await using project = new Project({ config: { shutdown_timeout: `${timeout}ms` } });
    const runtime = await project.start().ready();
    const stubborn = await project.enqueue("wait", { ms: 60_000 });
    const listening = await project.enqueue("listen", { ms: 60_000 });
    await project.recorded("start", 2);

    const began = monotonic();
    const share = (at: number) => (at - began) / timeout;
    const late = within(80) / timeout;
    runtime.signal("SIGTERM");
    const [freed, handedBack, exit] = await Promise.all([
      project.becomes(stubborn, "ready"),
      project.becomes(listening, "ready"),
      runtime.ended(),
    ]);

    const aborts = await project.recorded("abort", 2);
    for (const { at, reason } of aborts) {
      expect(reason).toBe("shutdown");
      expect(share(at)).toBeGreaterThan(0.6);
      expect(share(at)).toBeLessThan(0.6 + late);
    }
    // one that listens is handed back at once, one that does not when its time is over
    expect(share(handedBack)).toBeLessThan(0.6 + 2 * late);
    expect(share(freed)).toBeGreaterThan(0.77);
    expect(share(freed)).toBeLessThan(0.83 + late);
    expect(share(exit.at)).toBeLessThan(0.93 + late);
    expect(exit.code).toBe(0);
    expect(await project.jobs()).toMatchObject([
      { id: stubborn, state: "ready", attempts: 0, interruptions: 1 },
      { id: listening, state: "ready", attempts: 0, interruptions: 1 },
    ]);
  });
});

test("jobs that had not started are ready within half a second of TERM", async () => {
  await using project = new Project({ config: { shutdown_timeout: "5s" } });
  const runtime = await project.start().ready();
  // short ones teach the worker to claim ahead; long ones then keep its slots
  await project.enqueueMany("quick", Array(400).fill({}));
  await project.enqueueMany("wait", Array(40).fill({ ms: 1_500 }));
  await project.recorded("start", 2);

  const began = monotonic();
  runtime.signal("SIGTERM");
  await runtime.event("worker-stopping");
  const held = async () => (await project.jobs({ states: ["running"] })).length;
  await expect.poll(held, { interval: 10 }).toBeLessThanOrEqual(2);
  expect(monotonic() - began).toBeLessThan(within(500));

  expect(await runtime.ended()).toMatchObject({ code: 0 });
  const jobs = await project.jobs({ name: "wait" });
  expect(jobs.filter(({ state }) => state === "ready")).toHaveLength(38);
  for (const { attempts, interruptions, crashes, state } of jobs) {
    expect({ interruptions, crashes }).toEqual({ interruptions: 0, crashes: 0 });
    expect(attempts).toBe(state === "ready" ? 0 : 1);
  }
});

test("an iteration stops after the item in hand and goes on with the next one after a restart", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const id = await project.enqueue("items", { count: 40, ms: 20 });
  await project.recorded("item", 10);
  const began = monotonic();
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(monotonic() - began).toBeLessThan(within(1_000));
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, interruptions: 1 });

  const next = project.start(["--until-empty"]);
  expect(await next.ended()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
  expect(project.records("item").map(({ item }) => item)).toEqual(
    Array.from({ length: 40 }, (_, n) => n),
  );
});

test("QUIT ends everything at once: jobs are ready again as if they had never been claimed", async () => {
  await using project = new Project({ config: { shutdown_timeout: "20s" } });
  const runtime = await project.start().ready();
  await project.enqueueMany("wait", [{ ms: 60_000 }]);
  await project.enqueueMany("spin", [{ ms: 60_000 }]);
  await project.recorded("start", 2);

  const began = monotonic();
  const exit = await runtime.stop("SIGQUIT");
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(within(1_000));
  const handedOver = { state: "ready", attempts: 0, crashes: 0, error: null };
  expect(await project.jobs()).toMatchObject([handedOver, handedOver]);
  expect(await project.status()).toMatchObject({ running: false, processes: [] });
  expect(project.pids()).toEqual([]);
});
