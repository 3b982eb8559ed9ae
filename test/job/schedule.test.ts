// Schedules: what they may say, and which instants they mean, also where clocks are changed.

import {
  checkTimeZone,
  defineJob,
  parseSchedule,
  previewSchedule,
  recurringTaskOf,
  type StandardSchema,
} from "@queue-runtime/job";
import { describe, expect, test } from "vitest";

const perform = () => {};
const minutes = 60_000;

function ticks(schedule: string, zone: string | null, [after, count]: [string, number]): string[] {
  const preview = previewSchedule(parseSchedule(schedule, zone), Date.parse(after), count);
  return preview.map((tick) => new Date(tick).toISOString().replace(":00.000Z", "Z"));
}

describe("a schedule", () => {
  test("is cron of five fields, in UTC unless a zone is named", () => {
    expect(ticks("0 3 * * *", null, ["2026-01-01T03:00Z", 2])).toEqual([
      "2026-01-02T03:00Z",
      "2026-01-03T03:00Z",
    ]);
    expect(ticks("0 3 * * *", "Asia/Kolkata", ["2026-01-01T00:00Z", 1])).toEqual([
      "2026-01-01T21:30Z",
    ]);
  });

  test("has six fields with seconds first", () => {
    const schedule = parseSchedule("*/20 * * * * *");
    expect(previewSchedule(schedule, 1_000, 3)).toEqual([20_000, 40_000, 60_000]);
  });

  test.for([
    ["@hourly", "2026-01-01T01:00Z"],
    ["@daily", "2026-01-02T00:00Z"],
    ["@midnight", "2026-01-02T00:00Z"],
    ["@weekly", "2026-01-04T00:00Z"],
    ["@monthly", "2026-02-01T00:00Z"],
    ["@yearly", "2027-01-01T00:00Z"],
    ["@annually", "2027-01-01T00:00Z"],
  ])("may be %s", ([nickname, first]) => {
    expect(ticks(nickname!, null, ["2026-01-01T00:00Z", 1])).toEqual([first]);
  });

  test("every so often means the same instants on every host, whoever asks and when", () => {
    const schedule = parseSchedule("every 10m");
    expect(schedule.next(0)).toBe(10 * minutes);
    expect(schedule.next(10 * minutes)).toBe(20 * minutes);
    expect(schedule.next(10 * minutes - 1)).toBe(10 * minutes);
    expect(schedule.last(19 * minutes)).toBe(10 * minutes);
    expect(parseSchedule("every 7d").next(Date.UTC(2026, 0, 1))! % (7 * 86_400_000)).toBe(0);
  });

  test("goes on from the tick before, so that a late timer skips none", () => {
    const schedule = parseSchedule("*/5 * * * *", "Europe/Berlin");
    const first = schedule.next(Date.parse("2026-06-01T12:00Z"))!;
    expect(schedule.next(first)! - first).toBe(5 * minutes);
    expect(schedule.next(first - 1)).toBe(first);
    expect(schedule.last(first)).toBe(first);
    expect(schedule.last(first - 1)).toBe(first - 5 * minutes);
  });

  test("is kept as it was written, but for its spaces", () => {
    expect(parseSchedule(" 0  3 * * * ", "UTC")).toMatchObject({
      text: "0 3 * * *",
      timeZone: "UTC",
    });
  });
});

