// The judge of limits, keys, order, batches and ticks sees what is wrong: a history that is good, and
// all the ways to spoil it.

import { describe, expect, it } from "vitest";
import type { JobStory } from "../support/flow/evidence.ts";
import {
  type Change,
  job,
  killed,
  none,
  nothing,
  run,
  slot,
  verdict,
} from "../support/flow/histories.ts";
import { idleTimes } from "../support/flow/judge.ts";

describe("a judge of slots", () => {
  const two = [job(1, slot("a")), job(2, slot("a"))];

  it("finds nothing wrong where one begins after the other", () => {
    expect(verdict({ jobs: two, records: [...run(1, 10, 20), ...run(2, 20, 30)] })).toBe("");
  });

  it("sees two holders of one slot, and four of three", () => {
    const records = [...run(1, 10, 20), ...run(2, 15, 30)];
    expect(verdict({ jobs: two, records })).toMatch("job 2 (fence 1) run at once with job 1");
    expect(verdict({ jobs: [job(1, slot("a")), job(2, slot("b"))], records })).toBe("");
    const four = [1, 2, 3, 4].map((id) => job(id, slot("a", 3)));
    const three = [...run(1, 10, 20), ...run(2, 11, 20), ...run(3, 12, 20)];
    expect(verdict({ jobs: four, records: [...three, ...run(4, 20, 25)] })).toBe("");
    expect(verdict({ jobs: four, records: [...three, ...run(4, 19, 25)] })).toMatch("job 4");
  });

  it("takes a run that was torn off as held until its process was killed", () => {
    const torn = run(1, 10, 0, { last: null });
    const again = run(1, 50, 60, { fence: 3, pid: 8 });
    const jobs = [job(1, { ...slot("a"), fence: 3 }), job(2, slot("a"))];
    const other = run(2, 70, 80, { pid: 9 });
    expect(verdict({ jobs, records: [...torn, ...again, ...other], ...killed(40) })).toBe("");
    const early = run(2, 30, 35, { pid: 9 });
    const found = verdict({ jobs, records: [...torn, ...again, ...early], ...killed(40) });
    expect(found).toMatch("job 2 (fence 1) run at once with job 1 (fence 1)");
  });

  it("sees a job that begins between two runs of one that keeps its slot", () => {
    const jobs = [job(1, { ...slot("a"), fence: 3 }), job(2, slot("a"))];
    const between = run(2, 30, 40, { pid: 9 });
    const again = run(1, 50, 60, { fence: 3 });
    const interrupted = [...run(1, 10, 20, { last: "onInterrupt" }), ...again];
    expect(verdict({ jobs, records: [...interrupted, ...between] })).toMatch("(its slot)");
    const torn = [...run(1, 10, 0, { last: null, pid: 6 }), ...again];
    expect(verdict({ jobs, records: [...torn, ...between], ...killed(20, 6) })).toMatch("its slot");
    // a failed run gives it up until the next
    const failed = [...run(1, 10, 20, { last: "failed" }), ...again];
    expect(verdict({ jobs, records: [...failed, ...between] })).toBe("");
  });

  it("takes a frozen run as held until its fence was overtaken, whatever it says later", () => {
    const frozen = { freezes: [{ pid: 7, from: 12, until: 90 }] };
    const late = run(1, 10, 95);
    const again = run(1, 40, 50, { fence: 3, pid: 8 });
    const jobs = [job(1, { ...slot("a"), fence: 3 }), job(2, slot("a"))];
    const records = [...late, ...again, ...run(2, 60, 70, { pid: 9 })];
    expect(verdict({ jobs, records, ...frozen })).toBe("");
    const early = [...late, ...again, ...run(2, 30, 35, { pid: 9 })];
    expect(verdict({ jobs, records: early, ...frozen })).toMatch("run at once with");
    // it was claimed before it was frozen, and says its first word when nobody listens any more
    const ghost = [...run(1, 91, 95), ...again, ...run(2, 60, 70, { pid: 9 })];
    expect(verdict({ jobs, records: ghost, ...frozen })).toBe("");
    expect(verdict({ jobs, records: ghost })).toMatch("began with fence 1 after fence 3");
  });

  it("takes a frozen run as held until its job was ended by others, where nobody runs it again", () => {
    const jobs = [
      job(1, { ...slot("a"), state: "cancelled", fence: 2, finishedAt: 50 }),
      job(2, slot("a")),
    ];
    const frozen = { freezes: [{ pid: 7, from: 12, until: 90 }], cancelled: [1] };
    const late = run(1, 10, 95);
    const after = run(2, 60, 70, { pid: 9 });
    expect(verdict({ jobs, records: [...late, ...after], ...frozen })).toBe("");
    const early = run(2, 40, 45, { pid: 9 });
    expect(verdict({ jobs, records: [...late, ...early], ...frozen })).toMatch("job 2 (fence 1)");
    const silent = run(1, 10, 0, { last: null });
    const cancelled = [{ ...jobs[0]!, fence: 1 }, jobs[1]!];
    const records = [...silent, ...after];
    expect(verdict({ jobs: cancelled, records, cancelled: [1], ...killed(99) })).toBe("");
  });

  it("measures how long a slot was free while somebody waited for it", () => {
    const jobs = [job(1, slot("a")), job(2, slot("a")), job(3, slot("b"))];
    const records = [...run(1, 10, 20), ...run(2, 420, 500), ...run(3, 900, 910)];
    const idle = idleTimes({ ...none, jobs, records }, 50);
    expect(idle.map(({ key, ms }) => [key, ms])).toEqual([
      ["b", 900],
      ["a", 400],
      ["a", 10],
    ]);
    const torn = [...run(1, 10, 0, { last: null }), ...run(1, 320, 330, { fence: 3, pid: 8 })];
    const one = [job(1, { ...slot("a"), fence: 3 })];
    const [death] = idleTimes({ ...none, jobs: one, records: torn, ...killed(20) }, 50);
    expect(death).toEqual({ key: "a", ms: 300, death: true });
  });

  it("does not take a job for waiting before its retry is due, or after it was cancelled", () => {
    const again = run(1, 90, 95, { fence: 2 });
    const records = [...run(1, 0, 20, { last: "failed" }), ...again];
    const one = [job(1, { ...slot("a"), fence: 2 })];
    expect(idleTimes({ ...none, jobs: one, records }, 50)).toMatchObject([{ ms: 20 }]);
    const gone = [job(1, { ...slot("a"), state: "cancelled", finishedAt: 30 })];
    expect(idleTimes({ ...none, jobs: gone }, 50)).toMatchObject([{ ms: 30 }]);
  });
});

