// Pueue's language of `status`, what it becomes for a store, and what is shown.

import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { CommandQuery } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";
import { columnsFor, statusText } from "../../packages/runtime/src/cli/shell/list/columns.ts";
import { everything, findCommands } from "../../packages/runtime/src/cli/shell/list/find.ts";
import { commandPage } from "../../packages/runtime/src/cli/shell/list/page.ts";
import { readQuery } from "../../packages/runtime/src/cli/shell/list/query.ts";
import { allStatuses } from "../../packages/runtime/src/cli/shell/list/statuses.ts";
import { terminalOutput } from "../../packages/runtime/src/cli/terminal/output.ts";
import { width } from "../../packages/runtime/src/cli/terminal/text.ts";
import type { CommandRow, Desk } from "../../packages/runtime/src/control/desk.ts";

const now = new Date(2026, 3, 1, 12, 0, 0).getTime();
const read = (text: string) => readQuery(text, now);
const ms = (...parts: [number, number, number, number?, number?, number?]) => {
  const [year, month, day, ...time] = parts;
  return new Date(year, month - 1, day, ...(time as [number])).getTime();
};

function row(fields: Partial<CommandRow>): CommandRow {
  return {
    ...{ id: 1, name: "command", kind: "command", queue: "default", state: "ready", priority: 0 },
    ...{ attempts: 0, command: "ls", directory: "/", label: null, after: [], slots: 1, slot: null },
    ...{ pid: null, exit_code: null, signal: null, ended_by: null, signals_sent: [] },
    ...{ paused: false, locked: false, adopted: false, error: null },
    ...{ run_at: "2026-04-01T00:00:00.000Z", created_at: "2026-04-01T00:00:00.000Z" },
    ...{ started_at: null, finished_at: null },
    ...fields,
  };
}

describe("a query", () => {
  test("that is empty wants everything", () => {
    expect(read("")).toEqual(everything);
  });

  test("that is empty asks for everything", () => {
    const query = read("  ");
    expect([...query.statuses]).toEqual([...allStatuses]);
    expect(query).toMatchObject({ columns: null, where: [], orderBy: null, first: null });
  });

  test("names columns, filters, an order and a limit, in this order and any case", () => {
    const query = read("COLUMNS=id, Status status=Failed command%=make ORDER_BY end DESC First 3");
    expect(query).toMatchObject({
      columns: ["id", "status"],
      where: [{ field: "command", operator: "contains", value: "make" }],
      orderBy: { field: "end", descending: true },
      first: 3,
      last: null,
    });
    expect([...query.statuses]).toEqual(["failed"]);
  });

  test.each([
    ["status=queued", ["waiting", "blocked", "ready"]],
    ["status=stashed", ["held", "scheduled"]],
    ["status=success", ["finished"]],
    ["status != done status!=queued", ["held", "scheduled", "running", "paused"]],
    ["status=running status=paused", []],
    ["status=paused", ["paused"]],
  ])("%s means %j", (text, statuses) => expect([...read(text).statuses]).toEqual(statuses));

  test("takes a text to its end, to what comes behind it, or as it is quoted", () => {
    const where = (text: string) => read(text).where;
    expect(where("command=ls -l /tmp")).toMatchObject([{ operator: "is", value: "ls -l /tmp" }]);
    expect(where("label!=a b order_by id")).toMatchObject([{ operator: "is-not", value: "a b" }]);
    expect(read("label=a b order_by id first 2")).toMatchObject({ first: 2 });
    expect(where("label=run first 3 times")).toMatchObject([{ value: "run first 3 times" }]);
    expect(where("command=x status=failed")).toMatchObject([{ value: "x" }]);
    expect(where("command='x status=failed' label=y")).toMatchObject([
      { value: "x status=failed" },
      { field: "label", value: "y" },
    ]);
    expect(where('command="ls -l" last 2')).toMatchObject([{ value: "ls -l" }]);
  });

  test("compares times with a day, a minute or a second", () => {
    const [day] = read("start>2026-03-05").where;
    expect(day).toEqual({
      ...{ field: "start", operator: "after" },
      ...{ from: ms(2026, 3, 5), to: ms(2026, 3, 6) },
    });
    expect(read("end<17:30").where).toEqual([
      {
        ...{ field: "end", operator: "before" },
        ...{ from: ms(2026, 4, 1, 17, 30), to: ms(2026, 4, 1, 17, 31) },
      },
    ]);
    expect(read("enqueue_at!=2026-03-05 17:30:02 first 1")).toMatchObject({
      where: [
        { operator: "not-within", from: ms(2026, 3, 5, 17, 30, 2), to: ms(2026, 3, 5, 17, 30, 3) },
      ],
      first: 1,
    });
    expect(read("start=2026-03-05 order_by id").where).toMatchObject([{ operator: "within" }]);
  });

  test.each([
    ["columns=id,colour", '"colour" is not a column; they are id, status,'],
    ["status=great", '"great" is not a status; the statuses are held,'],
    ["status=constructor", "is not a status"],
    ["order_by mood", '"mood" is nothing to order by'],
    ["order_by toString", "is nothing to order by"],
    ["first 0", "first 0 would show nothing"],
    ["first 3 status=failed", 'not understood from "status=failed" on'],
    ["gibberish", 'not understood from "gibberish" on'],
    ["start>soon", '"soon" is not a time'],
    ["start>2026-02-30", '"2026-02-30" is not a time'],
    ["start>25:00", '"25:00" is not a time'],
    ["first 3 last 3", 'not understood from "last" on'],
  ])("%s is refused", (text, sentence) => expect(() => read(text)).toThrow(sentence));
});