describe("where clocks are changed", () => {
  test("a time of day comes once a day: after the gap, and the first of two", () => {
    expect(ticks("30 2 * * *", "Europe/Berlin", ["2026-03-28T12:00Z", 2])).toEqual([
      "2026-03-29T01:00Z",
      "2026-03-30T00:30Z",
    ]);
    expect(ticks("30 2 * * *", "Europe/Berlin", ["2026-10-24T12:00Z", 2])).toEqual([
      "2026-10-25T00:30Z",
      "2026-10-26T01:30Z",
    ]);
  });

  test("so does each of several times of day, and two in one gap are one", () => {
    expect(ticks("30 2,14 * * *", "Europe/Berlin", ["2026-03-28T23:00Z", 2])).toEqual([
      "2026-03-29T01:00Z",
      "2026-03-29T12:30Z",
    ]);
    expect(ticks("0,30 2 * * *", "Europe/Berlin", ["2026-03-28T12:00Z", 2])).toEqual([
      "2026-03-29T01:00Z",
      "2026-03-30T00:00Z",
    ]);
  });

  test("midnight itself may be skipped, and the day has its tick all the same", () => {
    expect(ticks("@daily", "America/Havana", ["2026-03-07T12:00Z", 2])).toEqual([
      "2026-03-08T05:00Z",
      "2026-03-09T04:00Z",
    ]);
  });

  test("a time of day comes once on each of 3,650 days, in zones of every kind", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];
    for (const zone of zones) {
      const schedule = parseSchedule("15 2 * * *", zone);
      const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" });
      const days = previewSchedule(schedule, Date.UTC(2026, 0, 1, 12), 3_650).map((tick) =>
        day.format(tick),
      );
      expect(new Set(days).size, zone).toBe(3_650);
    }
  });

  test("every reading of the clock comes as often as the clock shows it", () => {
    const quarters = parseSchedule("*/15 * * * *", "Europe/Berlin");
    const onDay = (from: string, to: string) =>
      previewSchedule(quarters, Date.parse(from) - 1, 200).filter((tick) => tick < Date.parse(to));
    expect(onDay("2026-03-28T23:00Z", "2026-03-29T22:00Z")).toHaveLength(23 * 4);
    expect(onDay("2026-10-24T22:00Z", "2026-10-25T23:00Z")).toHaveLength(25 * 4);
  });

  test("the last tick is the one that the next came from", () => {
    for (const text of ["30 2 * * *", "*/20 1-3 * * *", "0,30 0-3 * * *", "0 3 L * *"]) {
      const schedule = parseSchedule(text, "Europe/Berlin");
      let before = schedule.next(Date.parse("2026-03-27T00:00Z"))!;
      for (let index = 0; index < 50; index++) {
        const tick = schedule.next(before)!;
        expect(schedule.last(tick - 1), text).toBe(before);
        expect(schedule.last(tick), text).toBe(tick);
        before = tick;
      }
    }
  });
});

describe("what is no schedule is refused in one sentence", () => {
  const advice = 'write five fields, such as "0 3 * * *", six with seconds first, @daily, or every';
  test.for([
    ["* * 31 2 *", '"* * 31 2 *" is never due: no month that it names has such a day; write'],
    ["0 0 30 2 *", '"0 0 30 2 *" is never due'],
    ["* * * *", `"* * * *" is not a schedule: it has 4 fields; ${advice}`],
    ["0 0 * * * * 2030", '"0 0 * * * * 2030" is not a schedule: it has 7 fields; write five'],
    ["60 * * * *", '"60 * * * *" is not a schedule: "60" is no minute; write 0 to 59, or *'],
    ["60 0 * * * *", '"60 0 * * * *" is not a schedule: "60" is no second; write 0 to 59'],
    ["0 0 24 * * *", '"24" is no hour; write 0 to 23'],
    ["0 3 0 * *", '"0" is no day of the month; write 1 to 31'],
    ["0 3 * JANUARY *", '"JANUARY" is no month; write 1 to 12 or JAN to DEC'],
    ["0 3 * * 8", '"8" is no day of the week; write 0 to 7 or SUN to SAT'],
    ["*/0 * * * *", '"*/0" is no minute'],
    ["", '"" is not a schedule'],
    ["@sometimes", '"@sometimes" is not a schedule'],
    ["every day at noon", '"every day at noon" is not a schedule'],
    ["every soon", '"every soon" is not a schedule: "soon" is not a duration; write one like'],
    ["every 600", '"every 600" is not a schedule: "600" is not a duration; write one like'],
    ["every 4000d", '"every 4000d" is not a schedule: "4000d" is longer than ten years'],
    ["every 10ms", '"every 10ms" is too often; 1s is the shortest'],
    ["2030-01-01T00:00:00Z", '"2030-01-01T00:00:00Z" is not a schedule'],
    [`${"1,".repeat(150)}1 * * * *`, "a schedule has at most 200 characters"],
    [5, "a schedule is a string, not a number"],
  ])("%s", ([text, sentence]) => {
    expect(() => parseSchedule(text as string)).toThrow(RangeError);
    expect(() => parseSchedule(text as string)).toThrow(sentence as string);
  });

  test.for(["Mars/Base", "+01:00", "", "GMT+25"])("in the time zone %j", (zone) => {
    const sentence = `"${zone}" is not a time zone; write an IANA name, such as Europe/Berlin or`;
    expect(() => parseSchedule("@daily", zone)).toThrow(sentence);
    expect(() => checkTimeZone(zone)).toThrow(sentence);
  });

  test("and so is an interval in a time zone", () => {
    expect(() => parseSchedule("every 1d", "Europe/Berlin")).toThrow(
      '"every 1d" has no time zone, because it counts in UTC; leave the time zone out',
    );
  });
});