describe("a judge of unique keys", () => {
  const mine = (id: number, createdAt: number, finishedAt: number | null): JobStory =>
    job(id, { createdAt, finishedAt, wants: { uniqueKey: "k" } });
  const ran = [...run(1, 10, 90), ...run(2, 110, 190)];
  const asked = { key: "k", outcome: "exists", from: 50, until: 51 };

  it("finds nothing wrong where one comes after the other", () => {
    const jobs = [mine(1, 0, 100), mine(2, 100, 200)];
    expect(verdict({ jobs, records: ran, asked: [{ ...asked, id: 1 }] })).toBe("");
  });

  it("sees two that live at once by their stamps, unless those may be early", () => {
    const jobs = [mine(1, 0, 100), mine(2, 99, 200)];
    expect(verdict({ jobs, records: ran })).toMatch("jobs 1 and 2 are stamped as alive at once");
    expect(verdict({ jobs, records: ran, stampMs: 10 })).toBe("");
  });

  it("sees two that live at once by what was answered and said", () => {
    const jobs = [mine(1, 0, 100), mine(2, 100, 200)];
    const created = { ...asked, id: 2, outcome: "created", from: 60, until: 80 };
    expect(verdict({ jobs, records: ran, asked: [created] })).toMatch("were seen alive at once");
  });

  it("does not take a job for alive that says something when it was overtaken long ago", () => {
    const jobs = [{ ...mine(1, 0, 100), fence: 3 }, mine(2, 100, 200)];
    const records = [...run(1, 150, 160), ...run(1, 50, 90, { fence: 3, pid: 8 })];
    const frozen = { freezes: [{ pid: 7, from: 5, until: 149 }] };
    expect(verdict({ jobs, records: [...records, ...run(2, 110, 190)], ...frozen })).toBe("");
  });

  it("sees who is turned away for the sake of the dead, of another, or of nobody", () => {
    const jobs = [mine(1, 0, 100), job(3)];
    const records = [...run(1, 10, 90), ...run(3, 10, 90)];
    const told = (id: number, from: number) =>
      verdict({ jobs, records, asked: [{ ...asked, id, from, until: from + 1 }] });
    expect(told(1, 100)).toBe("");
    expect(told(1, 300)).toMatch("job 1 was said to have the key k after its end");
    expect(told(3, 50)).toMatch("said to be of job 3: it is not");
    expect(told(9, 50)).toMatch("job 9, which is nowhere");
  });
});

