import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { type Column, table } from "../../packages/runtime/src/cli/terminal/table.ts";
import {
  jsonText,
  truncate,
  visible,
  width,
} from "../../packages/runtime/src/cli/terminal/text.ts";
import { isoTime, megabytes, period } from "../../packages/runtime/src/cli/terminal/times.ts";
import { runtimeBin } from "../support/cli-project.ts";

/** A stream that looks like a pipe, or like a terminal of so many columns. */
function stream(columns?: number): NodeJS.WriteStream {
  const like = columns === undefined ? {} : { isTTY: true, columns };
  return Object.assign(new PassThrough(), like) as unknown as NodeJS.WriteStream;
}

interface Row {
  readonly name: string;
  readonly count: number;
}

/** The lines of a table on a terminal, without its colours. */
function onTerminal(rows: readonly Row[], wide: number): readonly string[] {
  return stripVTControlCharacters(table(rows, columns, stream(wide))).split("\n");
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", value: ({ name }) => name, shrinkTo: 4 },
  { title: "COUNT", value: ({ count }) => count },
];

describe("a table", () => {
  test("aligns text to the left and numbers to the right", () => {
    const rows = [
      { name: "mail", count: 3 },
      { name: "reports", count: 1200 },
    ];
    expect(table(rows, columns, stream())).toBe(
      ["NAME     COUNT", "mail         3", "reports   1200"].join("\n"),
    );
  });

  test("never cuts what goes into a pipe", () => {
    const name = "n".repeat(300);
    expect(table([{ name, count: 1 }], columns, stream())).toContain(name);
  });

  test("fits a terminal by shortening the column that may shrink", () => {
    const lines = onTerminal([{ name: "n".repeat(300), count: 1 }], 20);
    expect(lines.map(width)).toEqual([20, 20]);
    expect(lines[1]).toContain("…");
  });

  test("stops shrinking where nothing could be read any more", () => {
    const lines = onTerminal([{ name: "abcdefgh", count: 1 }], 5);
    expect(lines[1]).toBe("abc…      1");
  });

  test("aligns wide characters, combined ones and emoji", () => {
    const rows = [
      { name: "請求書", count: 1 },
      { name: "e\u0301te\u0301", count: 2 },
      { name: "👩‍👩‍👧 ok", count: 3 },
      { name: "sixsix", count: 4 },
    ];
    const lines = table(rows, columns, stream()).split("\n");
    expect(new Set(lines.map(width))).toEqual(new Set([13]));
  });

  test("shows no raw control character of its data", () => {
    const rows = [{ name: "\u001b[2Jgone\r\n\u202edrow\ud800", count: 1 }];
    const text = table(rows, columns, stream());
    expect(text).toContain("\\x1b[2Jgone\\x0d\\n\\u202edrow\ufffd");
    expect(text.split("\n")).toHaveLength(2);
  });
});

describe("text", () => {
  test("is cut between characters, never inside one", () => {
    expect(truncate("請求書", 4)).toBe("請…");
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate("abcd", 3)).toBe("ab…");
    expect(truncate("abcd", 0)).toBe("");
  });

  test("keeps what is harmless", () => {
    expect(visible("Grüße, 請求書 👍")).toBe("Grüße, 請求書 👍");
    expect(visible("a\tb")).toBe("a\\tb");
  });

  test("as JSON has no character that a terminal obeys, and parses to the same", () => {
    const value = { "k\u009b": "\u001b[31m\u202e\u2028\u0085" };
    const text = jsonText(value);
    expect(text).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });
});

test("times are ISO 8601 in UTC with milliseconds, and null stays null", () => {
  expect(isoTime(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(isoTime(null)).toBeNull();
});

test("periods and sizes are told in the unit a person would use", () => {
  const periods = [-5, 999, 1_000, 59_999, 60_000, 7_200_000, 172_800_000].map(period);
  expect(periods).toEqual(["0 s", "0 s", "1 s", "59 s", "1 min", "2 h", "2 d"]);
  expect(megabytes(81_400_000)).toBe("81 MB");
});

test.runIf(existsSync("/dev/full"))("output that cannot be written ends with a reason", () => {
  const argv = ["-c", '"$0" "$1" --version > /dev/full', process.execPath, runtimeBin];
  const { status, stderr } = spawnSync("sh", argv, { encoding: "utf8" });
  expect(stderr).toMatch(/^runtime: the output cannot be written: ENOSPC: [^\n]+\n$/);
  expect(status).toBe(1);
});