/** A desk that notes what it is asked. */
function noting(rows: readonly CommandRow[]) {
  const asked: CommandQuery[] = [];
  const list = async (query: CommandQuery): Promise<readonly CommandRow[]> => {
    asked.push(query);
    return rows;
  };
  return { asked, desk: { list } as Desk };
}

async function found(text: string, rows: readonly CommandRow[] = [], limit?: number) {
  const { asked, desk } = noting(rows);
  const query = read(text);
  const answer = await findCommands(desk, { query, asked: text !== "", group: undefined, limit });
  return { asked, ids: answer.rows.map(({ id }) => id), cut: answer.cut };
}

describe("a store", () => {
  test("is asked to filter, order and cut", async () => {
    expect((await found("")).asked).toEqual([{ last: 200 }]);
    expect((await found("", [], 20)).asked).toEqual([{ last: 20 }]);
    expect((await found("order_by end", [], 20)).asked[0]).toMatchObject({ first: 20 });
    expect((await found("status=running")).asked).toEqual([{ states: ["running"], paused: false }]);
    expect((await found("status=paused")).asked).toEqual([{ states: ["running"], paused: true }]);
    const failed = { states: ["failed"], first: 3 };
    expect((await found("status=failed first 3")).asked).toEqual([failed]);
  });

  test("that cannot say it is asked for more, and the rest is done here", async () => {
    const rows = [
      row({ id: 1, state: "running" }),
      row({ id: 2, state: "running", paused: true }),
      row({ id: 3, state: "ready" }),
      row({ id: 4, state: "ready" }),
    ];
    const { asked, ids } = await found("status!=running last 2", rows);
    expect(asked[0]).not.toHaveProperty("last");
    expect(ids).toEqual([3, 4]);
    expect((await found("status!=running first 2", rows)).ids).toEqual([2, 3]);
  });

  test("with more than is shown is asked for those that run as well", async () => {
    const rows = Array.from({ length: 200 }, (_, at) => row({ id: at + 100 }));
    const { desk } = noting(rows);
    const old = row({ id: 3, state: "running" });
    const list = async (query: CommandQuery) => (query.states ? [old] : await desk.list(query));
    const wanted = { query: read(""), asked: false, group: undefined, limit: undefined };
    const answer = await findCommands({ ...desk, list } as Desk, wanted);
    expect(answer.cut).toBe(true);
    expect(answer.rows.slice(0, 2).map(({ id }) => id)).toEqual([3, 100]);
  });
});

describe("a command in a table", () => {
  test.each([
    [{ state: "running", paused: true }, "paused"],
    [{ state: "running", adopted: true }, "running (adopted)"],
    [{ state: "held", locked: true }, "held (being edited)"],
    [{ state: "failed", ended_by: "self", exit_code: 3 }, "failed (exit 3)"],
    [{ state: "failed", ended_by: "self", signal: "SIGSEGV" }, "failed (SIGSEGV)"],
    [{ state: "failed", ended_by: "timeout", signal: "SIGTERM" }, "failed (time-out)"],
    [{ state: "failed", ended_by: "oom", signal: "SIGKILL" }, "failed (out of memory)"],
    [{ state: "failed", ended_by: "dependency" }, "failed (dependency)"],
    [{ state: "failed", ended_by: "lost", adopted: true }, "failed (end not seen, adopted)"],
    [{ state: "failed", ended_by: null }, "failed (not started)"],
    [{ state: "cancelled", ended_by: "person" }, "cancelled (killed)"],
    [{ state: "finished", ended_by: "self", exit_code: 0 }, "finished"],
  ])("%j is %s", (fields, text) => expect(statusText(row(fields))).toBe(text));

  test("has the columns for which some command has something", () => {
    const titles = (rows: readonly CommandRow[], asked: Parameters<typeof columnsFor>[1] = null) =>
      columnsFor(rows, asked, now).map(({ title }) => title);
    expect(titles([row({})])).toEqual(["ID", "STATUS", "COMMAND", "PATH"]);
    const busy = row({ priority: 1, after: [3], label: "x", state: "scheduled", slots: 2 });
    expect(titles([row({}), busy])).toEqual([
      ...["ID", "STATUS", "PRIO", "SLOTS", "ENQUEUE AT", "DEPS", "LABEL", "COMMAND", "PATH"],
    ]);
    expect(titles([row({})], ["end", "id"])).toEqual(["END", "ID"]);
  });

  test("fits a narrow terminal: what nobody asked for gives way, what was asked for stays", () => {
    const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 50 });
    const output = terminalOutput(stdout as unknown as NodeJS.WriteStream);
    const long = row({
      ...{ label: "請求書".repeat(9), command: "x".repeat(99), directory: `/${"d".repeat(99)}` },
      ...{ priority: 7, after: [1, 2], started_at: "2026-04-01T00:00:00.000Z" },
    });
    const lines = (columns: Parameters<typeof columnsFor>[1]) =>
      commandPage({ rows: [long], groups: [], columns, now }, output)
        .join("\n")
        .split("\n");
    const shown = lines(null).map(stripVTControlCharacters);
    expect(shown.every((line) => width(line) <= 50)).toBe(true);
    expect(shown.at(-2)).toMatch(/^ID +STATUS .*COMMAND/);
    expect(shown.at(-2)).not.toContain("PATH");
    expect(stripVTControlCharacters(lines(["id", "path"]).at(-2) ?? "")).toBe("ID  PATH");
  });
});