describe("a judge of order and outcomes", () => {
  const before = job(1, { finishedAt: 100 });
  const dependant = (change: Change = {}): JobStory =>
    job(2, { ...change, wants: { after: [1], ...change.wants } });

  it("finds nothing wrong with one that begins when the other has ended", () => {
    const records = [...run(1, 10, 90), ...run(2, 101, 110)];
    expect(verdict({ jobs: [before, dependant()], records, acknowledged: [1, 2] })).toBe("");
  });

  it("sees a dependant that begins too early, by the store and by the last word", () => {
    const early = [...run(1, 10, 90), ...run(2, 60, 110)];
    expect(verdict({ jobs: [before, dependant()], records: early })).toMatch("began before job 1");
    const late = { jobs: [{ ...before, finishedAt: 50 }, dependant()] };
    expect(verdict({ ...late, records: [...run(1, 10, 90), ...run(2, 85, 110)] })).toMatch("job 1");
  });

  it("waits for the run whose result was taken, not for one that was overtaken", () => {
    const frozen = { freezes: [{ pid: 7, from: 20, until: 400 }] };
    const again = run(1, 50, 90, { fence: 3, pid: 8 });
    const records = [...run(1, 10, 500), ...again, ...run(2, 101, 110)];
    expect(verdict({ jobs: [{ ...before, fence: 3 }, dependant()], records, ...frozen })).toBe("");
  });

  it("knows what becomes of those whose dependency failed", () => {
    const failed = { ...before, state: "failed", wants: { ...nothing, doomed: true } };
    const records = run(1, 10, 90, { last: "failed" });
    const inVain = dependant({ state: "failed", error: "DependencyError" });
    expect(verdict({ jobs: [failed, inVain], records })).toBe("");
    expect(verdict({ jobs: [failed, { ...inVain, error: "Error" }], records })).toMatch("with Err");
    const ran = [...records, ...run(2, 120, 130)];
    expect(verdict({ jobs: [failed, inVain], records: ran })).toMatch("ran although");
    const anyway = dependant({ wants: { ifDependencyFails: "run" } });
    expect(verdict({ jobs: [failed, anyway], records: ran })).toBe("");
    expect(verdict({ jobs: [failed, dependant()], records: ran })).toMatch(
      "is finished (null), not",
    );
  });

  it("sees what is lost, unknown, not ended, or ended as it should not", () => {
    const records = run(1, 10, 90);
    expect(verdict({ acknowledged: [1] })).toMatch("job 1 is lost");
    expect(verdict({ records })).toMatch("never enqueued");
    expect(verdict({ jobs: [{ ...before, state: "blocked" }] })).toMatch("is still blocked");
    expect(verdict({ jobs: [{ ...before, state: "failed" }], records })).toMatch("is failed");
    const cancelled = [{ ...before, state: "cancelled" }];
    expect(verdict({ jobs: cancelled })).toMatch("nobody asked");
    expect(verdict({ jobs: cancelled, cancelled: [1] })).toBe("");
    expect(verdict({ jobs: [before] })).toMatch("the run of its fence never ended");
    expect(verdict({ jobs: [{ ...before, finishedAt: 60 }], records: run(1, 90, 95) })).toMatch(
      "ran with fence 1 after its end",
    );
    expect(verdict({ jobs: [before], records: run(1, 10, 90, { fence: 3 }) })).toMatch("and has 1");
  });

  it("forgives a failure to those that lost their process three times", () => {
    const torn = [1, 3, 5].flatMap((fence) =>
      run(1, 10 * fence, 0, { fence, pid: fence, last: null }),
    );
    const lost = [{ ...before, state: "failed", fence: 6 }];
    expect(verdict({ jobs: lost, records: torn })).toBe("");
    expect(verdict({ jobs: lost, records: torn.slice(0, 2) })).toMatch("is failed");
  });

  it("sees what was left behind", () => {
    expect(verdict({ leftovers: { slots: 0, "unique keys": 2 } })).toBe(
      "2 unique keys were left behind",
    );
  });
});

