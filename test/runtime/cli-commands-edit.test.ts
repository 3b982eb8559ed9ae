// The file that a person edits, and what becomes of it.

import { describe, expect, test } from "vitest";
import {
  readDocument,
  writeDocument,
} from "../../packages/runtime/src/cli/shell/editor/document.ts";
import { changedIn } from "../../packages/runtime/src/cli/shell/editor/edit-all.ts";
import type { Editable } from "../../packages/runtime/src/control/desk.ts";

const rows: readonly Editable[] = [
  { id: 3, command: "ls -l", directory: "/tmp", label: null, priority: 0 },
  { id: 4, command: "echo 'a: b'\n# no comment\n", directory: "/", label: "no: yes", priority: -2 },
];

describe("a document for an editor", () => {
  test("that is left as it is changes nothing, whatever the commands hold", () => {
    const hard = ["yes", "12", "- x", "a\tb", "{}", "'", '"', "|", "", "\u00e9\u2028", "a\n\n b\n"];
    const many = hard.map((label, at) => ({
      ...rows[0]!,
      id: at + 5,
      label,
      command: `x ${label}`,
    }));
    const all = [...rows, ...many.map((each) => ({ ...each, label: each.label || null }))];
    expect(changedIn(all, readDocument(writeDocument(all), all))).toEqual([]);
  });

  test("that is empty, or has only comments, changes nothing", () => {
    for (const text of ["", "\n", "# nothing\n"]) {
      expect(changedIn(rows, readDocument(text, rows))).toEqual([]);
    }
  });

  test("says what is different, of those that are left in it", () => {
    const text = '"4":\n  command: make\n  label: ""\n  priority: 5\n';
    const changes = changedIn(rows, readDocument(text, rows));
    expect(changes).toEqual([["4", { command: "make", label: null, priority: 5 }]]);
    expect(changedIn(rows, readDocument("3:\n  command: 12\n", rows))).toEqual([
      ["3", { command: "12" }],
    ]);
  });

  test.each([
    ["3:\n  command: ''\n", "3 has no command"],
    ["3:\n  command:\n", "3 has no command"],
    ["3:\n  directory: ' '\n", "3 has no directory"],
    ["3:\n  priority: soon\n", "the priority of 3 is no whole number"],
    ["3:\n  label: [1]\n", "the label of 3 is no text"],
    ["3:\n  colour: red\n", '3 has no field "colour"'],
    ["9:\n  command: ls\n", '"9" is none of the ids that are edited'],
    ["- 3\n", "write the fields below their id"],
    ["3: ls\n", "write the fields of 3 below it"],
    ["3: {\n", "nothing was changed: "],
  ])("%j is refused as a whole", (text, sentence) =>
    expect(() => readDocument(text, rows)).toThrow(sentence),
  );

  test("may name a new folder only when it exists", () => {
    const text = "3:\n  directory: /nowhere/at/all\n";
    expect(() => changedIn(rows, readDocument(text, rows))).toThrow("there is no folder");
  });
});
