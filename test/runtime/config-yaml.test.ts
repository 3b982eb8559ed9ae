// Files that are missing, unreadable, hostile or not YAML.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { complaints, complaintsAbout, load, temporaryFolder } from "./support/config-file.ts";

test("a missing file is one sentence with its path and what to do", async () => {
  const folder = temporaryFolder();
  const advice = "does not exist; create one with `runtime init`, or name another with -c FILE";
  expect(await complaintsAbout(join(folder, "queue.yml"))).toEqual([`queue.yml ${advice}`]);
  expect(await complaintsAbout("config/none.yml")).toEqual([`none.yml ${advice}`]);
});

test("a folder in place of a file is called one", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "queue.yml"));
  expect(await complaintsAbout(join(folder, "queue.yml"))).toEqual([
    "queue.yml is a folder; name the configuration file in it with -c FILE",
  ]);
});

test.each<[title: string, content: string | Uint8Array, line: string]>([
  [
    "more than 1 MB",
    "#".repeat(1024 * 1024 + 1),
    "queue.yml is larger than 1 MB; that is not a configuration",
  ],
  [
    "not UTF-8",
    Uint8Array.of(0x61, 0x3a, 0x20, 0xff),
    "queue.yml is not UTF-8 text; save it as UTF-8",
  ],
  ["UTF-16", Buffer.from("\uFEFFa: 1", "utf16le"), "queue.yml is not UTF-8 text; save it as UTF-8"],
  [
    "a control character",
    "log: {}\n# \x1b[2J",
    "queue.yml:2: column 3 is the control character U+001b; delete it",
  ],
  ["a NUL", "a\0", "queue.yml:1: column 2 is the control character U+0000; delete it"],
  [
    "a tab as indentation",
    "log:\n\tlevel: info",
    "queue.yml:2: the indentation has a tab; write spaces",
  ],
  [
    "a key twice",
    "log: {}\nworkers: []\nlog: {}",
    "queue.yml:3: log: this key was already written in line 1; keep one",
  ],
  [
    "a tag that makes a function",
    "hooks: !!js/function x",
    "queue.yml:1: tags such as !name are not allowed; write a plain value",
  ],
  [
    "a tag of its own",
    "hooks: !env X",
    "queue.yml:1: tags such as !name are not allowed; write a plain value",
  ],
  [
    "another YAML version",
    "%YAML 1.1\n---\nlog: {}",
    "queue.yml:1: a %YAML line changes what values mean; delete it",
  ],
  [
    "two documents",
    "log: {}\n---\nlog: {}",
    "queue.yml:2: a second document begins here; write one, without ---",
  ],
  ["text", "hello", "queue.yml:1: this is no configuration; write keys such as `jobs: ./jobs`"],
  ["a list", "- a", "queue.yml:1: this is no configuration; write keys such as `jobs: ./jobs`"],
  [
    "a star without quotes",
    "workers:\n  - queues: *",
    'queue.yml:2: a value that begins with * needs quotes, as in "*"',
  ],
  [
    "an alias of nothing",
    "workers: [*all]",
    'queue.yml:1: workers[0]: *all is an alias of nothing; write &all before the value it stands for, or quote "*all"',
  ],
  [
    "an alias of itself",
    "workers: &w [*w]",
    `queue.yml:1: workers${"[0]".repeat(25)}: with its aliases, the file has more than 10000 values or 50 levels; make it smaller`,
  ],
  [
    "a merge of text",
    "log: { <<: info }",
    "queue.yml:1: log: only groups of keys can be merged with <<",
  ],
  [
    "a key that is a list",
    "? [a]\n: 1",
    "queue.yml:1: a key here is not a plain word; write `key: value`",
  ],
  [
    "a variable without quotes in braces",
    "log: { level: ${L:-info} }",
    "queue.yml:1: this is not YAML (Unexpected flow-map-start at node end); mend it, or quote values that hold ${…} or other signs",
  ],
  [
    "a wrong indentation",
    "log:\n  level: info\n workers: []",
    "queue.yml:3: this is not YAML (All mapping items must start at the same column); mend it, or quote values that hold ${…} or other signs",
  ],
  [
    "an end that is missing",
    "workers: [",
    "queue.yml:1: this is not YAML (Flow sequence in block collection must be sufficiently indented and end with a ]); mend it, or quote values that hold ${…} or other signs",
  ],
  [
    "a colon in a value",
    "store: sqlite:./a: b",
    "queue.yml:1: this does not fit the lines above; mend the indentation, or quote a value that holds `: `",
  ],
])("a file with %s is refused", async (_title, content, line) => {
  expect((await complaints(content))[0]).toBe(line);
});

test("an alias bomb is refused before it goes off", async () => {
  const levels = Array.from({ length: 20 }, (_, i) =>
    i === 0
      ? "a0: &a0 [x]"
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
  );
  const [line, ...rest] = await complaints(levels.join("\n"));
  expect(rest).toEqual([]);
  expect(line).toContain("the file has more than 10000 values or 50 levels; make it smaller");
});

test.each([
  ["brackets nested without end", "[".repeat(100_000)],
  ["lists nested without end", "- ".repeat(100_000)],
])("%s are refused in time", async (_title, content) => {
  const lines = await complaints(content);
  expect(lines[0]).toMatch(/^queue\.yml:1: (?:the nesting is too deep|this is not YAML)/);
});

test("keys by the hundred thousand are refused in time", async () => {
  const keys = Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join("\n");
  expect(await complaints(keys)).toEqual([
    "queue.yml:10000: k9999: with its aliases, the file has more than 10000 values or 50 levels; " +
      "make it smaller",
  ]);
});

test("a key that is there twice hides no other mistake", async () => {
  const content = "log: {}\nlog: { level: loud }\nworkers: [{ threads: many }]\nhooks: *none";
  expect(await complaints(content)).toEqual([
    "queue.yml:2: log: this key was already written in line 1; keep one",
    expect.stringMatching(/^queue\.yml:3: workers\[0\]\.threads: "many" is text/),
    expect.stringMatching(/^queue\.yml:4: hooks: \*none is an alias of nothing/),
  ]);
});

test("no, on and octal numbers are what they look like", async () => {
  const { workers } = await load("workers: [{ name: no, queues: [on, yes, 'off'], threads: 010 }]");
  expect(workers[0]).toMatchObject({ name: "no", queues: ["on", "yes", "off"], threads: 10 });
});

test("Windows line ends are fine", async () => {
  expect(await load("log:\r\n  level: warn\r\n")).toMatchObject({ log: { level: "warn" } });
});