describe("a judge of batches", () => {
  const member = job(1, { batchId: 5, finishedAt: 100 });
  const callback = (id: number, as: "finish" | "success" | "failure", createdAt = 100): JobStory =>
    job(id, { createdAt, wants: { follows: { batch: 5, as } } });
  const good = {
    jobs: [member, callback(2, "finish"), callback(3, "success")],
    records: [...run(1, 10, 90), ...run(2, 110, 120), ...run(3, 110, 120)],
    batches: [{ id: 5, state: "succeeded" }],
    sealed: [5],
  };

  it("finds nothing wrong with one that calls back once, at its end", () => {
    expect(verdict(good)).toBe("");
    expect(
      verdict({ ...good, jobs: [], records: [], batches: [{ id: 5, state: "open" }] }),
    ).toMatch("batch 5 is open, though sealed");
    const open = { jobs: [], records: [], batches: [{ id: 5, state: "open" }], sealed: [] };
    expect(verdict(open)).toBe("");
  });

  it("sees one that is lost, calls back twice, never, or as what it is not", () => {
    expect(verdict({ ...good, batches: [] })).toMatch("batch 5 is lost");
    const records = [...good.records, ...run(4, 110, 120)];
    const twice = { ...good, jobs: [...good.jobs, callback(4, "finish")], records };
    expect(verdict(twice)).toMatch("called back finish 2 times, not 1");
    const never = { ...good, jobs: good.jobs.slice(0, 2), records: good.records.slice(0, 4) };
    expect(verdict(never)).toMatch("called back success 0 times");
    const wrong = { ...good, jobs: [...good.jobs, callback(4, "failure")], records };
    expect(verdict(wrong)).toMatch("called back failure 1 times, not 0");
    expect(verdict({ ...good, batches: [{ id: 5, state: "failed" }] })).toMatch("and its jobs");
  });

  it("sees one that calls back before all its jobs have ended", () => {
    const early = [member, callback(2, "finish", 99), callback(3, "success")];
    expect(verdict({ ...good, jobs: early })).toMatch("called back before its job 1 had ended");
    const late = [...run(1, 10, 115), ...good.records.slice(2)];
    expect(verdict({ ...good, records: late })).toMatch("called back before its job 1");
  });
});

describe("a judge of ticks", () => {
  const task = { key: "t", everyMs: 1_000, since: 500, until: 3_400 };
  const tick = (at: number, jobId: number | null) => ({
    ...{ key: "t", at, recordedAt: at + 5, jobId },
  });
  const ticked = [1, 2, 3].map((id) => job(id, { wants: { task: "t" } }));
  const records = ticked.flatMap(({ id }) => run(id, 10, 20));
  const ticks = [tick(1_000, 1), tick(2_000, 2), tick(3_000, 3)];
  const good = { jobs: ticked, records, tasks: [task], ticks };

  it("finds nothing wrong where each tick has its job", () => {
    expect(verdict(good)).toBe("");
  });

  it("sees ticks that are early, forgotten, doubled or none, and jobs that are not the task's", () => {
    const but = (index: number, other: ReturnType<typeof tick>) =>
      verdict({ ...good, ticks: ticks.with(index, other) });
    expect(but(1, tick(2_500, 2))).toMatch("ticked at 2500, which is no tick");
    expect(but(1, tick(2_500, 2))).toMatch("forgot the tick at 2000");
    expect(but(1, { ...tick(2_000, 2), recordedAt: 1_990 })).toMatch("10 ms before 2000");
    expect(but(1, tick(1_000, 2))).toMatch("ticked twice at 1000");
    expect(but(1, tick(2_000, null))).toMatch("without a job");
    expect(but(1, tick(2_000, 1))).toMatch("job 1 for two ticks");
    expect(but(1, tick(2_000, 9))).toMatch("job 9 at 2000, which is not its");
    expect(verdict({ ...good, ticks: ticks.slice(1) })).toMatch("job 1 of the task t is in no led");
  });
});