describe("the schedule of a job", () => {
  const define = (schedule: unknown, more: object = {}) =>
    defineJob({ name: "a", perform, schedule: schedule as never, ...more });

  test("may be a text, or say more", () => {
    expect(define("@daily").schedule).toEqual({
      schedule: "@daily",
      timeZone: null,
      input: null,
      catchUp: null,
      description: null,
    });
    const options = {
      cron: "0 3 * * *",
      timeZone: "Europe/Berlin",
      input: { n: 1 },
      catchUp: "one",
      description: "At night",
    };
    const { cron: schedule, ...rest } = options;
    expect(define(options).schedule).toEqual({ schedule, ...rest });
    expect(define({ every: "10m" }).schedule?.schedule).toBe("every 10m");
    expect(define({ every: 90_000 }).schedule?.schedule).toBe("every 90000ms");
    expect(defineJob({ name: "a", perform }).schedule).toBeNull();
  });

  const input: StandardSchema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        value === null || value === undefined
          ? { issues: [{ message: "expected a number" }] }
          : { value },
    },
  };

  test.for<[unknown, string]>([
    [5, " takes an object of options, not a number"],
    ["0 0 30 2 *", ': "0 0 30 2 *" is never due'],
    [{}, " needs cron or every, and not both"],
    [{ cron: "@daily", every: "1d" }, " needs cron or every, and not both"],
    [{ cron: "@daily", timezone: "UTC" }, ' has no option "timezone"; did you mean "timeZone"?'],
    [{ cron: "@daily", timeZone: "Mars/Base" }, ': "Mars/Base" is not a time zone'],
    [{ cron: "@daily", catchUp: "al" }, '.catchUp cannot be "al"; did you mean "all"?'],
    [{ cron: "@daily", description: 5 }, ".description must be a string, not a number"],
    [{ cron: "@daily", input: { at: new Date(0) } }, ".input.at is a Date, which JSON would"],
    [{ cron: "@daily", input: "x".repeat(2_000_000) }, ".input is larger than 1,048,576 bytes"],
    ["@daily", ': the input of job "a" is not valid: expected a number'],
  ])("is refused with the job: %j", ([schedule, sentence]) => {
    expect(() => define(schedule, { input })).toThrow(`job "a": schedule${sentence}`);
  });

  test("becomes a recurring task, with the job's own queue, limits and keys", async () => {
    const job = define(
      { cron: "0 3 * * *", input: { n: 1 } },
      { queue: "night", priority: 5, concurrency: { key: "x" }, unique: { key: "y" } },
    );
    expect(await recurringTaskOf(job, { catchUp: "one" })).toEqual({
      key: "a",
      schedule: "0 3 * * *",
      timeZone: null,
      description: null,
      catchUp: "one",
      job: {
        name: "a",
        queue: "night",
        priority: 5,
        args: { n: 1 },
        gates: [expect.objectContaining({ key: "a/x" })],
        uniques: [expect.objectContaining({ key: "a/y" })],
      },
    });
    expect(await recurringTaskOf(defineJob({ name: "b", perform }), { catchUp: "one" })).toBeNull();
  });
});
