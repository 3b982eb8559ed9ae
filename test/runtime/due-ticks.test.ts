// Which ticks are made up for after an absence, by the three policies.

import { parseSchedule } from "@queue-runtime/job";
import type { NewTask } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { dueTicks, mostMissed } from "../../packages/runtime/src/scheduler/due-ticks.ts";
import { within } from "../support/pace.ts";

const minute = 60_000;
const hourly = parseSchedule("@hourly");
const at = (time: string) => Date.parse(`2026-05-01T${time}Z`);
const timesOf = (ticks: readonly number[]) =>
  ticks.map((tick) => new Date(tick).toISOString().slice(11, 16));

/** Recorded up to 02:00; nobody was there until 05:30; it is 07:10 now. */
const standing = { base: at("02:00:00"), attendedSince: at("05:30:00"), now: at("07:10:00") };

describe("ticks that are due", () => {
  it.each<[NewTask["catchUp"], readonly string[]]>([
    ["none", ["06:00", "07:00"]],
    ["one", ["05:00", "06:00", "07:00"]],
    ["all", ["03:00", "04:00", "05:00", "06:00", "07:00"]],
  ])(
    "with catch_up %s are %j: all on time, and of the missed ones what it says",
    (policy, times) => {
      const { ticks, missed, truncated } = dueTicks(hourly, standing, policy);
      expect(timesOf(ticks)).toEqual(times);
      expect(missed).toBe(times.length - 2);
      expect(truncated).toBe(false);
    },
  );

  it("are none before the first one, and none again once they are recorded", () => {
    expect(dueTicks(hourly, { ...standing, base: at("07:00:00") }, "all").ticks).toEqual([]);
    const early = { base: at("02:00:00"), attendedSince: at("02:00:00"), now: at("02:59:59") };
    expect(dueTicks(hourly, early, "all").ticks).toEqual([]);
  });

  it("are due in the very millisecond, and not one before", () => {
    const due = (now: number) =>
      dueTicks(hourly, { ...standing, base: at("06:30:00"), now }, "none");
    expect(due(at("07:00:00") - 1).ticks).toEqual([]);
    expect(due(at("07:00:00")).ticks).toEqual([at("07:00:00")]);
  });

  it("of every minute after a year are the newest thousand, found at once", () => {
    const every = parseSchedule("* * * * *");
    const now = at("12:00:30");
    const year = { base: now - 366 * 1_440 * minute, attendedSince: now, now };
    const began = performance.now();
    const { ticks, missed, truncated } = dueTicks(every, year, "all");
    expect(performance.now() - began).toBeLessThan(within(1_000));
    expect([ticks.length, missed, truncated]).toEqual([mostMissed, mostMissed, true]);
    expect(ticks.at(-1)).toBe(at("12:00:00"));
    expect(ticks[0]).toBe(at("12:00:00") - 999 * minute);
    expect(timesOf(dueTicks(every, year, "one").ticks)).toEqual(["12:00"]);
    expect(dueTicks(every, year, "none").ticks).toEqual([]);
  });

  it("are not called cut off when there were exactly as many as are made up for", () => {
    const every = parseSchedule("* * * * *");
    const now = at("12:00:30");
    const base = at("12:00:00") - mostMissed * minute;
    const { ticks, truncated } = dueTicks(every, { base, attendedSince: now, now }, "all");
    expect([ticks.length, truncated]).toEqual([mostMissed, false]);
  });

  it("of a clock that was set back are none until it has caught up", () => {
    const back = { base: at("07:00:00"), attendedSince: at("05:00:00"), now: at("06:30:00") };
    expect(dueTicks(hourly, back, "all").ticks).toEqual([]);
  });
});
