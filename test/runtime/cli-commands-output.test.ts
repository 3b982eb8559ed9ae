// Output of commands as people see it: the end of a file, a terminal that nothing can harm, files
// that grow, shrink and go, and several commands at once.

import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LiveFile } from "../../packages/runtime/src/cli/shell/output/live-file.ts";
import { openPart } from "../../packages/runtime/src/cli/shell/output/pieces.ts";
import { Screen } from "../../packages/runtime/src/cli/shell/output/screen.ts";
import { tailOf } from "../../packages/runtime/src/cli/shell/output/tail.ts";
import { TerminalText } from "../../packages/runtime/src/cli/shell/output/terminal-text.ts";
import { terminalOutput } from "../../packages/runtime/src/cli/terminal/output.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "output-"));
  file = join(folder, "1.1.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function textOf(lines: number | null) {
  const part = await openPart(file, lines);
  if (part === null) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of part.chunks()) chunks.push(chunk);
  await part.close();
  const { bytes, truncated } = part;
  return { text: Buffer.concat(chunks).toString(), bytes, truncated };
}

describe("the end of a file", () => {
  test.each([
    ["a\nb\nc\n", 2, "b\nc\n"],
    ["a\nb\nc", 2, "b\nc"],
    ["a\nb\nc\n", 3, "a\nb\nc\n"],
    ["a\nb\nc\n", 9, "a\nb\nc\n"],
    ["a\n\n\n", 2, "\n\n"],
    ["\n", 1, "\n"],
    ["", 5, ""],
    ["a\nb\n", 0, ""],
  ])("%j has as its last %i lines %j", async (written, lines, text) => {
    writeFileSync(file, written);
    expect((await textOf(lines))?.text).toBe(text);
  });

  test("is found across blocks, whatever the length of the lines", async () => {
    const lines = Array.from({ length: 5_000 }, (_, at) => `${at} ${"x".repeat(at % 97)}`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    for (const count of [1, 10, 1_023, 1_024, 4_999, 5_000]) {
      expect((await textOf(count))?.text).toBe(`${lines.slice(-count).join("\n")}\n`);
    }
  });

  test("is looked for no further than anybody reads, where lines have no end", async () => {
    writeFileSync(file, Buffer.alloc(20_000_000, "x"));
    const handle = await open(file);
    const { from } = await tailOf(handle, 20_000_000, 10);
    await handle.close();
    expect(20_000_000 - from).toBe(4_194_304);
  });

  test("reaches into what was cut off when the file grew too large", async () => {
    writeFileSync(`${file}.1`, "1\n2\n3\n");
    writeFileSync(file, "4\n5\n");
    expect(await textOf(3)).toEqual({ text: "3\n4\n5\n", bytes: 10, truncated: true });
    expect(await textOf(2)).toMatchObject({ text: "4\n5\n", truncated: true });
    expect(await textOf(null)).toEqual({ text: "1\n2\n3\n4\n5\n", bytes: 10, truncated: true });
    rmSync(file);
    expect(await textOf(3)).toBeNull();
  });
});

describe("a terminal", () => {
  const shown = (...pieces: (string | Buffer)[]): string => {
    const text = new TerminalText();
    return pieces.map((piece) => text.push(Buffer.from(piece as string))).join("") + text.end();
  };

  test("gets colours, line breaks, tabs and progress bars, and its colour back", () => {
    expect(shown("a\tb\n10 %\r20 %\r\n")).toBe("a\tb\n10 %\r20 %\r\n");
    expect(shown("\u001b[1;31mred")).toBe("\u001b[1;31mred\u001b[0m");
  });

  test("gets nothing that moves, hides, asks or sets a title", () => {
    expect(shown("\u001b[2J\u001b]0;title\u0007\u001b[6n\u0000\u202e")).toBe(
      "\\x1b[2J\\x1b]0;title\\x07\\x1b[6n\\x00\\u202e",
    );
    expect(shown("\u009b31m")).toBe("\\x9b31m");
  });

  test("gets a character and a colour whole, wherever the bytes were parted", () => {
    const bytes = Buffer.from("ü€👍\u001b[32mgreen\u001b[0m請");
    for (let at = 1; at < bytes.length; at++) {
      expect(shown(bytes.subarray(0, at), bytes.subarray(at))).toBe(bytes.toString());
    }
  });

  test("survives bytes that are no text", () => {
    expect(shown(Buffer.from([0xff, 0xfe, 0x61, 0xc3]))).toBe("\ufffd\ufffda\ufffd");
    expect(shown("ends in \u001b")).toBe("ends in \\x1b");
  });
});

/** Reads a file as it grows; `has` resolves when all that was read is this. */
function following(lines: number | null = null) {
  let text = "";
  let told = Promise.withResolvers<void>();
  const live = new LiveFile({
    path: file,
    lines,
    take: async (bytes) => {
      text += bytes;
      told.resolve();
      told = Promise.withResolvers();
    },
    missed: (bytes) => told.reject(new Error(`${bytes} bytes were missed`)),
    fail: (error) => told.reject(error),
  });
  const has = async (wanted: string): Promise<void> => {
    while (text !== wanted) {
      const more = told.promise;
      if (text.length > wanted.length) expect(text).toBe(wanted);
      await more;
    }
  };
  return { live, has };
}

describe("a file that is followed", () => {
  test("is read on as it grows, from its last lines", async () => {
    writeFileSync(file, "a\nb\nc\n");
    const { live, has } = following(2);
    await live.poke();
    await has("b\nc\n");
    appendFileSync(file, "half a ");
    await has("b\nc\nhalf a ");
    appendFileSync(file, "line\n");
    await has("b\nc\nhalf a line\n");
    await live.close();
  });

  test("is waited for when it is not there yet", async () => {
    const { live, has } = following();
    await live.poke();
    writeFileSync(file, "at last\n");
    await has("at last\n");
    await live.close();
  });

  test("is read from its start again when it was cut", async () => {
    writeFileSync(file, "a long first run\n");
    const { live, has } = following();
    await live.poke();
    truncateSync(file, 0);
    await live.poke();
    appendFileSync(file, "again\n");
    await has("a long first run\nagain\n");
    await live.close();
  });

  test("is read to its end when it is replaced, and then the new one is", async () => {
    writeFileSync(file, "old\n");
    const { live, has } = following();
    await live.poke();
    writeFileSync(`${file}.new`, "new\n");
    appendFileSync(file, "its last words\n");
    await rename(`${file}.new`, file);
    await has("old\nits last words\nnew\n");
    await live.close();
  });

  test("may be deleted: nothing fails, and whoever has it open is read on", async () => {
    writeFileSync(file, "a\n");
    const writer = await open(file, "a");
    const { live, has } = following();
    await live.poke();
    rmSync(file);
    await writer.write("still here\n");
    await live.poke();
    await has("a\nstill here\n");
    await live.close();
    await writer.close();
  });
});

describe("several commands at once", () => {
  async function screen(ids: readonly number[], ...said: readonly [number, string][]) {
    const stdout = new PassThrough().setEncoding("utf8");
    const output = terminalOutput(stdout as unknown as NodeJS.WriteStream);
    const shown = new Screen(output, ids);
    for (const [id, text] of said) await shown.show(id, Buffer.from(text));
    for (const id of ids) await shown.end(id);
    return String(stdout.read() ?? "");
  }

  test("have their ids before each line", async () => {
    expect(await screen([3, 12], [3, "a\nb\n"], [12, "c\n"])).toBe(" 3 │ a\n 3 │ b\n12 │ c\n");
  });

  test("are shown at once, also half lines, and never on one line", async () => {
    const text = await screen(
      [1, 2],
      [1, "half"],
      [1, " more"],
      [2, "x\n"],
      [1, "\nnext\n"],
      [2, "y"],
    );
    expect(text).toBe("1 │ half more\n2 │ x\n1 │ next\n2 │ y\n");
  });

  test("one alone is passed on byte by byte", async () => {
    expect(await screen([1], [1, "a\u001b[2J"], [1, "b"])).toBe("a\u001b[2Jb");
  });
});
